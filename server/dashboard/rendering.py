"""Templates as HTML. See `lab/templating.py` for how values are made safe."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from markupsafe import Markup, escape

from ..lab.durations import duration
from ..lab.sanitize import clean
from ..lab.templating import cleaned, template_environment

VERDICT_WORDS = {"not_shown": "not shown", "none": "", "pending": ""}


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return a template with values."""
    return _ENVIRONMENT.get_template(template).render(values)


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.4g}"


def _clock(at: float | None) -> str:
    return "" if not at else time.strftime("%d %b %H:%M", time.localtime(at))


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)


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


_ENVIRONMENT = template_environment(__package__ or "", partial(cleaned, digits=5), _FILTERS, autoescape=True)
