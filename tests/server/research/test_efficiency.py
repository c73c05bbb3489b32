from __future__ import annotations

import pytest
from labhand.server.research.efficiency import Usage, efficiency


def test_the_published_campaign_comes_out_at_forty_six_percent_and_its_price() -> None:
    # "Scaling autoresearch": 700 valid runs of five minutes on 16 GPUs in 8 hours; $260 of GPUs.
    runs = [Usage(startup=0, training=300, evaluation=0, scored=True)] * 700
    figures = efficiency(runs, held_seconds=128 * 3600, wall_seconds=8 * 3600, usd=260, confirmed=0)
    assert figures.useful_share == pytest.approx(0.456, abs=0.001)
    assert figures.gpu_hours == 128
    assert figures.speed_up == pytest.approx(7.29, abs=0.01)
    assert figures.gpu_hours_per_confirmed is None


def test_failures_are_waste_but_not_the_schedulers() -> None:
    scored, failed = Usage(10, 100, 5, scored=True), Usage(10, 50, 0, scored=False)
    figures = efficiency([scored, failed], held_seconds=200, wall_seconds=100, usd=4, confirmed=2)
    assert figures.useful_share == pytest.approx(0.5)
    assert figures.scheduling == pytest.approx(150 / 175)
    assert figures.speed_up == pytest.approx(1.75)
    assert figures.usd_per_confirmed == 2


def test_where_nothing_was_held_there_are_no_shares() -> None:
    figures = efficiency([], held_seconds=0, wall_seconds=0, usd=0, confirmed=0)
    assert (figures.useful_share, figures.scheduling, figures.speed_up) == (None, None, None)
