"""Taking a gain apart: the runs that it takes, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from labhand.server.domain import Experiment
from labhand.server.errors import BadInputError
from labhand.server.lab.analysis import analyze
from labhand.server.schemas.analysis import Analysis

from ...dispatcher.scripted import Script, script
from .. import writing

pytestmark = pytest.mark.anyio

CODE = {"file": "train.py", "find": "def loss_at", "replace": "NEW = 1  # shows in the table of knobs\n\n\ndef loss_at"}


def by_parts(experiment: Experiment, knobs: Mapping[str, object]) -> float:
    """What each part gains, known to the test alone: X 0.5, Y 0.2, code 0.4, and code with X 0.1 more."""
    x, y, code = knobs["X"] == 2.0, knobs["Y"] == -1.0, "NEW" in knobs
    return 5.0 - 0.5 * x - 0.2 * y - 0.4 * code - 0.1 * (code and x) + 0.001 * (experiment.seed % 7 - 3)


async def with_a_gain(lab: Script) -> str:
    """An experiment that changed two knobs and some code, which has run."""
    launched = await writing.launch(lab.lab, overrides={"X": 2.0, "Y": -1.0}, edits=[CODE], replicates=4)
    await lab.play()
    return launched.experiments[0].partition("-")[0]


async def analyzed(lab: Script, name: str) -> Analysis:
    return await analyze.analyze(lab.lab, "ablation", [name])


async def test_a_grid_takes_a_change_apart_and_the_analysis_gives_each_part_its_due(tmp_path: Path) -> None:
    async with script(tmp_path, by_parts) as lab:
        name = await with_a_gain(lab)
        shown = await writing.launch_grid(lab.lab, design="ablation", base=name, replicates=4, dry_run=True)
        grid = await writing.launch_grid(lab.lab, design="ablation", base=name, replicates=4)
        variants = [cell.variant for cell in shown.cells]
        assert variants[:4] == ["baseline", "whole", "code alone", "knobs alone"]
        assert [word.partition(" ")[0] for word in variants[4:]] == ["without"] * 3
        assert len(grid.duplicates) > 0, "the baseline and the whole had run"
        await lab.play()
        told = await analyzed(lab, name)
        parts = {part.term: part for part in told.made_of}
        assert parts["all of it"].gain == pytest.approx(1.2, abs=0.01)
        assert parts["code"].gain == pytest.approx(0.45, abs=0.01)
        assert parts["retuned knobs"].gain == pytest.approx(0.75, abs=0.01)
        assert "38 % of the gain is code, 62 % retuned knobs" in " ".join(told.tells)
        worth = {part.term.partition(" ")[0]: part for part in told.hunks}
        assert worth["X"].gain == pytest.approx(0.6, abs=0.01)
        assert worth["Y"].gain == pytest.approx(0.2, abs=0.01)
        assert worth["train.py"].gain == pytest.approx(0.5, abs=0.01)
        assert all(part.interval[0] <= part.gain <= part.interval[1] for part in told.hunks)


async def test_what_has_not_run_is_said_with_the_call_that_runs_it(tmp_path: Path) -> None:
    async with script(tmp_path, by_parts) as lab:
        name = await with_a_gain(lab)
        told = await analyzed(lab, name)
        assert [part.term for part in told.made_of] == ["all of it"]
        assert any(f'design="ablation", base="{name}"' in line for line in told.tells)


async def test_the_dry_run_names_the_parts_and_starts_nothing(tmp_path: Path) -> None:
    async with script(tmp_path, by_parts) as lab:
        name = await with_a_gain(lab)
        before = await writing.everything(lab.lab)
        told = await writing.launch_grid(lab.lab, design="ablation", base=name, replicates=2, dry_run=True)
        assert (told.total, told.grid) == (7, "")
        assert "3 of 3" in told.tells
        assert await writing.everything(lab.lab) == before


async def test_nothing_that_differs_in_one_thing_is_taken_apart(tmp_path: Path) -> None:
    async with script(tmp_path, by_parts) as lab:
        [name] = (await writing.launch(lab.lab, overrides={"X": 2.0})).experiments
        for base, word in (("baseline", "no"), (name, "only one")):
            with pytest.raises(BadInputError, match=f"has {word} change against the baseline"):
                await writing.launch_grid(lab.lab, design="ablation", base=base)
        with pytest.raises(BadInputError, match="splits the change of base"):
            await writing.launch_grid(lab.lab, design="ablation", base=name, factors={"X": [1.0]})


async def test_a_change_of_knobs_alone_is_said_to_be_that(tmp_path: Path) -> None:
    async with script(tmp_path, by_parts) as lab:
        [name] = (await writing.launch(lab.lab, overrides={"X": 2.0, "Y": -1.0})).experiments
        await lab.play()
        grid = await writing.launch_grid(lab.lab, design="ablation", base=name)
        assert [cell.variant.partition(" ")[0] for cell in grid.cells] == ["baseline", "whole", "without", "without"]
        assert "All of it is retuned knobs." in (await analyzed(lab, name)).tells


async def test_each_ancestors_own_change_is_a_part(tmp_path: Path) -> None:
    async with script(tmp_path, by_parts) as lab:
        [first] = (await writing.launch(lab.lab, overrides={"X": 2.0}, replicates=4)).experiments
        first = first.partition("-")[0]
        [second] = (await writing.launch(lab.lab, base=first, edits=[CODE], replicates=4)).experiments
        second = second.partition("-")[0]
        launched = await writing.launch(lab.lab, base=second, overrides={"Y": -1.0}, replicates=4)
        name = launched.experiments[0].partition("-")[0]
        await lab.play()
        told = await analyzed(lab, name)
        assert [part.term for part in told.ancestry] == [f"own change of {each}" for each in (first, second, name)]
        assert [part.gain for part in told.ancestry] == pytest.approx([0.5, 0.5, 0.2], abs=0.01)
        grid = await writing.launch_grid(lab.lab, design="ablation", base=name, replicates=4, dry_run=True)
        assert f"each one's own change is a part: {first}, {second}" in grid.tells
