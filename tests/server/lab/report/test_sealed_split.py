"""The test split: what a person is told of it, and from which files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from labhand.server.commands.report import as_html, as_markdown
from labhand.server.ids import run_id
from labhand.server.lab.report.gather import gather
from labhand.server.lab.report.sealed_split import FILE, SealedScore, unseal
from labhand.server.store.comparison import validation_pairs, validations

from ...dispatcher.scripted import Script, by_x, script
from .. import writing

pytestmark = pytest.mark.anyio
IDENTITY = {"version": "f9b92885a5a8", "data": "sotu-1024-9f19c33d", "tokens": 32768}


async def confirmed(lab: Script) -> str:
    """Confirm an idea by a validation; gives its id."""
    name = (await writing.launch(lab.lab, overrides={"X": 1.1})).experiments[0]
    await lab.play()
    await lab.validate(name)
    await lab.play()
    trainer = lab.lab.trainer
    metric = replace(trainer.file.metric, source="evaluator")
    lab.lab.in_force.trainer = replace(trainer, file=replace(trainer.file, metrics=(metric,)))
    return name


async def seal(lab: Script, gain: float, *, of: int = 8, **differs: object) -> list[Path]:
    """Leave what the runs of the reported pairs scored on the test split; gives the files of the candidate."""
    written: list[Path] = []
    for place, pair in enumerate((await validation_pairs.of_stage(lab.lab.db, 1, 1))[:of]):
        seed = 0.01 * (place % 3)
        ours = _leave(lab, pair.candidate.number, {"score": 1.9 + seed - gain, **IDENTITY, **differs})
        _leave(lab, pair.against.number, {"score": 1.9 + seed / 2, **IDENTITY})
        written.append(ours)
    return written


def _leave(lab: Script, experiment: int, told: Mapping[str, Any]) -> Path:
    folder = lab.lab.folder / "runs" / run_id(experiment, 1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(json.dumps(told), "utf-8")
    return folder / FILE


async def told(lab: Script) -> SealedScore:
    [found] = await unseal(lab.lab, await validations.numbered(lab.lab.db, [1]))
    return found


async def test_a_person_reads_the_gain_on_the_test_split_with_its_interval(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        name = await confirmed(lab)
        await seal(lab, gain=0.25)
        found = await told(lab)
        assert found.gain is not None
        assert found.gain.gain == pytest.approx(0.25, abs=0.01)
        assert (found.pairs, found.candidate) == (8, name)
        report = await gather(lab.lab)
        for page in (as_html(report), as_markdown(report)):
            assert "On the sealed test split" in page
            assert f"{found.gain.gain:+.3g}" in page.replace("\\", "")


@pytest.mark.parametrize(
    ("gain", "means"), [(4.0, "the gain holds"), (0.25, "smaller than on the validation split"), (-1.0, "smaller than")]
)
async def test_it_is_said_what_the_gain_on_the_test_split_means(tmp_path: Path, gain: float, means: str) -> None:
    async with script(tmp_path, by_x) as lab:
        await confirmed(lab)
        await seal(lab, gain)
        assert means in (await told(lab)).means


async def test_pairs_that_were_not_scored_alike_on_the_same_text_are_left_out(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        await confirmed(lab)
        assert ((await told(lab)).pairs, (await told(lab)).gain) == (0, None)
        await seal(lab, gain=0.25, data="another text")
        assert (await told(lab)).pairs == 0
        files = await seal(lab, gain=0.25)
        files[0].write_text(json.dumps({"score": None, "failure": "tampering", **IDENTITY}), "utf-8")
        files[1].write_text("no", "utf-8")
        found = await told(lab)
        assert (found.pairs, found.gain) == (6, None)
        assert "6 of its pairs" in found.means
        assert "has no gain: 6" in as_markdown(await gather(lab.lab))


async def test_a_link_is_not_read_for_whoever_laid_it(tmp_path: Path) -> None:
    async with script(tmp_path, by_x) as lab:
        await confirmed(lab)
        [first, *_] = await seal(lab, gain=0.25)
        elsewhere = first.rename(tmp_path / "elsewhere.json")
        first.symlink_to(elsewhere)
        assert (await told(lab)).pairs == 7
