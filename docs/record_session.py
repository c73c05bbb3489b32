"""Record docs/pictures/first-gain.cast: python docs/record_session.py. A real shell runs a real labhand.

The recording has the format of asciinema, version 2; `asciinema play` shows it. Waiting is cut to `MAX_PAUSE_SECONDS`.
With termtosvg installed, it also becomes docs/pictures/first-gain.svg, a picture that moves.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

DOCS = Path(__file__).parent
CAST = DOCS / "pictures" / "first-gain.cast"
TEMPLATE = "gjm8"
COLUMNS, ROWS = 100, 28
MAX_PAUSE_SECONDS = 1.2
KEY_SECONDS = 0.03
READ_SECONDS = 2.5
"""For which an answer stays before the next command."""
PATIENCE_SECONDS = 240.0
PROMPT = r"\[\e[32m\]~/lab $\[\e[0m\] "
_PROMPT_SHOWN = b"~/lab $\x1b[0m "
COMMANDS = (
    "grep -E '^[A-Z0-9_]+ = ' ../project/train.py",
    "labhand call launch_experiment base=baseline 'hypothesis=The script as it is' > launched.json",
    "labhand wait",
    """labhand call launch_grid 'factors={"LEARNING_RATE": [0.05, 0.5], "L2": [0, 1e-4]}' hypothesis='Small steps' >g""",
    "labhand wait > /dev/null; labhand results",
    "labhand call validate ids=e0006 > test.json",
    "labhand wait v001",
    "labhand export branch | head -5",
)
"""What is typed, in a lab of the script of docs/tutorial.md."""


class Recording:
    """A shell in a terminal, and what it shows, with times of which the pauses are cut."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.events: list[tuple[float, str]] = []
        self._clock = 0.0
        self._last = time.monotonic()
        self._seen = b""
        self._process, self._terminal = pty.fork()
        if self._process == 0:
            os.chdir(folder)
            ioctl(0, TIOCSWINSZ, pack("HHHH", ROWS, COLUMNS, 0, 0))
            environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(home), "PS1": PROMPT}
            environment |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "LABHAND_SLOTS": str(home / "slots")}
            os.execvpe("bash", ["bash", "--norc", "--noprofile"], environment)  # noqa: S606 - it is the shell

    def until_prompt(self) -> None:
        """Record until the shell asks for a command.

        Raises:
            TimeoutError: It doesn't.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while _PROMPT_SHOWN not in self._seen:
            if time.monotonic() > deadline:
                raise TimeoutError(self._seen.decode(errors="replace"))
            if select.select([self._terminal], [], [], 0.5)[0]:
                self._record(os.read(self._terminal, 65536))
        self._seen = b""

    def type(self, command: str) -> None:
        """Type a command as a person does, and record its output."""
        for key in command:
            os.write(self._terminal, key.encode())
            self._record(os.read(self._terminal, 65536), KEY_SECONDS)
        os.write(self._terminal, b"\r")
        self._seen = b""
        self.until_prompt()
        self._clock += READ_SECONDS
        self._last = time.monotonic()

    def end(self) -> None:
        """End the shell."""
        os.write(self._terminal, b"\x04")
        os.waitpid(self._process, 0)
        os.close(self._terminal)

    def _record(self, data: bytes, pause: float | None = None) -> None:
        now = time.monotonic()
        self._clock += min(now - self._last, MAX_PAUSE_SECONDS) if pause is None else pause
        self._last = now
        self._seen += data
        self.events.append((round(self._clock, 3), data.decode("utf-8", "replace")))


def prepare(home: Path) -> Path:
    """Make the lab of the tutorial; gives its folder."""
    page = (DOCS / "tutorial.md").read_text("utf-8")
    project = home / "project"
    project.mkdir()
    (project / "train.py").write_text(page.partition("```py\n")[2].partition("```")[0], "utf-8")
    labhand = (sys.executable, "-m", "labhand.server.main")
    subprocess.run([*labhand, "init", "lab", "--trainer", "project", "--yes"], cwd=home, check=True, capture_output=True)
    settings = project / "trainer.toml"
    settings.write_text(settings.read_text("utf-8").replace("seconds = 10", "seconds = 1"), "utf-8")
    identity = ("-c", "user.name=You", "-c", "user.email=you@example.org")
    (home / ".gitconfig").write_text("[user]\n\tname = You\n\temail = you@example.org\n", "utf-8")
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "As it was"]):
        subprocess.run(["git", *identity, *words], cwd=project, check=True)
    return home / "lab"


def main() -> None:
    """Record the session, and draw it if termtosvg is there."""
    with tempfile.TemporaryDirectory(prefix="labhand-record-", ignore_cleanup_errors=True) as place:
        home = Path(place)
        recording = Recording(prepare(home), home)
        recording.until_prompt()
        for command in COMMANDS:
            recording.type(command)
        recording.end()
    header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "From a script to a confirmed gain"}
    lines = [json.dumps(header), *(json.dumps([at, "o", text]) for at, text in recording.events)]
    CAST.write_text("\n".join(lines) + "\n", "utf-8")
    draw(CAST)


def draw(cast: Path) -> None:
    """Draw a recording as an SVG that moves, if termtosvg is installed."""
    program = shutil.which("termtosvg")
    if program is None:
        return
    picture = cast.with_suffix(".svg")
    subprocess.run([program, "render", str(cast), str(picture), "--template", TEMPLATE], check=True)
    picture.write_text(re.sub(r"[ \t]+\n", "\n", picture.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
