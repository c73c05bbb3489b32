"""How a test runs a real MCP client: in a lab, with a home of its own and nothing of this process's environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".cache" / "clients"
SETTINGS = """\
trainer = "parabola"
[pools.local]
backend = "local"
slots = 2
"""


@dataclass(frozen=True)
class Finished:
    """What a client printed and how it ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Clients:
    """The clients as `make clients` installed them.

    Attributes:
        lab: The folder that they work in.
        home: Theirs alone.
    """

    lab: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a client sees: the way to the programs, and no way out of this machine."""
        programs = [INSTALLED / "node_modules" / ".bin", Path(sys.prefix) / "bin"]
        return {
            "PATH": os.pathsep.join([*map(str, programs), os.environ["PATH"]]),
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "LABHAND_SLOTS": str(self.home / "slots"),
            "MCP_TIMEOUT": "60000",
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
        }

    def run(self, *command: str, environment: Mapping[str, str] | None = None, seconds: float = 120) -> Finished:
        """Run a client to its end."""
        done = subprocess.run(
            command,
            cwd=self.lab,
            env=self.environment | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=seconds,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)


def open_lab(place: Path) -> Clients:
    """A lab whose trainer takes no time, and a home for the clients that work in it."""
    lab, home = place / "lab", place / "home"
    home.mkdir()
    shutil.copytree(ROOT / "tests" / "trainers" / "parabola", lab / "parabola")
    (lab / "labhand.toml").write_text(SETTINGS, "utf-8")
    return Clients(lab, home)
