"""`[evaluator]`: a script of the person's own that scores what training left."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from .toml_table import TomlTable

EVALUATOR_KEYS: Final[Mapping[str, Any]] = {
    "command": None,
    "artifacts": None,
    "read": None,
    "sealed_read": None,
    "tolerance": None,
}
DEFAULT_TOLERANCE: Final = 1e-3
"""Of the larger of two scores of the same artifacts. The noise between seeds is usually several times as large."""
PATH_BEGINNINGS: Final = ("/", "~", "{cache}")
"""Of a path outside of the trainer folder. `{cache}` is the folder in which a machine keeps what was prepared on it."""


@dataclass(frozen=True, slots=True)
class EvaluatorScript:
    """A script of the person's own that scores what training left.

    Attributes:
        command: What runs; a bare `python` is the interpreter that the runner runs in.
        artifacts: Paths or globs of the files that training has to leave in the folder in which it runs.
        read: Paths of the data that it scores with, which training can't read.
        sealed_read: Paths of the data that take the place of `read` on the sealed split; empty where there is none.
        tolerance: By which share of the score a second evaluation of the same artifacts may differ.
    """

    command: tuple[str, ...]
    artifacts: tuple[str, ...]
    read: tuple[str, ...] = ()
    sealed_read: tuple[str, ...] = ()
    tolerance: float = DEFAULT_TOLERANCE

    def script(self, files: Container[str]) -> str | None:
        """The file of the trainer folder that the command runs; None if it names none of these files."""
        return next((name for name in _named_files(self.command) if name in files), None)


def read_evaluator(table: TomlTable, is_editable: Callable[[str], bool]) -> EvaluatorScript:
    """Read the table `[evaluator]`.

    Args:
        table: Of the file.
        is_editable: Whether experiments may differ in a file of the trainer folder.
    """
    command = table.words("command")
    for name in _named_files(command):
        if is_editable(name):
            table.problem(
                "command",
                f"runs {name}, which editable lets experiments change: score with a script that editable doesn't match",
            )
            break
    return EvaluatorScript(
        command=command,
        artifacts=_artifacts(table),
        read=_outside(table, "read"),
        sealed_read=_outside(table, "sealed_read"),
        tolerance=table.positive("tolerance", DEFAULT_TOLERANCE),
    )


def _artifacts(table: TomlTable) -> tuple[str, ...]:
    globs = table.words("artifacts")
    for glob in globs:
        path = PurePosixPath(glob)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            table.problem("artifacts", f"is {glob!r} and has to be a path inside the folder in which the command runs")
    return globs


def _outside(table: TomlTable, key: str) -> tuple[str, ...]:
    paths = table.words(key, needed=False)
    for path in paths:
        if not path.startswith(PATH_BEGINNINGS):
            table.problem(
                key,
                f"is {path!r} and has to begin with /, ~ or {{cache}}, because training can read every file inside the trainer"
                " folder",
            )
    return paths


def _named_files(command: Sequence[str]) -> Iterator[str]:
    """The files of the trainer folder that the words of a command may mean, the first of them its script."""
    for place, word in enumerate(command):
        if place and command[place - 1] == "-m":
            module = word.replace(".", "/")
            yield from (f"{module}.py", f"{module}/__main__.py")
        elif word and not word.startswith(("-", "/")):
            yield str(PurePosixPath(word))
