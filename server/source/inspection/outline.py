"""The outline of a Python file: its symbols and their lines."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..literals import UNPARSABLE


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function, a class, a method, or a module-level name.

    Attributes:
        name: With the class's name for members: `Block.forward`.
        first: First line, including decorators, from 1.
        last: Last line.
        head: `class Block(nn.Module)` or `def forward(self, x)`; empty for a variable.
    """

    name: str
    first: int
    last: int
    head: str = ""

    @property
    def depth(self) -> int:
        """The level of nesting; 0 at module level."""
        return self.name.count(".")


def symbols(text: str) -> list[Symbol]:
    """Returns the symbols that a file defines, in order; empty if the file can't be parsed."""
    try:
        return list(_walk(ast.parse(text), ""))
    except UNPARSABLE:
        return []


def find(outlines: Mapping[str, list[Symbol]], name: str) -> list[tuple[str, Symbol]]:
    """Returns the files and symbols with this name; if none has it, those whose last part it is."""
    pairs = [(file, symbol) for file, defined in outlines.items() for symbol in defined]
    exact = [(file, symbol) for file, symbol in pairs if symbol.name == name]
    return exact or [(file, symbol) for file, symbol in pairs if symbol.name.endswith(f".{name}")]


def _walk(body: ast.Module | ast.ClassDef, inside: str) -> Iterator[Symbol]:
    for node in body.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield Symbol(inside + node.name, first, node.end_lineno or node.lineno, _head(node))
            if isinstance(node, ast.ClassDef):
                yield from _walk(node, f"{inside}{node.name}.")
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)):
                yield Symbol(inside + name, node.lineno, node.end_lineno or node.lineno)


def _head(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in [*node.bases, *(keyword.value for keyword in node.keywords)])
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{word} {node.name}({ast.unparse(node.args)}){returns}"
