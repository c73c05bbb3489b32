"""What a paper is, and the ways in which its id is written."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from ..errors import BadInputError
from ..schemas.messages import changed

IdKind = Literal["arXiv", "doi", "openalex", "s2"]
MAX_ID = 300
"""Characters of an id or a URL of a paper."""
ARXIV_DOI = "10.48550/arxiv."
"""How the DOI begins that arXiv registers for its own papers, in lower case."""
_ARXIV = r"(?P<id>\d{4}\.\d{4,5}|[a-z-]{2,20}(?:\.[a-z]{2})?/\d{7})(?:v\d{1,3})?"
_ARXIV_HOSTS = r"(?:(?:www|export)\.)?arxiv\.org/(?:abs|pdf|html)/|ar5iv(?:\.labs\.arxiv)?\.org/html/|huggingface\.co/papers/"
_FORMS: tuple[tuple[IdKind, re.Pattern[str]], ...] = (
    (
        "arXiv",
        re.compile(
            rf"(?:arxiv:\s*|https?://(?:{_ARXIV_HOSTS})|(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?10\.48550/arxiv\.)?{_ARXIV}"
            r"(?:\.pdf|\.md)?",
            re.IGNORECASE,
        ),
    ),
    ("doi", re.compile(r"(?:doi:\s*|https?://(?:dx\.)?doi\.org/)?(?P<id>10\.\d{4,9}/[^\s?#\\]+)", re.IGNORECASE)),
    ("openalex", re.compile(r"(?:openalex:\s*|https?://(?:api\.)?openalex\.org/(?:works/)?)?(?P<id>W\d{1,15})", re.IGNORECASE)),
    (
        "s2",
        re.compile(
            r"(?:s2:\s*|https?://(?:www\.)?semanticscholar\.org/paper/(?:[^/\s]+/)?)?(?P<id>[0-9a-f]{40})", re.IGNORECASE
        ),
    ),
)


class PaperId(BaseModel):
    """The id of a paper, as one of the services gives it.

    Attributes:
        kind: Whose id it is.
        value: arXiv's id without its version, a DOI in lower case, OpenAlex's `W…`, or Semantic Scholar's 40 digits.
    """

    model_config = ConfigDict(frozen=True)

    kind: IdKind
    value: str

    @override
    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


def find_id(text: str) -> PaperId | None:
    """Return the id that a text is, in any of the usual forms; None if it is none."""
    stripped = text.strip()[: MAX_ID + 1]
    if len(stripped) > MAX_ID:
        return None
    for kind, form in _FORMS:
        if match := form.fullmatch(stripped):
            value = match["id"]
            return PaperId(kind=kind, value=value.upper() if kind == "openalex" else value.lower())
    return None


def parse_id(text: str) -> PaperId:
    """Return the id that a text is.

    Raises:
        BadInputError: It is none.
    """
    found = find_id(text)
    if found is None:
        shown = text.strip()[:80]
        raise BadInputError(
            f"{shown!r} is not the id of a paper",
            'Give an id such as "arXiv:2601.00001", "doi:10.1000/xyz", "openalex:W123", "s2:" with 40 digits, or a URL with'
            " one; search_papers finds ids",
        )
    return found


class Paper(BaseModel):
    """What is known of a paper. What isn't known is empty.

    Attributes:
        arxiv: arXiv's id without its version.
        doi: In lower case, without `https://doi.org/`. Not the one that arXiv registers.
        year: Of publication; of the first version on arXiv.
        summary: One sentence on what it is about, written by a service.
        citations: How many works cite it.
        code: URL of its code.
        origins: By field, the source that the value came from.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    arxiv: str = ""
    doi: str = ""
    openalex: str = ""
    s2: str = ""
    year: int | None = None
    authors: tuple[str, ...] = ()
    abstract: str = ""
    summary: str = ""
    citations: int | None = None
    code: str = ""
    origins: dict[str, str] = Field(default_factory=dict)

    @property
    def ids(self) -> list[PaperId]:
        """All its ids, the one that it is shown with first."""
        values: list[tuple[IdKind, str]] = [
            ("arXiv", self.arxiv),
            ("doi", self.doi),
            ("openalex", self.openalex),
            ("s2", self.s2),
        ]
        return [PaperId(kind=kind, value=value) for kind, value in values if value]

    @property
    def id(self) -> str:
        """The id that it is shown with."""
        return str(self.ids[0])

    def with_origin(self, source: str) -> Paper:
        """Return the paper, with `source` noted as the origin of all that is known of it."""
        known = [name for name in type(self).model_fields if name != "origins" and getattr(self, name) not in ("", None, ())]
        return changed(self, origins=dict.fromkeys(known, source))


def year_of_arxiv(arxiv: str) -> int | None:
    """Return the year in which an arXiv id was given; None for ids of before 2007."""
    return 2000 + int(arxiv[:2]) if re.match(r"\d{4}\.", arxiv) else None


def split_doi(doi: str | None) -> tuple[str, str]:
    """Return the arXiv id and the DOI that a DOI stands for; one of them is empty."""
    found = find_id(doi or "")
    if found is None:
        return "", ""
    return (found.value, "") if found.kind == "arXiv" else ("", found.value) if found.kind == "doi" else ("", "")


def one_line(text: str | None) -> str:
    """Return a text without line breaks: titles and abstracts are often wrapped hard."""
    return " ".join((text or "").split())
