from __future__ import annotations

import numpy as np
import pytest
from labhand.server.research.early_stopping import Curve, doomed

BUDGET = 300.0
EMPTY: Curve = []


def falling(end: float, *, pace: float = 40.0, until: float = BUDGET, noise: float = 0.0, seed: int = 0) -> Curve:
    rng = np.random.default_rng(seed)
    seconds = np.arange(5.0, until + 1, 5.0)
    losses = end + (9.0 - end) * np.exp(-seconds / pace) + noise * rng.standard_normal(len(seconds))
    return list(zip(seconds.tolist(), losses.tolist(), strict=True))


REFERENCE = [falling(3.00), falling(3.01), falling(2.99)]
FINISHED = [*REFERENCE, *(falling(3.0 + 0.02 * place) for place in range(6))]


def test_a_clear_loser_is_stopped_and_told_why() -> None:
    verdict = doomed(falling(6.0, until=150), FINISHED, REFERENCE, BUDGET)
    assert verdict is not None
    assert verdict.seconds == 150
    assert "150 s of 300" in verdict.reason
    assert verdict.reason.startswith("doomed")


def test_an_ordinary_run_goes_on_at_every_moment() -> None:
    for until in range(10, 301, 10):
        assert doomed(falling(3.02, until=until, noise=0.02), FINISHED, REFERENCE, BUDGET) is None


def test_a_slow_start_that_crosses_later_goes_on() -> None:
    # Behind everyone at half of the budget, ahead of all at its end.
    crossing = [(s, 5.0 - 2.2 * s / BUDGET) for s, _ in falling(3.0)]
    late = [*FINISHED, crossing]
    for until in (90, 150, 210, 270):
        so_far = [(s, loss + 0.1) for s, loss in crossing if s <= until]
        assert doomed(so_far, late, REFERENCE, BUDGET) is None


@pytest.mark.parametrize(
    ("curve", "finished", "reference"),
    [
        (falling(9.0, until=150), FINISHED[:7], REFERENCE),
        (falling(9.0, until=150), FINISHED, REFERENCE[:1]),
        (falling(9.0, until=70), FINISHED, REFERENCE),
        (EMPTY, FINISHED, REFERENCE),
        (falling(9.0, until=150), [*FINISHED[:7], EMPTY], REFERENCE),
    ],
    ids=["few finished", "one reference", "early", "no curve", "an empty curve counts for none"],
)
def test_where_too_little_is_known_nothing_is_stopped(curve: Curve, finished: list[Curve], reference: list[Curve]) -> None:
    assert doomed(curve, finished, reference, BUDGET) is None


def test_one_bad_batch_stops_nothing() -> None:
    curve = [*falling(3.0, until=145), (150.0, 50.0)]
    assert doomed(curve, FINISHED, REFERENCE, BUDGET) is None


def test_a_run_that_explodes_is_stopped_at_once_though_nothing_has_finished() -> None:
    curve = [*falling(3.0, until=15), *((20.0 + place, 50.0 + place) for place in range(5))]
    verdict = doomed(curve, [], [], BUDGET)
    assert verdict is not None
    assert (verdict.seconds, verdict.reason.partition(":")[0]) == (24.0, "exploded")
    assert doomed(curve[:-1], [], [], BUDGET) is None
    assert doomed([*curve[:-1], (24.0, 20.0)], FINISHED, REFERENCE, BUDGET) is None


def test_a_loss_that_is_counted_otherwise_is_not_compared() -> None:
    in_bits = [(seconds, 1.44 * loss) for seconds, loss in falling(6.0, until=150)]
    assert doomed(in_bits, FINISHED, REFERENCE, BUDGET) is None


def test_what_scored_well_with_a_high_loss_shows_that_a_high_loss_says_little() -> None:
    smoothed_labels = falling(6.2)
    assert doomed(falling(6.0, until=150), [*FINISHED, smoothed_labels], [*REFERENCE, smoothed_labels], BUDGET) is None


def test_no_run_that_would_have_reached_the_reference_is_stopped_among_many_shapes() -> None:
    rng = np.random.default_rng(12)
    shapes = [falling(3 + float(rng.exponential(0.3)), pace=float(rng.uniform(25, 90)), noise=0.02, seed=k) for k in range(120)]
    stopped = wrong = 0
    for place in range(20, 120):
        so_far = [point for point in shapes[place] if point[0] <= 120]
        if doomed(so_far, [*REFERENCE, *shapes[:20]], REFERENCE, BUDGET):
            stopped += 1
            wrong += shapes[place][-1][1] < 3.03
    assert wrong == 0
    assert stopped > 0
