"""What a source uses and nothing in it provides: names, attributes and arguments that would make it fail when it runs.

Much of what a source uses comes from elsewhere, so a single answer means little. What counts is which names are dangling after
some lines were taken away and weren't before.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..literals import UNPARSABLE
from ..source_text import show
from ..trainer_folder import Source

_ALWAYS_DEFINED = {*dir(builtins), "__file__", "__name__", "__doc__"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def dangling(source: Source) -> set[str]:
    """Returns names that the Python files of a source use and that nothing in the source provides.

    These are globals that a file doesn't bind, attributes that nothing sets, keyword arguments that no function takes, and
    functions that are called with a number of arguments that they don't take. A file that can't be parsed is left out.
    """
    names = _UsedNames()
    globals_: set[str] = set()
    for path, data in source.items():
        if path.endswith(".py"):
            text = show(path, data)
            try:
                globals_ |= _undefined_globals(symtable.symtable(text, path, "exec"))
                names.take_in(ast.parse(text))
            except UNPARSABLE:
                continue
    return globals_ | names.dangling()


def _undefined_globals(table: symtable.SymbolTable) -> set[str]:
    bound = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    return set(_globals_used(table)) - bound - _ALWAYS_DEFINED


def _globals_used(table: symtable.SymbolTable) -> Iterator[str]:
    is_module = table.get_type() == "module"
    yield from (
        symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced() and (is_module or symbol.is_global())
    )
    for inner in table.get_children():
        yield from _globals_used(inner)


@dataclass(frozen=True, slots=True)
class _Signature:
    """How many arguments a function takes, without `self`. `least` and `most` count all but keyword-only ones."""

    least: int
    most: float

    @classmethod
    def of(cls, function: _Function, *, is_method: bool) -> _Signature:
        arguments = function.args
        is_static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in function.decorator_list)
        count = len(arguments.posonlyargs) + len(arguments.args) - (is_method and not is_static)
        return cls(count - len(arguments.defaults), float("inf") if arguments.vararg else count)

    def takes(self, call: ast.Call) -> bool:
        """Returns whether a call has a number of arguments that fits; True where that can't be seen."""
        is_open = any(isinstance(each, ast.Starred) for each in call.args) or any(not each.arg for each in call.keywords)
        return is_open or (len(call.args) <= self.most and len(call.args) + len(call.keywords) >= self.least)


@dataclass
class _UsedNames:
    """What the files of a source use, and what they provide.

    Attributes:
        attributes: Names that are read as an attribute of something.
        keywords: Names of keyword arguments in calls.
        provided: Attributes that something sets: by assignment, in a class, as a keyword argument, or by name in a text.
        parameters: Names of parameters of functions, and of fields of classes.
        signatures: What each function takes, by name, for every function of that name. A class has that of its `__init__`.
        calls: Every call of something by name.
    """

    attributes: set[str] = field(default_factory=set[str])
    keywords: set[str] = field(default_factory=set[str])
    provided: set[str] = field(default_factory=set[str])
    parameters: set[str] = field(default_factory=set[str])
    signatures: dict[str, list[_Signature]] = field(default_factory=dict[str, list[_Signature]])
    calls: list[tuple[str, ast.Call]] = field(default_factory=list[tuple[str, ast.Call]])

    def take_in(self, tree: ast.Module) -> None:
        """Add what a file uses and provides."""
        self.provided |= set(_bound_in(tree.body))
        for function in tree.body:
            if isinstance(function, _Function):
                self._add_signature(function.name, _Signature.of(function, is_method=False))
        for node in ast.walk(tree):
            self._take_node(node)

    def _take_node(self, node: ast.AST) -> None:
        match node:
            case ast.Attribute(ctx=ast.Load()):
                self.attributes.add(node.attr)
            case ast.Attribute():
                self.provided.add(node.attr)
            case ast.ClassDef():
                self._take_class(node)
            case ast.arg():
                self.parameters.add(node.arg)
            case ast.Call():
                self._take_call(node)
            case ast.Constant(value=str(text)):  # setattr, register_buffer, add_argument
                self.provided.add(text.lstrip("-").replace("-", "_"))
            case _:
                pass

    def dangling(self) -> set[str]:
        """Return the names that are used and not provided."""
        misfits = {
            name
            for name, call in self.calls
            if name in self.signatures and not any(signature.takes(call) for signature in self.signatures[name])
        }
        return (self.attributes - self.provided) | (self.keywords - self.parameters) | misfits

    def _take_class(self, node: ast.ClassDef) -> None:
        fields = set(_bound_in(node.body))
        self.provided |= fields
        self.parameters |= fields
        for method in node.body:
            if isinstance(method, _Function):
                signature = _Signature.of(method, is_method=True)
                self._add_signature(node.name if method.name == "__init__" else method.name, signature)

    def _add_signature(self, name: str, signature: _Signature) -> None:
        self.signatures.setdefault(name, []).append(signature)

    def _take_call(self, node: ast.Call) -> None:
        named = {keyword.arg for keyword in node.keywords if keyword.arg}
        self.keywords |= named
        self.provided |= named
        # A method of another library may have the same name as one here: only a method of `self` is known to be ours.
        if isinstance(node.func, ast.Name):
            self.calls.append((node.func.id, node))
        elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == "self":
            self.calls.append((node.func.attr, node))


def _bound_in(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Returns the names that statements of a module or a class bind, those of blocks included."""
    for statement in body:
        if isinstance(statement, _Function | ast.ClassDef):
            yield statement.name
        else:
            yield from (
                node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            )
