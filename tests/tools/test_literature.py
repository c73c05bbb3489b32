"""The two tools for the literature, as a client calls them, on services on loopback."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from ..server.literature.services import MUON, TITLE, Services, serving
from .calls import data, prose, refusal
from .conftest import Connect

pytestmark = pytest.mark.anyio


@pytest.fixture
def services(root: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Services]:
    """Services that the lab's labhand.toml names."""
    monkeypatch.setenv("LABHAND_CACHE", str(root / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as served:
        settings = root / "labhand.toml"
        settings.write_text(settings.read_text() + served.toml(sources=["huggingface", "openalex"]))
        yield served


async def test_an_agent_finds_a_paper_reads_it_and_cites_it(connect: Connect, services: Services, mode: str) -> None:
    async with connect(mode=mode) as client:
        assert "found nor read" in await refusal(client, "launch_experiment", hypothesis="h", papers=[MUON])
        found = await data(client, "search_papers", query="muon", year=2026, limit="3")
        paper = found["papers"][0]["id"]
        outline = await prose(client, "read_paper", id=paper)
        section = await prose(client, "read_paper", id=paper, section=1.1)
        launched = await data(client, "launch_experiment", hypothesis="h", overrides={"X": 2.0}, papers=f"{paper}#1.1")
        noted = await data(client, "note", text="It holds", papers=[paper])
        shown = await data(client, "get_experiment", id=launched["experiments"][0])
        await data(client, "cancel", ids=["e0001-e0005"], reason="the test is over")

    assert len(services.of("huggingface")) == 1
    assert found["sources"] == {"huggingface": "answered 1", "openalex": "answered 1"}
    assert found["next"] == f'read_paper(id="{paper}")'
    assert "| 1 Introduction" in outline
    assert "| lr | 0.02" in section
    assert noted["papers"] == [paper]
    assert shown["papers"] == [f"{paper}#1.1 “{TITLE}”"]


async def test_a_server_that_only_reads_offers_the_literature_and_writes_nothing(
    connect: Connect, services: Services, root: Path
) -> None:
    async with connect() as client:
        await data(client, "get_briefing")  # the first call makes the lab
    settings = root / "labhand.toml"
    settings.write_text(f"read_only = true\n{settings.read_text()}")
    async with connect(read_only=True) as client:
        for _ in range(2):
            assert (await data(client, "search_papers", query="muon"))["papers"]
        assert TITLE in await prose(client, "read_paper", id=MUON)
    assert len(services.of("openalex")) == 2, "nothing was kept of the first call"


async def test_a_failure_is_an_error_and_no_empty_list(connect: Connect, services: Services) -> None:
    services.throttle("huggingface", Retry_After="600")
    services.replies["/openalex/works"] = None
    async with connect() as client:
        said = await refusal(client, "search_papers", query="muon")

    assert "huggingface throttled until 20" in said
    assert "openalex failed, not asked again until 20" in said
