"""Figures in characters."""

from __future__ import annotations

import pytest
from labhand.server.figures import (
    curves_plot,
    effects_plot,
    horizons_plot,
    parallel_plot,
    pareto_plot,
    progress_plot,
    timeline_plot,
)
from labhand.server.figures.progress_plot import Progress
from labhand.server.figures.text_canvas import COLUMNS, ROWS, scatter
from labhand.server.figures.timeline_plot import TimelineBar


def frame(lines: list[str]) -> list[str]:
    """The cells of a scatter plot."""
    return [line.partition("│")[2][:COLUMNS] for line in lines[1 : ROWS + 1]]


def test_points_stand_at_their_places_with_the_ends_of_the_axes() -> None:
    drawn = scatter([(0, 0, "a"), (10, 5, "b"), (5, 2.5, "c")], "steps", "loss")
    rows = frame(drawn)
    assert rows[-1][0] == "a"
    assert rows[0][-1] == "b"
    assert rows[ROWS // 2][COLUMNS // 2] == "c"
    assert drawn[0] == "loss ↑"
    assert drawn[1].startswith("5 │")
    assert drawn[-1].split() == ["0", "steps", "→", "10"]


@pytest.mark.parametrize("points", [[], [(3.0, 3.0, "o")], [(1.0, 2.0, "o"), (1.0, 2.0, "p")]])
def test_few_or_equal_points_are_no_trouble(points: list[tuple[float, float, str]]) -> None:
    assert len(frame(scatter(points, "x", "y"))) == ROWS


def test_one_bad_score_does_not_press_the_others_together() -> None:
    scores = [(1.0 + 0.01 * place, "worse") for place in range(60)]
    rows = frame(progress_plot.as_text(progress([*scores, (1e9, "worse")])).splitlines())
    assert sum("." in row for row in rows) > ROWS / 4
    assert rows[0][-1] == "."


def test_progress_shows_verdicts_champions_and_failures() -> None:
    text = progress_plot.as_text(progress([(2.0, "reference"), (None, "none"), (1.5, "confirmed")]))
    champion = next(line for line in text.splitlines() if line.endswith("e0003"))
    assert "─" in champion
    assert text.splitlines()[-1] == "* confirmed  r reference  x failed: 1"


def progress(scores: list[tuple[float | None, str]]) -> Progress:
    return Progress("loss", "minimize", scores, 2.0, 0.1, [(0, 2.0, "baseline"), (2, 1.5, "e0003")])


def test_effects_are_rows_with_intervals_around_zero() -> None:
    row, pair = effects_plot.as_text([("DEPTH 4→8", 0.5, (0.4, 0.6)), ("WIDTH", -0.5, None)], []).splitlines()
    assert row.startswith("DEPTH 4→8")
    assert row.index("│") < row.index("●")
    assert row.endswith("+0.5 (+0.4 to +0.6)")
    assert pair.index("●") < pair.index("│")
    assert "together" in effects_plot.as_text([("A", 1.0, None)], [("A × B", 0.2, None)])


def test_slots_are_lines_in_which_idle_time_is_seen() -> None:
    bars = [
        TimelineBar("local", 0.0, 36.0, 0, 0, scored=True),
        TimelineBar("local", 36.0, 54.0, 0, 0, scored=False),
        TimelineBar("h100", 0.0, 72.0, 0, 0, scored=None),
    ]
    first, second, legend = timeline_plot.as_text(bars).splitlines()
    assert first == "h100         " + "█" * 72
    assert second == "local        " + "█" * 36 + "x" * 18 + "·" * 18
    assert "72 s in all" in legend


def test_curves_have_letters_and_the_reference_dots() -> None:
    curves = [("e0002 wider", [(0.0, 3.0), (10.0, 1.0)]), ("e0003", [(0.0, 3.0), (10.0, 2.0)])]
    text = curves_plot.as_text(curves, [[(5.0, 2.5)]])
    assert text.splitlines()[-3:] == ["B e0002 wider", "A e0003", "· reference"]
    assert {"A", "B", "·"} <= set("".join(frame(text.splitlines())))


def test_knobs_are_a_table_with_the_best_first() -> None:
    lines = [({"DEPTH": depth}, float(depth)) for depth in range(30)]
    table = parallel_plot.as_text("acc", "maximize", ["DEPTH"], lines).splitlines()
    assert [row.split() for row in table[:2]] == [["DEPTH", "acc"], ["29", "29"]]
    assert table[-1] == "and 10 more"


def test_a_front_and_two_budgets_are_points() -> None:
    points = [("e1", 1.0, 1.0), ("e2", 2.0, 0.5), ("e3", 2.0, 1.0)]
    front = "".join(frame(pareto_plot.as_text(points, [0, 1], "seconds", "loss").splitlines()))
    assert (front.count("*"), front.count("o")) == (2, 1)
    budgets = horizons_plot.as_text("5 s", "20 s", [("e1", 1.0, 2.0), ("e2", 2.0, 3.0)])
    assert "score at 5 s →" in budgets
