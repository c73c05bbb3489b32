"""`search_papers` in a lab whose services are on loopback: merged rows, and what each service answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from labhand.server.errors import BadInputError, UnavailableError
from labhand.server.lab.literature.paper_search import search_papers
from labhand.server.schemas.literature import PaperSearch

from ...literature.services import HTML, MUON, TITLE, Reply, Services
from ..writing import everything, opened

pytestmark = pytest.mark.anyio
ASKED = PaperSearch(query="muon optimizer")


async def test_papers_are_merged_and_each_service_says_what_it_answered(tmp_path: Path, services: Services) -> None:
    async with opened(tmp_path, toml=services.toml()) as lab:
        found = await search_papers(lab, ASKED)
        again = await search_papers(lab, ASKED)

    best, older = found.papers
    assert (best.id, best.title, best.year, best.cited_by) == (f"arXiv:{MUON}", TITLE, 2026, 3)
    assert (best.about, best.code, best.by) == ("Muon helps.", "https://github.com/a/b", "Ada Example")
    assert older.year == 2024
    assert found.sources == {
        "huggingface": "answered 2",
        "openalex": "answered 1",
        "semantic_scholar": "answered 1",
        "arxiv": "answered 1",
    }
    assert (found.note, found.next) == ("", f'read_paper(id="arXiv:{MUON}")')
    assert [paper.id for paper in again.papers] == [paper.id for paper in found.papers]
    assert all("its answer of " in text for text in again.sources.values())
    assert len(services.calls) == 4, "an answer of the same day is not asked for again, and DataCite is the fallback"


async def test_a_service_that_fails_is_told_beside_those_that_answer(tmp_path: Path, services: Services) -> None:
    services.throttle("openalex", Retry_After="7200")
    services.throttle("arxiv")
    services.replies["/semantic_scholar/graph/v1/paper/search"] = Reply("<html>", HTML)
    async with opened(tmp_path, toml=services.toml()) as lab:
        found = await search_papers(lab, ASKED)

    assert len(found.papers) == 2
    assert found.sources["openalex"].startswith("throttled until 20")
    assert found.sources["arxiv"].startswith("throttled until 20")
    assert found.sources["semantic_scholar"] == "failed: it answered a web page instead of data (HTTP 200)"
    assert found.note == "Papers may be missing: openalex, semantic_scholar, arxiv could not be asked"


async def test_datacite_is_asked_when_the_others_have_nothing(tmp_path: Path, services: Services) -> None:
    services.replies["/huggingface/api/papers/search"] = Reply("[]")
    for place in ("openalex", "semantic_scholar", "arxiv"):
        services.throttle(place)
    async with opened(tmp_path, toml=services.toml()) as lab:
        found = await search_papers(lab, ASKED)

    assert [paper.id for paper in found.papers] == [f"arXiv:{MUON}"]
    assert (found.sources["huggingface"], found.sources["datacite"]) == ("empty", "answered 1")


async def test_no_hits_are_said_only_if_every_service_says_so(tmp_path: Path, services: Services) -> None:
    sources = ["huggingface", "openalex"]
    services.replies |= {"/huggingface/api/papers/search": Reply("[]"), "/openalex/works": Reply('{"results": []}')}
    async with opened(tmp_path, toml=services.toml(sources=sources)) as lab:
        found = await search_papers(lab, ASKED)
        assert (found.papers, found.sources) == ([], dict.fromkeys(sources, "empty"))

        services.throttle("openalex", Retry_After="600")
        with pytest.raises(UnavailableError) as caught:
            await search_papers(lab, PaperSearch(query="another query"))
    told = str(caught.value)
    assert "openalex throttled until" in told
    assert "huggingface empty" in told
    assert "Ask again after 20" in told
    assert "doesn't say that there is no such paper" in told


async def test_services_that_fail_alike_are_told_together(tmp_path: Path, services: Services) -> None:
    services.replies = {"/": Reply("Sorry", "text/plain", 500)}
    async with opened(tmp_path, toml=services.toml()) as lab:
        with pytest.raises(UnavailableError, match="huggingface, openalex, semantic_scholar, arxiv, datacite failed: HTTP 500"):
            await search_papers(lab, ASKED)


async def test_an_earlier_answer_is_used_while_a_service_is_down(tmp_path: Path, services: Services) -> None:
    async with opened(tmp_path, toml=services.toml(sources=["huggingface"])) as lab:
        await search_papers(lab, ASKED)
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE paper_answers SET fetched_at = fetched_at - 864000")
        services.throttle("huggingface", Retry_After="3600")
        found = await search_papers(lab, ASKED)

    assert len(found.papers) == 2
    assert found.sources["huggingface"].startswith("throttled until ")
    assert "; its answer of 20" in found.sources["huggingface"]
    assert found.note


async def test_text_of_services_is_cleaned_and_cut(tmp_path: Path, services: Services) -> None:
    title = "A\x1b[31m red\u202e title " + "x" * 900
    papers = [{"paper": {"id": MUON, "title": title, "githubRepo": "javascript:alert(1)", "summary": "a" * 9000}}]
    services.replies["/huggingface/api/papers/search"] = Reply(json.dumps(papers))
    async with opened(tmp_path, toml=services.toml(sources=["huggingface"])) as lab:
        [row] = (await search_papers(lab, ASKED)).papers

    assert row.title.startswith("A red title x")
    assert len(row.title) <= 200
    assert len(row.about) <= 220
    assert row.code == ""


async def test_a_lab_that_must_not_be_changed_is_not(tmp_path: Path, services: Services) -> None:
    async with opened(tmp_path, toml=services.toml()) as lab:
        before = await everything(lab)
        found = await search_papers(lab, ASKED, keeps=False)

        assert found.papers
        assert await everything(lab) == before


@pytest.mark.parametrize("year", ["25", "soon", "2026-2024", "20245", "-", "2024-2025-2026", "9999"])
async def test_years_that_cannot_be_read_are_refused(tmp_path: Path, services: Services, year: str) -> None:
    async with opened(tmp_path, toml=services.toml()) as lab:
        with pytest.raises(BadInputError, match=r"year=.*2022-2024"):
            await search_papers(lab, PaperSearch(query="muon", year=year))
        with pytest.raises(BadInputError, match="has no words"):
            await search_papers(lab, PaperSearch(query="???"))
    assert services.calls == []


async def test_a_person_can_switch_the_literature_off(tmp_path: Path, services: Services) -> None:
    async with opened(tmp_path, toml=services.toml(sources=[])) as lab:
        with pytest.raises(BadInputError, match="switched off"):
            await search_papers(lab, ASKED)
    assert services.calls == []
