"""The kinds of failure: why a run has no score."""

from __future__ import annotations

import re
from enum import StrEnum

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class FailureKind(StrEnum):
    """Why a run has no score.

    A kind that this version doesn't know, which a newer trainer may report, is kept as its text: `FailureKind("new_kind")` is a
    value that equals and prints `new_kind`, and isn't among the members.
    """

    OUT_OF_MEMORY = "out_of_memory"
    DIVERGED = "diverged"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    IMPORT_ERROR = "import_error"
    SANDBOX_REFUSED = "sandbox_refused"
    """The sandbox or the machine refused something that the source asked for: a limit, and not an error in the source."""
    CONTRACT_BROKEN = "contract_broken"
    EVALUATOR_FAILED = "evaluator_failed"
    """The person's own evaluator, or the data that it reads, is at fault: no change of the source mends it."""
    TAMPERING = "tampering"
    LOST_MACHINE = "lost_machine"
    """The lab's own: the run's machine vanished, and no runner left a result."""

    @classmethod
    def _missing_(cls, value: object) -> FailureKind | None:  # type: ignore[explicit-override]  # the contract has the standard library alone
        if not isinstance(value, str) or _NAME.fullmatch(value) is None:
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = value.upper()
        unknown._value_ = value
        return unknown

    @property
    def is_known(self) -> bool:
        """Whether this version has the kind in its list."""
        return self.value in type(self)._value2member_map_
