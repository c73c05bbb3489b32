"""What all requests and all answers have in common."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from ..calls import written_call

M = TypeVar("M", bound=BaseModel)


def changed(message: M, **values: object) -> M:
    """Return a request or an answer with other values, which are validated, unlike those of pydantic's `model_copy`."""
    kept = {name: getattr(message, name) for name in message.model_fields_set}
    return type(message).model_validate(kept | values)


class Request(BaseModel):
    """The arguments of a tool. A request is frozen, and refuses arguments that it doesn't declare.

    Each field is described once, here: the tool's JSON schema and its table in `docs/tools.md` are made from the fields.

    Attributes:
        tool: The name of the tool that takes these arguments; empty for a part of a request.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: ClassVar[str] = ""

    def as_call(self) -> str:
        """Return the call of the tool as text, with the arguments that were set as JSON: `wait(ids=["e0001"])`.

        Every hint and remedy that names a call is made by this method, so that its arguments are valid by construction.
        """
        values = {
            name: int(value) if isinstance(value, float) and value.is_integer() else value
            for name, value in self.model_dump(mode="json", exclude_unset=True).items()
        }
        return written_call(self.tool, **values)


class Answer(BaseModel):
    """An answer of the lab. Fields that are null or empty are left out.

    Units are in the fields' names. A score that was not measured is absent, never 0. Ids are written as ranges.

    Attributes:
        unless_set: Fields that are left out, too, if they are 0 or false, which is what their absence says.
    """

    model_config = ConfigDict(frozen=True)
    unless_set: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _compact(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {
            key: value
            for key, value in handler(self).items()
            if value not in (None, "", [], {}) and (value or key not in self.unless_set)
        }


class LabLine(Answer):
    """The state of the lab in one line: part of the answers of launches, `wait` and `get_results`.

    Attributes:
        person: What the person says, until a note answers it.
        paused: Why nothing starts, if the person has paused the lab.
    """

    unless_set: ClassVar[frozenset[str]] = frozenset({"running", "queued", "idle_gpus"})

    person: list[str] = Field(default_factory=list[str])
    paused: str | None = None
    champion: str
    running: int = 0
    queued: int = 0
    idle_gpus: int = 0
    allowance_left: str = ""
