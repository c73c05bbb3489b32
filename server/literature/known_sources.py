"""The services that the settings name, ready to be asked."""

from __future__ import annotations

from collections.abc import Mapping

from ..literature_settings import Literature, SourceName
from .arxiv import Arxiv
from .datacite import DataCite
from .huggingface import HuggingFace
from .openalex import OpenAlex
from .paper_source import PaperSource
from .semantic_scholar import SemanticScholar
from .transport import Transport

KINDS: Mapping[SourceName, type[PaperSource]] = {
    kind.name: kind for kind in (HuggingFace, OpenAlex, SemanticScholar, Arxiv, DataCite)
}


def sources(settings: Literature, transport: Transport) -> list[PaperSource]:
    """Return the services that `[literature]` names, in its order."""
    return [KINDS[name](settings.urls.get(name, KINDS[name].base), transport) for name in settings.sources]
