"""What experiments may change where the command isn't Python: sources that it compiles, scripts that it calls, and settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from .folder_survey import HIDDEN_SETTINGS, FolderSurvey, imported_files

_SOURCES: Final = (
    *(".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".cu", ".cuh", ".rs", ".go", ".java", ".kt", ".scala", ".swift"),
    *(".jl", ".r", ".R", ".lua", ".f90", ".f95", ".hs", ".ml", ".zig", ".nim", ".js", ".ts"),
)
_SETTINGS: Final = (".yaml", ".yml", ".toml", ".json", ".ini", ".cfg", ".env")
_TOOLS: Final = frozenset(
    {
        *("pyproject.toml", "Cargo.toml", "package.json", "package-lock.json", "tsconfig.json", "compile_commands.json"),
        *("environment.yml", "environment.yaml", "docker-compose.yml", "docker-compose.yaml", "setup.cfg", "Project.toml"),
    }
)
"""Files of settings that say how the folder is built, and nothing of training."""
_SETTINGS_FOLDERS: Final = frozenset({"", "conf", "config", "configs", "settings"})
_SECRET: Final = re.compile(r"^[ \t]*(?:export[ \t]+)?\w*(?:key|token|secret|password|passwd|credentials?)[ \t]*=", re.I | re.M)
_PYTHON_FILE: Final = re.compile(r"[\w./-]+\.py\b")


def is_code_or_settings(path: str) -> bool:
    """Whether a file that a command names may be changed by experiments: not data, on which the metric may be computed."""
    return path.endswith((".py", ".sh", *_SOURCES, *_SETTINGS))


def files_of_command(found: FolderSurvey, script: str) -> list[str]:
    """Return the files that a command which isn't Python may depend on, the likeliest first.

    Args:
        found: The folder.
        script: The script that the command runs; empty for none, as with `make run`.
    """
    called = [path for path in _called(found, found.texts.get(script or "Makefile", "")) if found.has(path)]
    imported = [path for name in called for path in imported_files(found, name)]
    sources = sorted((path for path in found.paths if path.endswith(_SOURCES)), key=lambda path: (path.count("/"), path))
    own = [script] if script else []
    return list(dict.fromkeys([*own, *called, *imported, *sources, *_settings(found)]))


def _called(found: FolderSurvey, text: str) -> Iterator[str]:
    """Yield the Python files of the folder that a shell script or a Makefile names."""
    for match in _PYTHON_FILE.finditer(text):
        path = match[0].removeprefix("./")
        if found.has(path):
            yield path


def _settings(found: FolderSurvey) -> Iterator[str]:
    hidden = found.texts.get(HIDDEN_SETTINGS)
    if hidden is not None and not _SECRET.search(hidden):
        yield HIDDEN_SETTINGS
    for path in found.paths:
        place = PurePosixPath(path)
        is_beside = place.parent.name in _SETTINGS_FOLDERS
        if path.endswith(_SETTINGS) and is_beside and place.name not in _TOOLS:
            yield path
