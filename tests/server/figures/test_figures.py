"""What pictures show; how they look is for people."""

from __future__ import annotations

from labhand.server.figures.effects_plot import Bar, draw, reach

USUAL: list[Bar] = [("A 1→2", -0.1, (-0.12, -0.08)), ("B 1→2", 0.02, (-0.01, 0.05)), ("C 1→2", 0.06, None)]


def test_effects_of_one_size_are_drawn_in_full() -> None:
    assert reach(USUAL) == 0.12


def test_a_ruined_run_does_not_hide_what_other_changes_did() -> None:
    ruined: Bar = ("D 1→9", -191.0, (-191.1, -190.9))
    assert reach([*USUAL, ruined]) == 0.12
    assert draw("val_bpb", [*USUAL, ruined], []).startswith(b"\x89PNG")


def test_nothing_but_zeros_can_be_drawn() -> None:
    zeros: list[Bar] = [("A 1→2", 0.0, (0.0, 0.0))]
    assert reach(zeros) == 0.0
    assert draw("val_bpb", zeros, zeros).startswith(b"\x89PNG")
