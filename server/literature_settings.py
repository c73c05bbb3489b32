"""The table `[literature]` of `labhand.toml`: which services are asked for papers, and where they are."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

SourceName = Literal["huggingface", "openalex", "semantic_scholar", "arxiv", "datacite"]
"""A service that finds papers."""
PlaceName = Literal["huggingface", "openalex", "semantic_scholar", "arxiv", "datacite", "arxiv_html", "ar5iv"]
"""A service that finds papers, or one that only has their text."""
SOURCES: tuple[SourceName, ...] = get_args(SourceName)
BaseUrl = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~/-]*)?$", max_length=300)]


class Literature(BaseModel):
    """The services that `search_papers` and `read_paper` ask."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: list[SourceName] = Field(
        default=list(SOURCES),
        description="Services that are asked, the best first; `[]` switches the literature off. The last one, `datacite`, is"
        " asked for a search only if no other found anything",
    )
    full_text: bool = Field(
        default=True, description="Fetch the text of papers; if false, `read_paper` shows the abstract only"
    )
    contact: str = Field(
        default="",
        max_length=100,
        pattern=r"^[\x21-\x7e]*$",
        description="An e-mail address or URL that the services see as contact, as arXiv asks of programs",
    )
    urls: dict[PlaceName, BaseUrl] = Field(
        default={},
        description="Other base URLs, such as those of a mirror, by service: "
        + ", ".join(f"`{place}`" for place in get_args(PlaceName)),
    )

    @field_validator("sources")
    @classmethod
    def _refuse_repeated(cls, sources: list[SourceName]) -> list[SourceName]:
        if len(set(sources)) < len(sources):
            raise ValueError("a service is named twice")
        return sources
