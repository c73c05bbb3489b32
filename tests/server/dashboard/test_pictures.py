"""The pictures of the dashboard: what they show, and where."""

from __future__ import annotations

import re

from labhand.server.dashboard import curves_picture, progress_picture
from labhand.server.dashboard.picture import Scale
from labhand.server.domain import Metric, Outcome, Stratum, Verdict
from labhand.server.lab.inspect.curves import Curve
from labhand.server.lab.monitor.research_progress import ResearchProgress
from labhand.server.store.comparison.champion_steps import ChampionStep

METRIC = Metric("val_bpb", "minimize", self_reported=False)
STRATUM = Stratum(1, {"device": "cpu"}, 2.0, 4, 0.01, 3)


def progress(*outcomes: Outcome, champions: tuple[ChampionStep, ...] = (ChampionStep(0, 2.0, "baseline"),)) -> ResearchProgress:
    return ResearchProgress(METRIC, STRATUM, outcomes, champions, ())


def outcome(number: int, score: float | None, verdict: str = "worse") -> Outcome:
    return Outcome(number, score, Verdict(verdict), 0.0)


def test_a_scale_has_round_ticks_and_keeps_what_lies_outside_at_its_ends() -> None:
    scale = Scale(1.93, 2.11, 0, 100)
    assert scale.ticks() == [1.95, 2.0, 2.05, 2.1]
    assert [scale.place(value) for value in (1.0, 1.93, 2.02, 2.11, 9.0)] == [0, 0, 50, 100, 100]
    assert Scale(3, 3, 0, 10).ticks() == [3]
    assert Scale(3, 3, 0, 10).place(3) == 5


def test_every_experiment_is_a_dot_with_its_verdict_and_better_is_up() -> None:
    shown = progress(outcome(1, 2.0, "reference"), outcome(2, 1.9, "confirmed"), outcome(3, 2.1), outcome(4, None, "none"))
    picture = progress_picture.draw(shown)
    dots = re.findall(r'<path d="([^"]+)" class="dots v-(\w+)"', picture)
    assert {kind: steps.count("M") for steps, kind in dots} == {"failed": 1, "reference": 1, "confirmed": 1, "worse": 1}
    heights = {name: y for _, y, name in progress_picture.positions(shown)}
    assert heights["e0002"] < heights["e0001"] < heights["e0003"]
    assert heights["e0004"] == progress_picture.HEIGHT - progress_picture.BOTTOM


def test_champions_are_steps_with_the_name_of_the_last_and_noise_is_a_band() -> None:
    champions = (ChampionStep(0, 2.0, "baseline"), ChampionStep(2, 1.9, "e0002"))
    picture = progress_picture.draw(progress(outcome(1, 2.0), outcome(2, 1.9), outcome(3, 1.95), champions=champions))
    assert picture.count('class="champion"') == 3
    assert ">e0002</text>" in picture
    assert picture.count('class="noise"') == picture.count('class="luck"') == 1
    assert "Champions: baseline, e0002." in picture


def test_one_far_score_does_not_flatten_the_others() -> None:
    scores = [outcome(number, 2.0 + 0.001 * number) for number in range(1, 60)]
    _, up = progress_picture.scales(progress(*scores, outcome(60, 400.0)))
    assert up.low < 2.2


def test_curves_of_two_experiments_are_told_apart() -> None:
    curves = [Curve("e0001", [(0, 9.0), (1, 3.0), (2, 2.0)]), Curve("e0002", [(0, 8.0), (1, 4.0), (2, 2.5)])]
    picture = curves_picture.draw(curves, ["e0001", "reference <e0002>"])
    assert picture.count("<polyline") == 2
    assert "reference &lt;e0002&gt;" in picture
    assert "Training curves of e0001, reference &lt;e0002&gt;." in picture
