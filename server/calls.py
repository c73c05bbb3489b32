"""How the call of a tool is written in texts: `wait(ids=["e0001"])`. Standard library only."""

from __future__ import annotations

import json


def written_call(tool: str, **arguments: object) -> str:
    """Return the call of a tool as text, with its arguments as JSON.

    Where the request models can be imported, `Request.as_call` makes the call, so that its arguments are valid. The hooks must
    start faster than that, and use this function; a test reads every call that they name back into its request model.
    """
    values = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
    return f"{tool}({values})"
