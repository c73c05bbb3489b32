"""Where a file names what is no knob, and why it is none, for the refusal of an override."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from ..literals import UNPARSABLE, evaluate
from .config_knobs import MAX_CHARACTERS
from .python_knobs import changed_names, is_version, settings_of

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_VARIABLE = "a variable inside a function"


def explain(path: str, text: str, name: str) -> list[str]:
    """Returns the places where a file sets a name, with the reason: `model.py:12 as a computed value, not a literal`."""
    last = name.rpartition(".")[2].lstrip("-")
    if not re.search(rf"\b{re.escape(last)}\b", text) and last.replace("_", "-") not in text:
        return []
    if path.endswith(".py") or "." not in path:
        try:
            module = ast.parse(text)
            pairs = [*_module_level(module, last), *_options(module, last)] or list(_assigned(module, last))
        except UNPARSABLE:
            return []
    else:
        pairs = list(_config(text, last))
    return [f"{path}:{line} as {why}" for line, why in sorted(dict.fromkeys(pairs))]


def _module_level(module: ast.Module, name: str) -> Iterator[tuple[int, str]]:
    changed = changed_names(module)
    settings = settings_of(module)
    times = Counter(setting.name for setting in settings)
    for setting in settings:
        if setting.name.rpartition(".")[2] == name:
            line = setting.node.lineno
            if setting.variable in changed:
                where = _lines(module, setting.variable)
                yield from ((place, "a name that the program sets more than once or changes") for place in where)
            elif is_version(setting):
                yield line, "a version"
            elif not _is_literal(setting.node):
                yield line, f"a computed value, not a literal ({setting.kind})"
            else:
                yield line, f"a literal ({setting.kind})" + (", one of several of its name" if times[setting.name] > 1 else "")


def _options(module: ast.Module, name: str) -> Iterator[tuple[int, str]]:
    """Options without a default."""
    flags = {f"--{name}", f"--{name.replace('_', '-')}"}
    for node in ast.walk(module):
        match node:
            case ast.Call(args=words, keywords=keywords) if all(keyword.arg != "default" for keyword in keywords):
                if any(isinstance(word, ast.Constant) and word.value in flags for word in words):
                    yield node.lineno, "an option without a default"
            case _:
                pass


def _assigned(module: ast.Module, name: str) -> Iterator[tuple[int, str]]:
    """Other assignments: inside functions, classes and guards."""
    inside = {
        id(node): scope
        for scope in ast.walk(module)
        if isinstance(scope, _SCOPES)
        for node in ast.walk(scope)
        if node is not scope
    }
    for node in ast.walk(module):
        match node:
            case ast.Name(id=bound, ctx=ast.Store()) | ast.Attribute(attr=bound, ctx=ast.Store()) if bound == name:
                yield node.lineno, _VARIABLE if id(node) in inside else "an assignment that isn't at module level"
            case ast.arg(arg=bound) if bound == name:
                yield node.lineno, "a parameter that its callers give"
            case ast.keyword(arg=bound) if bound == name:
                yield node.value.lineno, "an argument of a call"
            case _:
                pass


def _lines(module: ast.Module, name: str) -> Iterator[int]:
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store):
            yield node.lineno


def _config(text: str, name: str) -> Iterator[tuple[int, str]]:
    why = "a group, a list over several lines, an interpolation, or a key that stands there twice"
    if len(text) > MAX_CHARACTERS:
        why = f"a value of a file with {len(text):,} characters; a configuration has {MAX_CHARACTERS:,} at most"
    key = re.compile(rf"""[\s{{,\[-]*["']?{re.escape(name)}["']?\s*[:=]""")
    for number, line in enumerate(text.split("\n"), 1):
        if key.match(line):
            yield number, why


def _is_literal(node: ast.expr) -> bool:
    try:
        evaluate(node)
    except (ValueError, RecursionError):
        return False
    return True
