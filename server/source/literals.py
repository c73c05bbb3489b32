"""Literal values: evaluates an expression, converts a value to the type of another, and writes a value as source text.

Nothing is executed: `ast` parses the text, and the few supported operations have limits.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any, TypeAlias

Value: TypeAlias = "bool | int | float | str | Sequence[Value] | Mapping[str, Value] | None"
"""A tuple and a list are different values."""

UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""The errors that `ast.parse` may raise on hostile text."""
MAX_BITS = 4096
"""Maximum size of an int in bits, so that `10**10**10` is refused instead of computed."""
MAX_EXPRESSION = 1000

_UNARY: Mapping[type[ast.unaryop], Callable[[Any], object]] = {
    ast.USub: lambda operand: -operand,
    ast.UAdd: lambda operand: operand,
}
_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], object]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: lambda left, right: left % right,
    ast.Pow: lambda left, right: left**right,
    ast.LShift: lambda left, right: left << right,
    ast.RShift: lambda left, right: left >> right,
}
_POWER_OF_TWO = re.compile(r"(2\s*\*\*\s*|1\s*<<\s*)\d+")


def evaluate(node: ast.expr) -> Value:
    """Returns the value of an expression of literals.

    Raises:
        ValueError: It is another kind of expression, has no value, or its number is too large.
    """
    match node:
        case ast.Constant(value=str() | None as value):
            return value
        case ast.Constant(value=int() | float() as value):
            return _bounded(value)
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return _bounded(_UNARY[type(sign)](_number(operand)))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
            return _calculate(sign, _number(left), _number(right))
        case ast.Tuple(elts=elements):
            return tuple(evaluate(element) for element in elements)
        case ast.List(elts=elements):
            return [evaluate(element) for element in elements]
        case ast.Dict(keys=keys, values=values):
            return {_name(key): evaluate(value) for key, value in zip(keys, values, strict=True)}
        case _:
            raise ValueError("only literals and arithmetic on literals are allowed")


def parse(text: str) -> Value:
    """Returns the value of the text of an expression of literals.

    Raises:
        ValueError: It is another kind of expression.
    """
    if len(text) > MAX_EXPRESSION:
        raise ValueError(f"the expression has {len(text)} characters, and {MAX_EXPRESSION} are allowed")
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except UNPARSABLE as error:
        raise ValueError("it is not an expression") from error
    return evaluate(node)


def fit(given: Value, like: Value) -> Value:
    """Converts a value to the type of another: an int to a float, a list to a tuple, `"2**20"` to a number.

    Raises:
        ValueError: The value doesn't fit that type.
    """
    if isinstance(given, str) and not isinstance(like, str):
        given = _parse_unless_free(given, free=like is None)
    match given, like:
        case (_, None):
            return _plain(given)
        case (bool(), bool()) | (str(), str()):
            return given
        case (bool(), _) | (_, bool()):
            pass
        case (int() | float(), int() | float()):
            return _convert(_bounded(given), type(like))
        case (list() | tuple(), list() | tuple()):
            return type(like)(_fit_elements(given, like))
        case (dict(), dict()):
            return _plain(given)
        case _:
            pass
    raise ValueError(f"a value of type {type(given).__name__} can't be converted to the knob's type")


def write(value: Value, like: str) -> str:
    """Returns a value as source text in the style of the old text: powers of two stay `2**20`, and quotes stay the same."""
    if isinstance(value, int) and value > 1 and value.bit_count() == 1 and (power := _POWER_OF_TWO.fullmatch(like)):
        return f"{power[1]}{value.bit_length() - 1}"
    text = repr(value)
    if isinstance(value, str) and like.startswith('"') and text.startswith("'") and '"' not in value:
        return f'"{text[1:-1]}"'
    return text


def _calculate(sign: ast.operator, left: int | float, right: int | float) -> int | float:
    if isinstance(left, int) and isinstance(right, int) and _bits(sign, left, right) > MAX_BITS:
        raise ValueError(f"the number is too large: {MAX_BITS:,} bits are allowed")
    try:
        return _bounded(_BINARY[type(sign)](left, right))
    except (ArithmeticError, TypeError) as error:
        raise ValueError("the expression has no finite value") from error


def _bits(sign: ast.operator, left: int, right: int) -> int:
    """Upper bound for the bits of the result, for operations that make a large number from few digits."""
    match sign:
        case ast.Pow():
            return left.bit_length() * abs(right)
        case ast.LShift():
            return left.bit_length() + right
        case _:
            return 0


def _number(node: ast.expr) -> int | float:
    value = evaluate(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("arithmetic is allowed on numbers only")  # noqa: TRY004  the text is wrong, not the program
    return value


def _bounded(value: object) -> int | float:
    if not isinstance(value, int | float) or (isinstance(value, float) and not isfinite(value)):
        raise ValueError(f"{value!r:.60} is not real and finite")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ValueError(f"the number is too large: {MAX_BITS:,} bits are allowed")
    return value


def _name(key: ast.expr | None) -> str:
    match key:
        case ast.Constant(value=str() as name):
            return name
        case _:
            raise ValueError(f"the key {ast.unparse(key) if key else '**'!r:.60} is not a string: keys must be strings")


def _parse_unless_free(text: str, *, free: bool) -> Value:
    """Returns the value of an expression. If any type is allowed, other text is a string."""
    try:
        return parse(text)
    except ValueError:
        if not free:
            raise
        return text


def _convert(value: int | float, kind: type[int | float]) -> int | float:
    try:
        converted = kind(value)
    except OverflowError as error:
        raise ValueError(str(error)) from error
    if kind is int and converted != value:
        raise ValueError(f"{value} is not whole")
    return converted


def _fit_elements(given: Sequence[Value], like: Sequence[Value]) -> list[Value]:
    """Converts elements. If all old elements had one type, the new ones get that type."""
    alike = len({type(element) for element in like}) == 1
    return [fit(element, like[0]) if alike else _plain(element) for element in given]


def _plain(value: Value) -> Value:
    """Returns any literal, after checking the limits of its numbers."""
    match value:
        case int() | float():
            return _bounded(value)
        case tuple() | list():
            return type(value)(_plain(element) for element in value)
        case dict():
            return {name: _plain(element) for name, element in value.items()}
        case _:
            return value
