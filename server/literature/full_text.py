"""Where the text of a paper on arXiv is: arXiv's HTML, then ar5iv's, then Hugging Face's Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from anyio import to_thread

from ..literature_settings import PlaceName
from .html_text import UnreadableHtmlError, html_sections
from .markdown_text import markdown_sections
from .paper_text import PaperText, Section
from .transport import NOT_FOUND, Origin, Page, PageRequest, SourceTrouble, Transport, origin_of

MAX_BYTES = 12_000_000
MAX_SECONDS = 20.0
MIN_CHARACTERS = 400
"""A text with fewer characters is a page that says that there is none, or a conversion that failed."""


@dataclass(frozen=True, slots=True)
class TextPlace:
    """A place that has texts.

    Attributes:
        name: In `labhand.toml` and in answers.
        base: Its base URL, unless `labhand.toml` names another.
        path: Of a paper, with `{id}`.
        also: Places to which it may redirect.
        spacing: Seconds between two requests.
        read: Makes sections of a page's text.
        kept_path: What the path still has after redirects; elsewhere there is no text.
    """

    name: PlaceName
    base: str
    path: str
    read: Callable[[str], list[Section]]
    kept_path: str
    also: Sequence[PlaceName] = ()
    spacing: float = 0.0


PLACES: tuple[TextPlace, ...] = (
    TextPlace("arxiv_html", "https://arxiv.org", "/html/{id}", html_sections, "/html/", spacing=3.0),
    TextPlace("ar5iv", "https://ar5iv.labs.arxiv.org", "/html/{id}", html_sections, "/html/", also=("arxiv_html",)),
    TextPlace("huggingface", "https://huggingface.co", "/papers/{id}.md", markdown_sections, "/papers/"),
)
_BASES = {place.name: place.base for place in PLACES}


async def fetch_text(place: TextPlace, arxiv: str, urls: Mapping[PlaceName, str], transport: Transport) -> PaperText | None:
    """Return the text of a paper at one place; None if the place has none.

    Args:
        place: The place.
        arxiv: The paper's id at arXiv.
        urls: Other base URLs, by name of place.
        transport: Sends the request.

    Raises:
        SourceTrouble: The place gave no answer that can be used.
    """
    base = urls.get(place.name, place.base).rstrip("/")
    request = PageRequest(
        service=base,
        url=base + place.path.format(id=arxiv),
        allowed=_allowed([base, *(urls.get(name, _BASES[name]) for name in place.also)]),
        spacing=place.spacing,
        rest_seconds=300.0,
        max_bytes=MAX_BYTES,
        max_seconds=MAX_SECONDS,
    )
    page = await transport.get(request)
    if page.status == NOT_FOUND or place.kept_path not in page.url:
        return None
    _refuse_other_form(page, is_markdown=place.path.endswith(".md"))
    text = page.body.decode("utf-8", "replace")
    try:
        sections = await to_thread.run_sync(partial(place.read, text))
    except UnreadableHtmlError as error:
        raise SourceTrouble("failed", str(error)) from error
    if sum(len(section.text) for section in sections) < MIN_CHARACTERS:
        return None
    return PaperText(place=place.name, sections=tuple(sections))


def _allowed(bases: Sequence[str]) -> frozenset[Origin]:
    return frozenset(origin_of(base) for base in bases)


def _refuse_other_form(page: Page, *, is_markdown: bool) -> None:
    looks_like_html = re.match(rb"\s*<(?:!doctype|html)", page.body[:200], re.IGNORECASE) is not None
    if is_markdown and (looks_like_html or page.content_type == "text/html"):
        raise SourceTrouble("failed", "it answered a web page instead of Markdown")
    if not is_markdown and not looks_like_html and "html" not in page.content_type:
        raise SourceTrouble("failed", f"it answered {page.content_type or 'no type'} instead of a web page")
