"""The envelope of a JSON-RPC message, and the answer to a text that is no message.

The SDK drops such a text over stdio. Over HTTP it answers with another code, and with the whole of pydantic's text.
"""

from __future__ import annotations

from typing import cast

from mcp.types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError, jsonrpc_message_adapter
from pydantic import ValidationError
from pydantic_core import from_json

MAX_ID_CHARACTERS = 200
"""A longer id isn't repeated in an answer."""
MAX_VALUE_CHARACTERS = 80
EXAMPLE = 'Send one object such as {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'


def check_text(text: bytes) -> JSONRPCError | None:
    """Return the answer to a text that is no JSON-RPC message; None for a message.

    Its code is -32700 if the text is not JSON, and -32600 if the JSON is not a message. Its id is that of the message if it has
    a usable one, else null.
    """
    try:
        message: object = from_json(text, allow_inf_nan=False)
    except ValueError as error:
        return not_json(str(error))
    try:
        jsonrpc_message_adapter.validate_python(message, by_name=False)
    except ValidationError:
        return not_a_message(message)
    return None


def not_json(problem: str) -> JSONRPCError:
    """Return the answer to a text that is not JSON.

    Args:
        problem: What the parser says.
    """
    return _error(None, PARSE_ERROR, f"Parse error: the message is not valid JSON: {_cut(problem)}. {EXAMPLE}.")


def not_a_message(value: object) -> JSONRPCError:
    """Return the answer to a JSON value that is no JSON-RPC message."""
    return _error(_id_of(value), INVALID_REQUEST, f"Invalid request: {_fault(value)}. {EXAMPLE}.")


def _error(identifier: str | int | None, code: int, message: str) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=identifier, error=ErrorData(code=code, message=message))


def _id_of(value: object) -> str | int | None:
    identifier = cast("dict[str, object]", value).get("id") if isinstance(value, dict) else None
    if isinstance(identifier, bool) or not isinstance(identifier, (str, int)):
        return None
    return identifier if len(str(identifier)) <= MAX_ID_CHARACTERS else None


def _fault(value: object) -> str:
    if isinstance(value, list):
        return "a list of messages (a batch) isn't supported"
    if not isinstance(value, dict):
        return f"a message is an object, not {_cut(repr(value))}"
    fields = cast("dict[str, object]", value)
    if fields.get("jsonrpc") != "2.0":
        return f'jsonrpc must be "2.0", not {_cut(repr(fields.get("jsonrpc")))}'
    if "method" not in fields:
        return "the object has no method, and is no answer with an id and a result or an error"
    if not isinstance(fields["method"], str):
        return f"method must be a text, not {_cut(repr(fields['method']))}"
    if not isinstance(fields.get("params", {}), dict):
        return "params must be an object"
    return f"id must be a text or a whole number, not {_cut(repr(fields.get('id')))}"


def _cut(text: str) -> str:
    return text if len(text) <= MAX_VALUE_CHARACTERS else f"{text[:MAX_VALUE_CHARACTERS]}…"
