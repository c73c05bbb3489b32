"""How a test runs a real MCP client: in a lab, with a home of its own and nothing of this process's environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / ".cache" / "clients"


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
