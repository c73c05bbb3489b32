"""Experiments and notes cite papers that the lab knows; the experiment's page and the report show them."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.commands.report import as_html, as_markdown
from labhand.server.errors import BadInputError, NotFoundError
from labhand.server.lab.inspect.experiment import get_experiment
from labhand.server.lab.literature.paper_reading import read_paper
from labhand.server.lab.manage.notebook import note
from labhand.server.lab.report import gather
from labhand.server.schemas.literature import PaperReading

from ...literature.services import MUON, TITLE, Services
from ..writing import ME, everything, experiments, launch, launch_grid, opened

pytestmark = pytest.mark.anyio
ID = f"arXiv:{MUON}"


async def test_citations_show_in_the_experiment_and_in_the_report(tmp_path: Path, services: Services) -> None:
    async with opened(tmp_path, toml=services.toml()) as lab:
        await read_paper(lab, PaperReading(id=ID))
        one = await launch(lab, overrides={"X": 2.5}, papers=[f"https://arxiv.org/abs/{MUON}#3.2", MUON])
        grid = await launch_grid(lab, factors={"X": [0.5, 1.5]}, papers=[ID])
        noted = await note(lab, "It holds", one.experiments, None, ME, papers=[f"{ID}#2"])
        detail = await get_experiment(lab, one.experiments[0])
        cell = await get_experiment(lab, grid.cells[0].id)
        baseline = await get_experiment(lab, one.baseline[0].partition("-")[0])
        report = await gather.gather(lab)

    assert detail.papers == [f"{ID}#3.2 “{TITLE}”", f"{ID} “{TITLE}”"]
    assert cell.papers == [f"{ID} “{TITLE}”"]
    assert baseline.papers == [], "replicates that the lab adds rest on no paper"
    assert noted.papers == [f"{ID}#2"]
    [use] = report.papers
    assert (use.id, use.title, use.sections) == (ID, TITLE, "2, 3.2")
    assert use.cited_by.endswith(f"note {noted.note}")
    assert one.experiments[0] in use.cited_by
    assert use.read
    for shown in (as_html(report), as_markdown(report)):
        assert TITLE in shown


async def test_a_paper_that_the_lab_does_not_know_is_not_cited_and_nothing_is_written(
    tmp_path: Path, services: Services
) -> None:
    async with opened(tmp_path, toml=services.toml()) as lab:
        before = await everything(lab)
        for papers, error in ((["2601.12345"], NotFoundError), (["Smith et al."], BadInputError)):
            with pytest.raises(error, match=r"search_papers"):
                await launch(lab, overrides={"X": 2.5}, papers=papers)
            with pytest.raises(error):
                await launch_grid(lab, factors={"X": [0.5, 1.5]}, papers=papers, dry_run=True)
            with pytest.raises(error):
                await note(lab, "It holds", [], None, ME, papers=papers)

        assert await everything(lab) == before
        assert await experiments(lab) == []
    assert services.calls == []


async def test_a_launch_without_papers_keeps_its_request_id(tmp_path: Path, services: Services) -> None:
    async with opened(tmp_path, toml=services.toml()) as lab:
        await read_paper(lab, PaperReading(id=ID))
        first = await launch(lab, overrides={"X": 2.5}, papers=[ID], request_id="r1")
        second = await launch(lab, overrides={"X": 2.5}, papers=[ID], request_id="r1")

    assert second.experiments == first.experiments
