"""Several sources' records of one paper become one row, and records of two papers never do."""

from __future__ import annotations

import pytest
from labhand.server.errors import BadInputError
from labhand.server.literature.merging import merge, same
from labhand.server.literature.paper import Paper, parse_id

ONE = Paper(title="Muon optimizers for small models", arxiv="2601.00001", year=2026, authors=("Ada Example",))


@pytest.mark.parametrize(
    "other",
    [
        Paper(title="Another title", arxiv="2601.00001"),
        Paper(title="Muon Optimizers for Small Models.", doi="10.1/x", year=2027, authors=("Example, A.",)),
        Paper(title="MUON OPTIMIZERS: FOR SMALL MODELS", openalex="W1"),
    ],
)
def test_records_of_one_paper(other: Paper) -> None:
    assert same(ONE, other)
    assert len(merge({"a": [ONE], "b": [other]})) == 1


@pytest.mark.parametrize(
    "other",
    [
        Paper(title=ONE.title, arxiv="2601.00002"),
        Paper(title=ONE.title, doi="10.1/x", year=2020),
        Paper(title=ONE.title, doi="10.1/x", authors=("Bob Other",)),
        Paper(title="Muon", doi="10.1/x"),
    ],
)
def test_records_of_two_papers(other: Paper) -> None:
    assert not same(ONE, other)


def test_what_sources_agree_on_comes_first_and_fields_keep_their_origin() -> None:
    lone = Paper(title="A lone first hit of one source", arxiv="2601.00009").with_origin("a")
    cited = Paper(title=ONE.title, arxiv=ONE.arxiv, doi="10.1/x", citations=7).with_origin("b")
    first, second = merge({"a": [lone, ONE.with_origin("a")], "b": [cited]})

    assert (first.arxiv, first.doi, first.citations, second) == (ONE.arxiv, "10.1/x", 7, lone)
    assert (first.origins["title"], first.origins["citations"]) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("2601.00001", "arXiv:2601.00001"),
        ("arXiv:2601.00001v3", "arXiv:2601.00001"),
        ("ARXIV:2601.00001", "arXiv:2601.00001"),
        ("https://arxiv.org/pdf/2601.00001v2.pdf", "arXiv:2601.00001"),
        ("http://arxiv.org/abs/cs.LG/0601001", "arXiv:cs.lg/0601001"),
        ("https://huggingface.co/papers/2601.00001", "arXiv:2601.00001"),
        ("https://doi.org/10.48550/arXiv.2601.00001", "arXiv:2601.00001"),
        ("https://doi.org/10.1145/ABC.def", "doi:10.1145/abc.def"),
        ("https://openalex.org/W12", "openalex:W12"),
        (f"https://www.semanticscholar.org/paper/A-title/{'a' * 40}", f"s2:{'a' * 40}"),
    ],
)
def test_ids_in_their_usual_forms(text: str, id: str) -> None:
    assert str(parse_id(text)) == id
    assert str(parse_id(id)) == id


@pytest.mark.parametrize(
    "text", ["", "muon", "e0001", "https://evil.example/2601.00001", "2601.1", "10.1/", "../etc", "x" * 9999]
)
def test_what_is_no_id_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(BadInputError, match=r"is not the id of a paper.*arXiv:2601"):
        parse_id(text)
