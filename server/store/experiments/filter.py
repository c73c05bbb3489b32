"""Which experiments a question is about, as an SQL condition."""

# ruff: noqa: S608  conditions are put together of this package's own text; values are parameters

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...domain import Status, Verdict

_NAMED = (
    "(number IN (SELECT value FROM json_each(?)) OR grid IN (SELECT value FROM json_each(?)) OR number IN"
    " (SELECT experiment FROM paired WHERE validation IN (SELECT value FROM json_each(?)))"
)
_REUSED = " OR number IN (SELECT experiment FROM reused_cells WHERE grid IN (SELECT value FROM json_each(?)))"


@dataclass(frozen=True, slots=True)
class Filter:
    """Selects experiments. A field that is None or empty selects all.

    Attributes:
        experiments: Numbers. An experiment of `experiments`, of `grids` or of `validations` is selected.
        reused_cells: A grid also selects the cells that it did not run because they existed.
        words: Beginnings of words (letters, digits, underscores); all of them stand in the hypothesis, changes and theme, or in
            a note on the experiment.
        finished_after: Only experiments that finished later, by `finished_seq`.
        finished_until: Only experiments that had finished by then, by `finished_seq`.
    """

    experiments: Sequence[int] | None = None
    grids: Sequence[int] | None = None
    validations: Sequence[int] | None = None
    statuses: Sequence[Status] = ()
    verdicts: Sequence[Verdict] = ()
    gpu: str | None = None
    theme: str | None = None
    by: str | None = None
    words: Sequence[str] = ()
    finished_after: int | None = None
    finished_until: int | None = None
    reused_cells: bool = True

    def where(self) -> tuple[str, list[Any]]:
        """Return the filter as an SQL condition with its parameters."""
        clauses = [
            ("gpu = ?", self.gpu),
            ("theme = ?", self.theme),
            ("launched_by = ?", self.by),
            ("finished_seq > ?", self.finished_after),
            ("finished_seq <= ?", self.finished_until),
        ]
        conditions = [condition for condition, value in clauses if value is not None]
        parameters: list[Any] = [value for _, value in clauses if value is not None]
        for column, values in (("status", self.statuses), ("verdict", self.verdicts)):
            if values:
                conditions.append(f"{column} IN ({', '.join('?' * len(values))})")
                parameters += values
        named = (self.experiments, self.grids, self.validations)
        if any(numbers is not None for numbers in named):
            conditions.append(f"{_NAMED}{_REUSED if self.reused_cells else ''})")
            parameters += [json.dumps(list(numbers or ())) for numbers in named]
            parameters += [json.dumps(list(self.grids or ()))] if self.reused_cells else []
        if self.words:
            condition, sought = _searched(self.words)
            conditions.append(condition)
            parameters += sought
        return " AND ".join(conditions) or "TRUE", parameters


def _searched(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the condition that experiments, or notes on them, contain all words."""
    beginnings = " ".join(f'"{word}"*' for word in words)
    return (
        "(number IN (SELECT rowid FROM experiments_text WHERE experiments_text MATCH ?)"
        " OR number IN (SELECT told.value FROM notes, json_each(notes.experiments) AS told WHERE "
        + " AND ".join(["instr(lower(notes.text), ?)"] * len(words))
        + "))",
        [beginnings, *(word.lower() for word in words)],
    )
