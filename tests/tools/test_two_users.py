"""An agent with a shell of another user: it has the tools, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from labhand.server.lab.dispatcher_process import dispatcher_lives

from .conftest import PARABOLA

OWNER, AGENT = 61001, 61002
"""Users that own nothing else; they need no account."""
TOKEN = "t0ken-of-the-lab"
PATIENCE_SECONDS = 120.0
AGENTS_PROGRAM = """
import json, os, signal, sys
import anyio, httpx2
from pathlib import Path
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

url, token, server, folder, *places = sys.argv[1:]

def attempt(what, *arguments):
    try:
        what(*arguments)
    except OSError as error:
        return type(error).__name__
    return "done"

def read(path):
    list(Path(path).iterdir()) if Path(path).is_dir() else Path(path).read_bytes()

def change(path):
    open(path, "r+b").close()

async def call(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content

async def research():
    async with httpx2.AsyncClient() as http:
        bare = (await http.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})).status_code
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            launched = await call(client, "launch_experiment", hypothesis="It may help", overrides={"X": 2.0})
            for _ in range(6):
                waited = await call(client, "wait", ids=launched["experiments"], timeout_seconds=10)
                if "pending" not in waited:
                    break
            theirs = {"hypothesis": "Read for me", "base": "workdir", "folder": folder}
            refused = (await client.call_tool("launch_experiment", theirs)).content[0].text
            rows = (await call(client, "get_results", ids=launched["experiments"]))["rows"]
    return {"bare": bare, "rows": rows, "refused": refused}

told = anyio.run(research)
told["user"] = os.getuid()
told["read"] = {place: attempt(read, place) for place in places}
told["change"] = {place: attempt(change, place) for place in places}
told["stop"] = attempt(os.kill, int(server), signal.SIGTERM)
print(json.dumps(told))
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as two users")


@dataclass(frozen=True)
class Place:
    """A folder in which two users have a home of mode 0700 each.

    Attributes:
        python: An interpreter that both can run, with all that is installed here.
    """

    path: Path
    python: Path

    @property
    def owner(self) -> Path:
        return self.path / "owner"

    @property
    def agent(self) -> Path:
        return self.path / "agent"

    def start(self, user: int, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Run Python as one of the users."""
        home = self.owner if user == OWNER else self.agent
        libraries = self.path / "python" / "lib"
        return subprocess.Popen(
            [str(self.python), *arguments],
            user=user,
            group=user,
            extra_groups=[],
            cwd=home,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "LABHAND_SLOTS": str(home / "slots"),
                "LD_LIBRARY_PATH": str(libraries),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@dataclass(frozen=True)
class Served:
    """A lab that its owner serves over HTTP."""

    place: Place
    url: str
    server: int

    @property
    def lab(self) -> Path:
        return self.place.owner / "lab"

    def secrets(self) -> list[Path]:
        """What only the owner may read or change."""
        return [
            self.lab / "labhand.toml",
            self.lab / ".labhand" / "lab.db",
            self.lab / ".labhand" / "source.git" / "HEAD",
            self.lab / ".labhand" / "runs",
            self.place.owner / "cache" / "corpora" / "test.bin",
            Path(f"/proc/{self.server}/environ"),
        ]


def outcome(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """How a program ended, and what it said."""
    with process:
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, output, errors


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A folder outside of anyone's home."""
    path = Path(tempfile.mkdtemp(prefix="labhand-users-"))
    path.chmod(0o755)
    try:
        found = Place(path, copy_python(path))
        for home, user in ((found.owner, OWNER), (found.agent, AGENT)):
            home.mkdir(mode=0o700)
            os.chown(home, user, user)
        status, _, errors = outcome(found.start(AGENT, "-c", "import labhand.server.main, mcp"))
        if status:
            pytest.skip(f"another user can't read what is installed here: {errors[-300:]}")
        yield found
    finally:
        shutil.rmtree(path)


def copy_python(folder: Path) -> Path:
    """A copy of this interpreter, which may lie in a home that others can't enter; gives the executable."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base, copied, environment = Path(sys.base_prefix), folder / "python", folder / "venv"
    shutil.copytree(base / "lib" / version, copied / "lib" / version, ignore=shutil.ignore_patterns("test", "site-packages"))
    for library in (base / "lib").glob("libpython*"):
        shutil.copy2(library, copied / "lib")
    for directory in (copied / "bin", environment / "bin"):
        directory.mkdir(parents=True)
    shutil.copy2(base / "bin" / version, copied / "bin")
    (environment / "bin" / "python").symlink_to(copied / "bin" / version)
    (environment / "lib").symlink_to(Path(sys.prefix) / "lib")
    (environment / "pyvenv.cfg").write_text(f"home = {copied / 'bin'}\ninclude-system-site-packages = false\n")
    return environment / "bin" / "python"


@pytest.fixture
def served(place: Place) -> Iterator[Served]:
    """A new lab of the owner, served with a token."""
    shutil.rmtree(place.owner / "lab", ignore_errors=True)
    shutil.copytree(PARABOLA, place.owner / "lab" / "parabola")
    (place.owner / "lab" / "labhand.toml").write_text('trainer = "./parabola"\n')
    (place.owner / "cache" / "corpora").mkdir(parents=True, exist_ok=True)
    (place.owner / "cache" / "corpora" / "test.bin").write_bytes(b"sealed")
    for path in place.owner.rglob("*"):
        os.chown(path, OWNER, OWNER)
    with closing(socket.socket()) as finder:
        finder.bind(("127.0.0.1", 0))
        port = finder.getsockname()[1]
    serve = ["-m", "labhand.server.main", "serve", "--root", str(place.owner / "lab"), "--http"]
    environment = {"LABHAND_HTTP__TOKEN": TOKEN, "LABHAND_CACHE": str(place.owner / "cache")}
    process = place.start(OWNER, *serve, "--address", f"127.0.0.1:{port}", **environment)
    try:
        _wait_for_port(port, process)
        yield Served(place, f"http://127.0.0.1:{port}/mcp", process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        outcome(process)
        _wait_for_dispatcher(place.owner / "lab" / ".labhand")


@needs_root
@pytest.mark.slow
def test_an_agent_of_another_user_has_the_tools_and_nothing_else(served: Served) -> None:
    evaluator = Path(__file__).parents[2] / "trainer" / "evaluator" / "evaluate.py"
    places = [*served.secrets(), evaluator]
    trap = served.place.path / "trap"
    shutil.copytree(PARABOLA, trap)
    (trap / "train.py").unlink()
    (trap / "train.py").symlink_to(served.secrets()[0])
    os.chown(trap, AGENT, AGENT)
    arguments = [served.url, TOKEN, str(served.server), str(trap), *map(str, places)]
    status, output, errors = outcome(served.place.start(AGENT, "-c", AGENTS_PROGRAM, *arguments))
    assert status == 0, errors
    told: Mapping[str, Any] = json.loads(output)
    assert told["user"] == AGENT
    assert told["bare"] == 401
    assert "belongs to another user" in told["refused"]
    [row] = told["rows"]
    assert row["score"] > 0
    for secret in served.secrets():
        assert secret.exists()
        assert (str(secret), told["read"][str(secret)]) == (str(secret), "PermissionError")
    assert set(told["change"].values()) == {"PermissionError"}
    assert told["stop"] == "PermissionError"
    written = list((served.lab / ".labhand").rglob("*"))
    assert "result.json" in {path.name for path in written}
    assert {path.lstat().st_uid for path in written} == {OWNER}


def _wait_for_port(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, outcome(process)
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server never listened")


def _wait_for_dispatcher(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while dispatcher_lives(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
