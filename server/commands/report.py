"""`labhand report`: a report on the lab as an HTML page and as Markdown; `lab/templating.py` makes values safe."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment

from ..lab.report import gather
from ..lab.report.gather import LabReport
from ..lab.templating import cleaned, cleaned_lines, template_environment
from ..schemas.approval import PlanDeed, PlanSummary
from ..schemas.messages import Answer
from .console import err, in_words, working
from .show import with_lab

HTML = "report.html"
MARKDOWN = "report.md"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$])")


class Verbatim(str):
    """Markdown that is inserted without escaping."""

    __slots__ = ()


def write_report(root: Path, folder: Path) -> None:
    """Write the report of the lab at `root` into a folder, which is created: an HTML page, a Markdown page and the pictures."""
    with working("Gathering the results and drawing the plots"):
        report = with_lab(root, gather.gather)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HTML).write_text(as_html(report), "utf-8")
    (folder / MARKDOWN).write_text(as_markdown(report), "utf-8")
    for name, picture in report.figures.items():
        (folder / f"{name}.png").write_bytes(picture.png)
    err.print(f"Wrote {folder / HTML}, which needs no other file, and {folder / MARKDOWN} with its pictures.", markup=False)


def as_html(report: LabReport) -> str:
    """Return the report as one HTML page that needs no other file."""
    return _templates(cleaned, autoescape=True).get_template(HTML).render(_template_values(report))


def as_markdown(report: LabReport) -> str:
    """Return the report as Markdown; its pictures are separate files."""
    text = _templates(_escaped, autoescape=False).get_template(MARKDOWN).render(_template_values(report))
    return re.sub(r"\n{3,}", "\n\n", text)


def _templates(finalize: Callable[[Any], Any], *, autoescape: bool) -> Environment:
    return template_environment(__package__ or "", finalize, _FILTERS, autoescape=autoescape)


def _template_values(report: LabReport) -> dict[str, Any]:
    return {"report": report, "briefing": report.briefing, "written": time.strftime("%Y-%m-%d %H:%M %Z")}


def _interval(ends: Sequence[float]) -> str:
    return f"{ends[0]:+.3g} to {ends[1]:+.3g}" if ends else ""


def _escaped(value: Any) -> Any:  # noqa: ANN401 - a template shows values of any type
    """Return a value as one line of Markdown in which every special character is escaped."""
    if isinstance(value, Verbatim):
        return value
    plain = cleaned(value)
    return _SPECIAL.sub(r"\\\1", " ".join(plain.split())) if isinstance(plain, str) else plain


def _fenced(text: str, language: str) -> Verbatim:
    """Return code between fences that are longer than any sequence of backticks in it."""
    plain = cleaned_lines(text)
    longest = max((len(run) for run in re.findall(r"`+", plain)), default=0)
    fence = "`" * max(3, longest + 1)
    return Verbatim(f"{fence}{language}\n{plain.rstrip()}\n{fence}")


def _data(png: bytes) -> str:
    """Return a picture as a data URL."""
    return f"data:image/png;base64,{b64encode(png).decode()}"


def _attributes_of(row: object, names: Sequence[str]) -> list[Any]:
    return [_cell(getattr(row, name)) for name in names]


def _plan_cells(plan: PlanSummary) -> list[Any]:
    """Return a row that has what was planned beside what came of it."""
    deed = plan.deed or PlanDeed()
    money = (plan.gpu_hours, deed.gpu_hours, plan.usd, deed.usd, deed.experiments)
    return [plan.plan, plan.state, plan.decided_by, "; ".join(plan.questions), plan.success, *money]


def _figures(answer: Answer | None) -> dict[str, Any]:
    """Return the figures of a part of an answer by name, without those that are absent."""
    return {} if answer is None else answer.model_dump()


def _without_underscores(figures: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name.replace("_", " "), value) for name, value in figures.items()]


def _cell(value: Any) -> Any:  # noqa: ANN401 - a row holds values of any type
    return ", ".join(f"{part:.3g}" for part in cast(list[float], value)) if isinstance(value, list) else value


def _dashes(_head: str) -> str:
    return "---"


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "attributes_of": _attributes_of,
    "dashes": _dashes,
    "data": _data,
    "fenced": _fenced,
    "interval": _interval,
    "plan_cells": _plan_cells,
    "figures": _figures,
    "without_underscores": _without_underscores,
    "verbatim": Verbatim,
    "words": in_words,
}
