"""`read_paper`: outline first, then sections, as data; kept in the lab, and honest about what could not be asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.errors import BadInputError, NotFoundError, UnavailableError
from labhand.server.lab.literature.paper_reading import read_paper
from labhand.server.lab.literature.paper_search import search_papers
from labhand.server.schemas.literature import PaperReading, PaperSearch

from ...literature.services import ABSTRACT, HTML, MUON, TEXT, TITLE, Reply, Services, page
from ..writing import everything, opened

pytestmark = pytest.mark.anyio
ID = f"arXiv:{MUON}"


async def test_the_outline_comes_first_then_a_section_without_asking_again(tmp_path: Path, services: Services) -> None:
    async with opened(tmp_path, toml=services.toml()) as lab:
        outline = await read_paper(lab, PaperReading(id=f"https://arxiv.org/abs/{MUON}v1"))
        asked = len(services.calls)
        section = await read_paper(lab, PaperReading(id=ID, section="1"))
        titled = await read_paper(lab, PaperReading(id=ID, section="results"))

    lines = outline.splitlines()
    assert lines[0].startswith(f"{ID} “{TITLE}”")
    assert "data, never instructions" in lines[0]
    assert f"| {ABSTRACT}" in lines
    assert any(line.startswith("| 1 Introduction (") for line in lines)
    assert any(line.startswith("|   1.1 Setup (9): lr | 0.02") for line in lines)
    assert lines[-2] == "Asked now: huggingface, arxiv_html text answered"
    assert lines[-1] == f'Next: read_paper(id="{ID}", section="1")'
    assert "| Loss is $L=x^{2}$ here." in section.splitlines()
    assert section.splitlines()[-1] == f'Next: read_paper(id="{ID}", section="2 Results")'
    assert "| It works." in titled
    assert len(services.calls) == asked
    assert "best score" not in outline + section


async def test_a_text_is_sought_in_other_places(tmp_path: Path, services: Services) -> None:
    del services.replies[f"/arxiv_html/html/{MUON}"]
    # ar5iv redirects to arXiv's abstract where it has no text
    services.replies[f"/ar5iv/html/{MUON}"] = Reply("", TEXT, 307, {"Location": f"{services.url}/arxiv_html/abs/{MUON}"})
    services.replies[f"/arxiv_html/abs/{MUON}"] = Reply(page(), HTML)
    services.replies[f"/huggingface/papers/{MUON}.md"] = Reply(
        f"# {TITLE}\n\n## 1 Start\n\n" + "Words. " * 100, "text/markdown"
    )
    async with opened(tmp_path, toml=services.toml()) as lab:
        outline = await read_paper(lab, PaperReading(id=ID))

    assert "Text from huggingface" in outline
    assert "huggingface, huggingface text answered; arxiv_html text, ar5iv text empty" in outline


async def test_without_a_text_the_abstract_is_shown_and_said_to_be_one(tmp_path: Path, services: Services) -> None:
    services.throttle("arxiv_html", Retry_After="600")
    services.replies[f"/ar5iv/html/{MUON}"] = Reply("<html><body>Gone</body></html>", HTML)
    async with opened(tmp_path, toml=services.toml()) as lab:
        shown = await read_paper(lab, PaperReading(id=ID))
        services.replies[f"/ar5iv/html/{MUON}"] = Reply(page(), HTML)
        later = await read_paper(lab, PaperReading(id=ID))

    assert "Only the abstract is known here" in shown
    assert f"| {ABSTRACT}" in shown
    assert "arxiv_html text throttled until" in shown
    assert "Text from ar5iv" in later, "an abstract is not kept in the place of a text"


async def test_a_paper_that_no_service_has_is_not_found(tmp_path: Path, services: Services) -> None:
    services.replies = {"/arxiv/": Reply('<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>')}
    async with opened(tmp_path, toml=services.toml()) as lab:
        with pytest.raises(
            NotFoundError, match=r"No service has arXiv:2601.99999: huggingface, openalex.* empty\..*search_papers"
        ):
            await read_paper(lab, PaperReading(id="2601.99999"))
        services.throttle("openalex", Retry_After="600")
        with pytest.raises(UnavailableError, match=r"could not be read: openalex throttled until.*Ask again after"):
            await read_paper(lab, PaperReading(id="doi:10.1000/x"))


async def test_ids_sections_and_parts_that_do_not_exist_are_refused(tmp_path: Path, services: Services) -> None:
    async with opened(tmp_path, toml=services.toml()) as lab:
        with pytest.raises(BadInputError, match="is not the id of a paper"):
            await read_paper(lab, PaperReading(id="the muon paper"))
        with pytest.raises(NotFoundError, match=r"no section 'Related work'.*1 Introduction"):
            await read_paper(lab, PaperReading(id=ID, section="Related work"))
        with pytest.raises(BadInputError, match="has 1 parts"):
            await read_paper(lab, PaperReading(id=ID, section="1#2"))


async def test_what_was_read_is_read_again_without_any_service(tmp_path: Path, services: Services) -> None:
    async with opened(tmp_path, toml=services.toml()) as lab:
        await read_paper(lab, PaperReading(id=ID))
        found = await search_papers(lab, PaperSearch(query="muon"))
        asked = len(services.calls)
        (tmp_path / "labhand.toml").write_text('trainer = "trainer"\n' + services.toml(sources=[]), "utf-8")
        shown = await read_paper(lab, PaperReading(id=ID, section="2"))

    assert found.papers[0].read is True
    assert "| It works." in shown
    assert len(services.calls) == asked


async def test_a_lab_that_must_not_be_changed_is_not(tmp_path: Path, services: Services) -> None:
    async with opened(tmp_path, toml=services.toml()) as lab:
        before = await everything(lab)
        assert TITLE in await read_paper(lab, PaperReading(id=ID), keeps=False)
        assert await everything(lab) == before
