"""Flags for changes to how a self-reported trainer measures itself: what prints the metric, and what evaluates.

The command of such a trainer computes and prints its metric, and is believed. So a change to these lines may change the number
without changing what it stands for. The flag, a warning, blocks nothing: `metric: line 40 of train.py, which reports nmse`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from ..literals import UNPARSABLE
from ..source_text import show
from ..trainer_folder import FILE, Source, Trainer

METRIC, EVALUATION = "metric", "evaluation"
_EVALUATES = re.compile(r"(?:^|[_.])(?:eval|validat|metric)", re.IGNORECASE)
"""Names of functions, classes and files that evaluate."""
_TRANSPARENT = frozenset(
    {"print", "log", "info", "write", "write_text", "writerow", "append", "update", "add_scalar"}
    | {"float", "int", "str", "round", "dump", "dumps", "format", "dict", "join"}
    | {"item", "cpu", "detach", "numpy", "tolist", "report"}
)
"""Calls that pass on or report what they are given."""
_SIMPLE = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return)
MAX_FLAGS = 8
"""Flags of one file."""


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a change to a file.

    Attributes:
        changed: The lines that the other side doesn't have, from 1.
    """

    path: str
    text: str
    changed: frozenset[int]
    is_new: bool

    def touches(self, node: ast.AST) -> int | None:
        """Return the first changed line of a node; None if it isn't changed."""
        first = getattr(node, "lineno", 0)
        lines = range(first, (getattr(node, "end_lineno", None) or first) + 1)
        return next((line for line in lines if line in self.changed), None)

    def place(self, line: int) -> str:
        """Return a line in words. Lines of the old side are gone."""
        return f"line {line} of {self.path}" if self.is_new else f"a line that was removed from {self.path}"


def metric_flags(before: Source, after: Source, trainer: Trainer) -> list[str]:
    """Return flags for what a change touches of the trainer's own measuring; none if the trainer doesn't report its metric.

    Args:
        before: The baseline.
        after: The source to run.
        trainer: It names the metrics.
    """
    if not trainer.metric.self_reported:
        return []
    words = _words(trainer)
    raised: list[str] = []
    for path, data in sorted(after.items()):
        old = before.get(path)
        if data == old or path == FILE:
            continue
        if _EVALUATES.search(PurePosixPath(path).name):
            raised.append(f"{EVALUATION}: the file {path}")
        of_file = [flag for side in _sides(path, old or b"", data) for flag in _of_side(side, words)]
        raised += list(dict.fromkeys(of_file))[:MAX_FLAGS]
    return raised


def _words(trainer: Trainer) -> dict[str, re.Pattern[str]]:
    """Return an expression for each metric: its name, its key, or the name of its file, as whole words."""
    expressions: dict[str, re.Pattern[str]] = {}
    for metric in trainer.file.metrics:
        if metric.source == "output":
            files = [PurePosixPath(metric.file).name] if metric.file and "*" not in metric.file else []
            words = {metric.name, metric.json_path, metric.key, *files} - {""}
            expressions[metric.name] = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in sorted(words)))
    return expressions


def _sides(path: str, old: bytes, new: bytes) -> Iterator[_Side]:
    before, after = show(path, old), show(path, new)
    matcher = SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    gone: set[int] = set()
    fresh: set[int] = set()
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            gone.update(range(a + 1, b + 1))
            fresh.update(range(c + 1, d + 1))
    yield _Side(path, after, frozenset(fresh), is_new=True)
    yield _Side(path, before, frozenset(gone), is_new=False)


def _of_side(side: _Side, words: dict[str, re.Pattern[str]]) -> Iterator[str]:
    if not side.changed:
        return
    try:
        nodes = list(ast.walk(ast.parse(side.text))) if side.path.endswith(".py") else None
    except UNPARSABLE:
        nodes = None
    if nodes is None:
        yield from _of_lines(side, words)
        return
    yield from _evaluating(side, nodes)
    for metric, expression in words.items():
        reporting = [node for node in nodes if isinstance(node, _SIMPLE) and _names_in_text(node, expression)]
        for node in reporting:
            if (line := side.touches(node)) is not None:
                yield f"{METRIC}: {side.place(line)}, which reports {metric}"
        yield from _computing(side, nodes, metric, {name for node in reporting for name in _reported(node)})


def _of_lines(side: _Side, words: dict[str, re.Pattern[str]]) -> Iterator[str]:
    """The flags of a file in another language: changed lines with a metric's name in quotes."""
    lines = side.text.splitlines()
    for line in sorted(side.changed):
        quoted = " ".join(re.findall(r"\"[^\"]*\"|'[^']*'", lines[line - 1]))
        names = [name for name, word in words.items() if word.search(quoted)]
        yield from (f"{METRIC}: {side.place(line)}, which reports {name}" for name in names)


def _evaluating(side: _Side, nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        is_named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and _EVALUATES.search(node.name)
        if is_named and side.touches(node) is not None:
            yield f"{EVALUATION}: {getattr(node, 'name', '')} in {side.path}"


def _computing(side: _Side, nodes: Iterable[ast.AST], metric: str, names: set[str]) -> Iterator[str]:
    """The flags of changed statements that set what is reported as a metric, and of changed functions that return it."""
    for node in nodes:
        bound = _bound(node) & names
        if bound and (line := side.touches(node)) is not None:
            yield f"{METRIC}: {side.place(line)}, which computes {min(bound)}, reported as {metric}"


def _bound(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return {node.name}
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
        targets = [node.target]
    return {inner.id for target in targets for inner in ast.walk(target) if isinstance(inner, ast.Name)}


def _names_in_text(node: ast.AST, expression: re.Pattern[str]) -> bool:
    """Whether a statement has a text that matches; a docstring isn't one."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return False
    texts = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant) and isinstance(inner.value, str))
    return any(expression.search(text) for text in texts)


def _reported(node: ast.AST) -> Iterator[str]:
    """The names whose values a statement reports, and the functions whose results it does."""
    inner: Iterable[ast.AST | None] = ast.iter_child_nodes(node)
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Call):
        name = _called(node)
        if name not in _TRANSPARENT:
            yield name
            return
        owner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        inner = [*owner, *node.args, *(word.value for word in node.keywords)]
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        inner = [node.value]
    for child in inner:
        if child is not None:
            yield from _reported(child)


def _called(call: ast.Call) -> str:
    """The name of the function, or of the method."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
