"""What a person types to stop paying."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from labhand.server.commands import down as commands
from labhand.server.dispatcher.remaining_clusters import RemainingClusters
from labhand.server.errors import LabhandError
from labhand.server.lab.fleet import scale
from labhand.server.lab.lab import Lab
from labhand.server.main import app
from typer.testing import CliRunner

from ..backends.hired import Provider
from ..lab import builders, hiring, writing

HOUR = 3600.0
PATIENCE_SECONDS = 120


@pytest.fixture(autouse=True)
def in_no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at once."""
    monkeypatch.setattr(commands, "POLL_SECONDS", 0.0)


def ask_of(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask this provider what is left."""

    async def remaining(_: Path) -> RemainingClusters:
        provider.ask()
        names = [cluster.name for cluster in provider.clusters.values() if cluster.status != "gone"]
        return RemainingClusters(names, ["squeue --me | grep lh-1-"])

    monkeypatch.setattr(commands, "remaining", remaining)


async def down(lab: Lab, provider: Provider) -> list[str]:
    """Give everything up while a dispatcher is at work, which goes on until nothing is left to do."""
    is_down, left = anyio.Event(), ["everything"]
    async with hiring.dispatcher(lab, provider) as loop, anyio.create_task_group() as both:

        async def dispatch() -> None:
            while await loop.look_again() or not is_down.is_set():  # noqa: ASYNC110 - it works meanwhile
                await anyio.sleep(0.01)

        both.start_soon(dispatch)
        with anyio.fail_after(PATIENCE_SECONDS):
            left = await commands.give_up(lab)
        is_down.set()
    return left


@pytest.mark.anyio
async def test_down_gives_everything_up_and_shows_what_it_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = Provider(instantly=False)
    ask_of(provider, monkeypatch)
    async with hiring.lab(tmp_path) as lab:
        provider.launch("h100", 8, ago=HOUR / 2)
        provider.launch("h200", 3, ago=60.0)
        async with hiring.dispatcher(lab, provider) as loop:
            await builders.experiment(lab, gpu="H100", clock="wall")
            await loop.tick()
        assert await down(lab, provider) == []
        assert [cluster.status for cluster in provider.clusters.values()] == ["gone", "gone"]
        assert [experiment.status for experiment in await writing.experiments(lab)] == ["queued"]
        assert await scale.held_clusters(lab) == []
    printed = capsys.readouterr()
    assert "30.0" in printed.out
    assert "total $8.27" in printed.out
    assert "h100-1 up, h200-2 up" in printed.err
    *_, whose_word, command = printed.out.splitlines()
    assert whose_word.startswith("Nothing of this lab is left running, says SkyPilot")
    assert command == "To ask the infrastructure itself: squeue --me | grep lh-1-"


@pytest.mark.anyio
async def test_down_waits_for_what_only_the_provider_knows_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = Provider()
    answers: list[list[str] | LabhandError] = [["h100-9"], LabhandError("the API server is down"), []]

    async def remaining(_: Path) -> RemainingClusters:
        answer = answers.pop(0)
        if isinstance(answer, LabhandError):
            raise answer
        return RemainingClusters(answer, [])

    monkeypatch.setattr(commands, "remaining", remaining)
    async with hiring.lab(tmp_path) as lab:
        assert await down(lab, provider) == []
    assert answers == []


@pytest.mark.anyio
async def test_down_names_what_it_could_not_get_rid_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "PATIENCE_SECONDS", 0.0)
    provider = Provider()
    ask_of(provider, monkeypatch)
    async with hiring.lab(tmp_path) as lab:
        provider.clusters["h100-1"] = hiring.cluster()
        await hiring.told(lab, hiring.cluster("a100-1", pool="a100"), pool="a100")
        assert await commands.give_up(lab) == ["h100-1", "a100-1"]


def test_down_and_up_on_the_command_line_of_a_lab_that_hires_nothing(tmp_path: Path) -> None:
    writing.lay_out(tmp_path)
    for command, told in (("down", "No pool of this lab launches clusters"), ("up", "No pool was stopped")):
        done = CliRunner().invoke(app, [command, "--root", str(tmp_path)])
        assert done.exit_code == 0, done.output
        assert told in done.output
