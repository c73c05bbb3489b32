"""`labhand report`: the lab as a page to read with coffee, and the same as Markdown.

Whatever came from a run or from an agent is untrusted: every value that a template shows is cleaned and escaped by the
template's environment, not by whoever writes a template.
"""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..lab.report import gather
from ..lab.report.gather import LabReport
from ..lab.sanitize import clean
from .console import err, in_words
from .show import with_lab

HTML = "report.html"
MARKDOWN = "report.md"
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$])")


class Verbatim(str):
    """Markdown that is put in as it stands."""

    __slots__ = ()


def write_report(root: Path, folder: Path) -> None:
    """Write the report of the lab at `root` into a folder, which is made: a page, the same as Markdown, and its pictures."""
    found = with_lab(root, gather.gather)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HTML).write_text(as_html(found), "utf-8")
    (folder / MARKDOWN).write_text(as_markdown(found), "utf-8")
    for what, drawn in found.figures.items():
        (folder / f"{what}.png").write_bytes(drawn.png)
    err.print(f"Wrote {folder / HTML}, which stands alone, and {folder / MARKDOWN} with its pictures.", markup=False)


def as_html(found: LabReport) -> str:
    """The report as one page that needs nothing else."""
    return _environment(_cleaned, autoescape=True).get_template(HTML).render(_told(found))


def as_markdown(found: LabReport) -> str:
    """The report as Markdown, its pictures beside it."""
    text = _environment(_escaped, autoescape=False).get_template(MARKDOWN).render(_told(found))
    return re.sub(r"\n{3,}", "\n\n", text)


def _environment(finalize: Callable[[Any], Any], *, autoescape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=autoescape,  # noqa: S701  Markdown is escaped by `_escaped`
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filters: Any = environment.filters  # typed after its own contents
    filters.update(_FILTERS)
    return environment


def _told(found: LabReport) -> dict[str, Any]:
    return {"report": found, "briefing": found.briefing, "written": time.strftime("%Y-%m-%d %H:%M %Z")}


def _interval(ends: Sequence[float]) -> str:
    return f"{ends[0]:+.3g} to {ends[1]:+.3g}" if ends else ""


def _cleaned(value: Any) -> Any:  # noqa: ANN401  whatever a template shows
    """A value for people to read: no control characters, nothing for what is absent."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    # Markup is what autoescape has already made safe.
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return "\n".join(clean(line) for line in value.split("\n"))
    return value


def _escaped(value: Any) -> Any:  # noqa: ANN401  whatever a template shows
    """A value as one line of Markdown in which nothing is markup."""
    if isinstance(value, Verbatim):
        return value
    told = _cleaned(value)
    return _SPECIAL.sub(r"\\\1", " ".join(told.split())) if isinstance(told, str) else told


def _fenced(text: str, language: str) -> Verbatim:
    """Code between fences that are longer than any run of backticks in it."""
    plain = "\n".join(clean(line) for line in text.split("\n"))
    longest = max((len(run) for run in re.findall(r"`+", plain)), default=0)
    fence = "`" * max(3, longest + 1)
    return Verbatim(f"{fence}{language}\n{plain.rstrip()}\n{fence}")


def _data(png: bytes) -> str:
    """A picture within the page."""
    return f"data:image/png;base64,{b64encode(png).decode()}"


def _attributes_of(row: object, names: Sequence[str]) -> list[Any]:
    return [_cell(getattr(row, name)) for name in names]


def _items_of(row: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    return [_cell(row.get(name)) for name in names]


def _spoken(figures: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name.replace("_", " "), value) for name, value in figures.items()]


def _cell(value: Any) -> Any:  # noqa: ANN401  whatever a row holds
    return ", ".join(f"{part:.3g}" for part in cast(list[float], value)) if isinstance(value, list) else value


def _dashes(_head: str) -> str:
    return "---"


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "attributes_of": _attributes_of,
    "dashes": _dashes,
    "data": _data,
    "fenced": _fenced,
    "interval": _interval,
    "items_of": _items_of,
    "spoken": _spoken,
    "verbatim": Verbatim,
    "words": in_words,
}
