"""A Python file by its parts: what is defined where, and the lines of one symbol."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function, a class, a method, or a module-level name.

    Attributes:
        name: Dotted for what is in a class: `Block.forward`.
        first: Its first line, decorators included, 1-based.
        last: Its last line.
        head: `class Block(nn.Module)`, `def forward(self, x)`; empty for a name.
    """

    name: str
    first: int
    last: int
    head: str = ""

    @property
    def depth(self) -> int:
        """How deep it is nested; 0 at the top of the file."""
        return self.name.count(".")


def symbols(text: str) -> list[Symbol]:
    """What a file defines, in its order; nothing where it can't be parsed."""
    try:
        return list(_walk(ast.parse(text), ""))
    except (SyntaxError, ValueError):
        return []


def find(known: Mapping[str, list[Symbol]], name: str) -> list[tuple[str, Symbol]]:
    """Where a symbol is defined, by file: by its whole name, or else by the last part of it."""
    whole = [(file, symbol) for file, found in known.items() for symbol in found if symbol.name == name]
    return whole or [(file, symbol) for file, found in known.items() for symbol in found if symbol.name.endswith(f".{name}")]


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
