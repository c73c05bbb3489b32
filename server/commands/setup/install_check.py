"""Checks that labhand's own files, including the evaluator, are as they were installed."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from importlib.metadata import Distribution, PackagePath, distribution
from pathlib import Path

NAME = "labhand"
COMPILED = ".pyc"


def changed_files(installed: Distribution | None = None) -> list[str] | None:
    """Return the installed files that are gone, or differ from the hashes that the installer recorded.

    Args:
        installed: The distribution; labhand's own by default.

    Returns:
        None if no hashes were recorded, as for an editable installation.
    """
    listed = (installed or distribution(NAME)).files or []
    hashed = [file for file in listed if file.hash is not None and file.parts[0] == NAME and file.suffix != COMPILED]
    return sorted(str(file) for file in hashed if not _is_as_installed(file)) if hashed else None


def _is_as_installed(file: PackagePath) -> bool:
    try:
        digest = sha256(Path(file.locate()).read_bytes()).digest()
    except OSError:
        return False
    return file.hash is not None and urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value
