"""Templates as HTML. Names, hypotheses and logs are other people's text: every value is cleaned and escaped."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ..lab.sanitize import clean
from ..schemas.results import Common, Row, whole_row

VERDICT_WORDS = {"not_shown": "not shown", "none": "", "pending": ""}


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return a template with values."""
    return _ENVIRONMENT.get_template(template).render(values)


def full_rows(rows: Sequence[Row], common: Common | None) -> list[dict[str, Any]]:
    """Return the rows of an answer, each with the values that all of them share."""
    return [whole_row(row, common) for row in rows]


def _finalized(value: Any) -> Any:  # noqa: ANN401 - a template shows values of any type
    """Return a value as a page shows it: without control characters, empty for None."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return "\n".join(clean(each) for each in value.split("\n"))
    return value


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.4g}"


def _clock(at: float | None) -> str:
    return "" if not at else time.strftime("%d %b %H:%M", time.localtime(at))


def _duration(seconds: float | None) -> str:
    """Return a time in its largest units."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _verdict(name: str | None) -> Markup:
    """Return a verdict as a chip, readable without its colour."""
    word = VERDICT_WORDS.get(name or "", name or "")
    return Markup('<span class="chip v-{}">{}</span>').format(name, word) if word else Markup()


def _diff(text: str) -> Markup:
    """Return a diff with each line marked as added, removed or neither."""
    kinds = {"+": "added", "-": "removed", "@": "place"}
    lines = [
        Markup('<span class="{}">{}</span>').format(kinds.get(each[:1], ""), escape(clean(each))) for each in text.split("\n")
    ]
    return Markup("\n").join(lines)


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "clock": _clock,
    "diff": _diff,
    "duration": _duration,
    "signed": _signed,
    "verdict": _verdict,
}


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        finalize=_finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Any = environment.filters  # its type is inferred from its default contents
    filters.update(_FILTERS)
    return environment


_ENVIRONMENT = _environment()
