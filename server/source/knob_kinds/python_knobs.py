"""Where a Python file sets what a person may turn: constants, options of the command line, fields of configuration classes.

A name is a knob by what it is, not by its case: it is set once, to literals, where the program starts or is configured.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_VERSION = re.compile(r"v?\d+(\.\d+){1,3}\S*")
_OPTION = re.compile(r"--?[A-Za-z][\w-]*")
_DATA_CLASSES = frozenset({"dataclass", "define", "frozen", "mutable", "attrs", "attributes"})
"""Decorators whose classes hold fields."""
_MODELS = frozenset({"BaseModel", "BaseSettings", "NamedTuple", "Struct", "PretrainedConfig"})
"""Base classes whose subclasses hold fields."""
_FIELDS = frozenset({"field", "Field", "ib", "attrib", "attr", "Option", "Argument", "arg"})
"""Calls that state the default of a field or of a parameter."""
_STARTERS = frozenset({"typer.run", "tyro.cli", "fire.Fire", "Fire", "cli", "run"})
"""Calls that make a command line from a function or a class."""
_MUTATORS = frozenset({"append", "extend", "update", "add", "setdefault", "insert", "pop", "clear", "remove"})


@dataclass(frozen=True, slots=True)
class Setting:
    """A place in a Python file that sets a value.

    Attributes:
        name: Its full name in the file: `LR`, `lr`, `GPTConfig.n_layer`, `params.num_leaves`.
        node: The expression.
        kind: What it is: `constant`, `entry of params`, `option --lr`, `field of GPTConfig`, `parameter of main`.
        is_float: The file declares it a float, so that `1` may become `0.5`.
    """

    name: str
    node: ast.expr
    kind: str
    is_float: bool = False

    @property
    def variable(self) -> str:
        """The name at module level that holds it; empty where none does."""
        return self.name.partition(".")[0] if self.kind == "constant" or self.kind.startswith("entry of ") else ""


def settings_of(module: ast.Module) -> list[Setting]:
    """Returns the places of a file that set a value, literal or not, by position; a name may occur several times."""
    nodes = list(ast.walk(module))
    settings = [*_constants(module), *_options(nodes), *_fields(nodes), *_parameters(nodes)]
    return sorted(settings, key=lambda setting: (setting.node.lineno, setting.node.col_offset))


def changed_names(module: ast.Module) -> set[str]:
    """Returns the module-level names that are no settings: bound more than once, rebound by functions, or collected into."""
    names = {name for name, count in Counter(_bound(module)).items() if count > 1}
    for node in ast.walk(module):
        match node:
            case ast.Global(names=rebound):
                names.update(rebound)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _MUTATORS:
                names.add(name)
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
                names.add(name)
            case _:
                pass
    return names


def is_version(setting: Setting) -> bool:
    """Whether it states a version, which describes the program and steers nothing."""
    value = setting.node.value if isinstance(setting.node, ast.Constant) else None
    return "version" in setting.name.lower() and isinstance(value, str) and _VERSION.fullmatch(value) is not None


def _constants(module: ast.Module) -> Iterator[Setting]:
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=node):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as node):
                pass
            case _:
                continue
        if not name.startswith("_"):
            yield from [*_entries(name, node)] or [Setting(name, node, "constant")]


def _entries(owner: str, node: ast.expr) -> Iterator[Setting]:
    """The values of a dictionary, such as the parameters of a booster: `params.num_leaves`. They stand for the dictionary."""
    match node:
        case ast.Dict(keys=keys, values=values):
            pairs = [(key.value, value) for key, value in zip(keys, values, strict=True) if isinstance(key, ast.Constant)]
        case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
            pairs = [(keyword.arg, keyword.value) for keyword in keywords]
        case _:
            return
    for key, value in pairs:
        if isinstance(key, str) and key.isidentifier():
            name = f"{owner}.{key}"
            yield from [*_entries(name, value)] or [Setting(name, value, f"entry of {owner}")]


def _options(nodes: Sequence[ast.AST]) -> Iterator[Setting]:
    """Defaults of `argparse` and `click` options."""
    for node in nodes:
        if isinstance(node, ast.Call) and _last(node.func) in {"add_argument", "option"}:
            words = [word.value for word in node.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
            keywords = {keyword.arg: keyword.value for keyword in node.keywords}
            if words and _OPTION.fullmatch(words[0]) and "default" in keywords:
                flag = next((word for word in words if word.startswith("--")), words[0])
                name = _destination(words, flag, keywords.get("dest"))
                yield Setting(name, keywords["default"], f"option {flag}", _is_float(keywords.get("type")))


def _destination(words: list[str], flag: str, dest: ast.expr | None) -> str:
    """The variable in which an option arrives: named by `dest`, by click's bare word, or after its long flag."""
    if isinstance(dest, ast.Constant):
        return str(dest.value)
    named = next((word for word in words if word.isidentifier()), None)
    return named or flag.lstrip("-").partition("/")[0].replace("-", "_")


def _fields(nodes: Sequence[ast.AST]) -> Iterator[Setting]:
    configurations: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ClassDef) and _is_configuration(node, configurations):
            configurations.add(node.name)
            for statement in node.body:
                yield from _field(node.name, statement)


def _field(owner: str, statement: ast.stmt) -> Iterator[Setting]:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as node):
            is_float = _is_float(annotation)
        case ast.Assign(targets=[ast.Name(id=name)], value=node):
            is_float = False
        case _:
            return
    if not name.startswith("_") and name != "model_config":
        yield Setting(f"{owner}.{name}", _default(node), f"field of {owner}", is_float)


def _is_configuration(node: ast.ClassDef, configurations: set[str]) -> bool:
    """Whether a class holds fields: by its decorator, by its base, or because it consists of assignments only."""
    if any(_last(decorator) in _DATA_CLASSES for decorator in node.decorator_list):
        return True
    bases = [_last(base) for base in node.bases]
    if any(base in _MODELS or base in configurations for base in bases):
        return True
    body = [part for part in node.body if not isinstance(part, ast.Pass) and not _is_docstring(part)]
    return not bases and bool(body) and all(isinstance(part, ast.Assign | ast.AnnAssign) for part in body)


def _parameters(nodes: Sequence[ast.AST]) -> Iterator[Setting]:
    """Defaults of the functions that `typer`, `tyro` or `fire` makes a command line from."""
    started = {
        node.args[0].id
        for node in nodes
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name) and _starts(node.func)
    }
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
            node.name in started or any(_last(decorator) == "command" for decorator in node.decorator_list)
        ):
            yield from _of_function(node)


def _of_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Setting]:
    positional = [*node.args.posonlyargs, *node.args.args]
    pairs: list[tuple[ast.arg, ast.expr | None]] = [
        *zip(positional[len(positional) - len(node.args.defaults) :], node.args.defaults, strict=True),
        *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
    ]
    for parameter, default in pairs:
        if default is not None:
            kind = f"parameter of {node.name}"
            yield Setting(parameter.arg, _default(default), kind, _is_float(parameter.annotation))


def _starts(function: ast.expr) -> bool:
    return ast.unparse(function) in _STARTERS


def _default(node: ast.expr) -> ast.expr:
    """Returns the expression of the default in `field(default=…)`, `Field(…)` and `typer.Option(…)`; else the node itself."""
    if not (isinstance(node, ast.Call) and _last(node.func) in _FIELDS):
        return node
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if isinstance(factory := keywords.get("default_factory"), ast.Lambda):
        return factory.body
    return keywords.get("default") or next(iter(node.args), node)


def _is_float(annotation: ast.expr | None) -> bool:
    match annotation:
        case ast.Name(id="float"):
            return True
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, *_])):
            return _is_float(inner)
        case _:
            return False


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _last(node: ast.expr) -> str:
    """The last part of a dotted name, of what is called or decorated with."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=function):
            return _last(function)
        case ast.Subscript(value=value):
            return _last(value)
        case _:
            return ""


def _bound(node: ast.AST) -> Iterator[str]:
    """Names bound in the scope of the module, once for each binding."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Lambda():
                pass
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.alias(name=name, asname=alias):
                yield alias or name
            case _:
                yield from _bound(child)
