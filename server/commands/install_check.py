"""Whether labhand's own files, the evaluator among them, are as they were installed."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from importlib.metadata import Distribution, PackagePath, distribution
from pathlib import Path

NAME = "labhand"
COMPILED = ".pyc"


def changed_files(installed: Distribution | None = None) -> list[str] | None:
    """The installed files that differ from what the installer wrote down, or are gone.

    Args:
        installed: The distribution; labhand's own by default.

    Returns:
        None where nothing was written down, as for an editable installation.
    """
    listed = (installed or distribution(NAME)).files or []
    kept = [file for file in listed if file.hash is not None and file.parts[0] == NAME and file.suffix != COMPILED]
    return sorted(str(file) for file in kept if not _is_as_installed(file)) if kept else None


def _is_as_installed(file: PackagePath) -> bool:
    try:
        digest = sha256(Path(file.locate()).read_bytes()).digest()
    except OSError:
        return False
    return file.hash is not None and urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value
