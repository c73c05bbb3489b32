"""What the editable code of a trainer needs of a machine, found by parsing: modules, a GPU, and files outside of its folder."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from ..literals import UNPARSABLE
from ..trainer_folder import Source
from .cuda_use import cuda_use

_OUTSIDE: Final = re.compile(r"(?:~|\.\.|/[\w.-]+)/[\w./ -]*[\w-]")
"""A literal path that leads out of the trainer's folder."""
_SYSTEM: Final = ("/dev/", "/proc/", "/sys/", "/tmp/", "/usr/", "/bin/", "/etc/")  # noqa: S108 - names, no files


@dataclass(frozen=True, slots=True)
class Needs:
    """What code needs, each with the place where it says so, `train.py:12`.

    Attributes:
        modules: Modules that it imports and that aren't its own or the standard library's, by name.
        late_modules: Those that only functions import, which may never be called.
        cuda: Where it uses CUDA without asking whether there is a GPU; empty if it doesn't.
        paths: Paths outside of its folder that it names.
    """

    modules: Mapping[str, str] = field(default_factory=dict[str, str])
    late_modules: Mapping[str, str] = field(default_factory=dict[str, str])
    cuda: str = ""
    paths: Mapping[str, str] = field(default_factory=dict[str, str])


def needs_of(source: Source, is_editable: Callable[[str], bool]) -> Needs:
    """Find out what the editable Python files of a source need.

    An import that code can do without, in a `try` or for types alone, doesn't count. Files that can't be parsed are left out.
    """
    own = _own_modules(source)
    modules: dict[str, str] = {}
    late: dict[str, str] = {}
    paths: dict[str, str] = {}
    cuda = ""
    for file in sorted(source):
        tree = parsed(source[file]) if file.endswith(".py") and is_editable(file) else None
        if tree is None:
            continue
        for is_late, name, line in _imports(tree):
            if name not in own and name not in sys.stdlib_module_names:
                (late if is_late else modules).setdefault(name, f"{file}:{line}")
        for path, line in _paths(tree):
            paths.setdefault(path, f"{file}:{line}")
        line_of_cuda = cuda_use(tree, own).line
        cuda = cuda or (f"{file}:{line_of_cuda}" if line_of_cuda else "")
    late = {name: place for name, place in late.items() if name not in modules}
    return Needs(modules, late, cuda, paths)


def _own_modules(source: Source) -> frozenset[str]:
    """The names of modules and packages anywhere in the folder."""
    paths = [PurePosixPath(path) for path in source if path.endswith(".py")]
    return frozenset({path.stem for path in paths} | {part for path in paths for part in path.parts[:-1]})


def parsed(content: bytes | str) -> ast.Module | None:
    """Return a Python file's tree; None where it can't be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(content)
    except UNPARSABLE:
        return None


def _imports(tree: ast.Module) -> Iterator[tuple[bool, str, int]]:
    """Yield whether only a function imports it, the module's name, and the line."""
    for is_late, node in _needed(tree):
        if isinstance(node, ast.Import):
            yield from ((is_late, alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield is_late, node.module.partition(".")[0], node.lineno


def _needed(node: ast.AST, *, is_late: bool = False) -> Iterator[tuple[bool, ast.AST]]:
    """All nodes below a node, without the bodies of `try` and of `if`, which may not be executed."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.Try | ast.If):
            yield is_late, child
            yield from _needed(child, is_late=is_late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


def _paths(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if isinstance(node, ast.Constant) and _OUTSIDE.fullmatch(text) and not text.startswith(_SYSTEM):
            yield text, node.lineno
