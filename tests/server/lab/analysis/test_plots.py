"""Pictures of a campaign: that they show what there is, and say what there isn't."""

from __future__ import annotations

import struct
import time
from pathlib import Path
from typing import get_args

import pytest
from labhand.server.domain import Picture
from labhand.server.errors import BadInputError
from labhand.server.lab.analysis.plots import plot
from labhand.server.lab.lab import Lab
from labhand.server.store.comparison import champions

from ..campaign import bowl, run_all
from ..writing import find, launch, launch_grid, opened

pytestmark = pytest.mark.anyio


async def campaign(lab: Lab) -> None:
    """A grid with failures, a champion, a longer horizon."""
    factors = {"X": [0, 1, 2, 3, 4, 5], "Y": [-2, -1, 0]}
    await launch_grid(lab, factors=factors, replicates=2)
    await run_all(lab, lambda knobs: None if knobs["X"] == 5 else bowl(knobs))
    best = await find(lab, "e0021")
    async with lab.db.transaction() as tx:
        await champions.add_champion(tx, best.commit, best.number, time.time() + 1e9)
    await launch_grid(lab, factors=factors, budget_seconds=10)
    await run_all(lab, budget=10.0)


def size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


async def test_every_picture_is_as_wide_as_it_is_shown_and_says_what_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await campaign(lab)
        for what in get_args(Picture):
            drawn = await plot(lab, what, ["g001", "g002"])
            assert size(drawn.png)[0] == 990, what
            assert 300 < size(drawn.png)[1] < 1400, what
            assert drawn.caption
            (tmp_path / f"{what}.png").write_bytes(drawn.png)


async def test_captions_tell_what_the_picture_shows_and_leaves_out(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await campaign(lab)
        progress = (await plot(lab, "progress", ["g001"])).caption
        assert progress.startswith("36 experiments in order of completion. Champions: baseline at ")
        assert "e0021 at " in progress
        assert progress.endswith("Stratum s1: cpu, 5.0 s.")
        assert "Kendall's tau 0." in (await plot(lab, "horizons")).caption
        assert "the largest: X 3.0→0.0 -9" in (await plot(lab, "effects", ["g001"])).caption
        assert "6 ended without a score" in (await plot(lab, "timeline", ["g001"])).caption


async def test_what_cannot_be_shown_is_told_with_what_would_do(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        with pytest.raises(BadInputError, match="No experiment has a score yet"):
            await plot(lab)
        await launch(lab, replicates=2)
        await run_all(lab)
        with pytest.raises(BadInputError, match=r"differ in nothing.*launch_grid"):
            await plot(lab, "effects")
        with pytest.raises(BadInputError, match="No source is scored at two budgets"):
            await plot(lab, "horizons")
        for folder in (lab.folder / "runs").iterdir():
            (folder / "curve.jsonl").write_text('{"seconds": 1, "loss": NaN}\n[]\nnonsense\n{"seconds": 1e999, "loss": 1}\n')
        with pytest.raises(BadInputError, match="have no training curve"):
            await plot(lab, "curves")


async def test_words_of_an_experiment_are_drawn_as_they_stand(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch_grid(lab, factors={"NAME": ["$x^", r"\frac{", "a\nb"], "X": [1, 2]})
        await run_all(lab)
        for what in ("effects", "curves", "parallel"):
            assert size((await plot(lab, what)).png)[0] == 990
