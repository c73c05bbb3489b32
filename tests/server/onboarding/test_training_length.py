"""A number of steps that a try has time for: never more than the code's own."""

from __future__ import annotations

import pytest
from labhand.server.onboarding.source_hints import Hint, hints_of_command
from labhand.server.onboarding.training_length import TrainingLength, first_length, longer, shorter


def hint(name: str, text: str, option: str = "", place: str = "train.py:3") -> Hint:
    return Hint(name, place, text, option, float(text))


STEPS = hint("max_iters", "2000", "--max_iters")


@pytest.mark.parametrize(
    ("hints", "words", "reached", "expected"),
    [
        ([STEPS], [], 0, ("--max_iters", 20)),
        ([STEPS], [], 473, ("--max_iters", 100)),
        ([hint("steps", "15", "--steps")], [], 0, ("--steps", 7)),
        ([hint("steps", "1", "--steps"), STEPS], [], 0, ("--max_iters", 20)),
        ([hint("epochs", "15", "--epochs")], [], 30, ("--epochs", 1)),
        ([hint("total_timesteps", "3e5")], [], 0, ("", 3000)),
        (
            [hint("max_iters", "9")],
            ["--max_iters=900"],
            0,
            ("--max_iters", 20),
        ),
        ([hint("epochs", "9"), hint("epochs", "9", place="b.py:1")], [], 0, None),
        ([], ["--max_iters=900"], 0, None),
    ],
)
def test_the_first_shorter_length(hints: list[Hint], words: list[str], reached: int, expected: tuple[str, int] | None) -> None:
    length = first_length(hints, words, reached)
    assert (length and (length.hint.option, length.amount)) == expected


def test_a_length_that_was_too_long_shrinks_to_one_and_then_there_is_none() -> None:
    lengths = [TrainingLength(STEPS, 1000)]
    while following := shorter(lengths[-1], 0):
        lengths.append(following)
    assert [length.amount for length in lengths] == [1000, 50, 2, 1]
    half = shorter(TrainingLength(STEPS, 1000), 900)
    assert half is not None
    assert half.amount == 300


@pytest.mark.parametrize(
    ("amount", "share", "expected"), [(20, 0.01, 800), (20, 0.19, 40), (20, 0.2, None), (2000, 0.01, None)]
)
def test_a_run_that_took_little_of_a_try_is_made_longer_up_to_the_codes_own_length(
    amount: int, share: float, expected: int | None
) -> None:
    length = longer(TrainingLength(STEPS, amount), share)
    assert (length and length.amount) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("python", "train.py"), ["python", "train.py", "--max_iters", "{steps}"]),
        (("python", "train.py", "--max_iters", "9", "-x"), ["python", "train.py", "--max_iters", "{steps}", "-x"]),
        (("python", "train.py", "--max_iters=9", "-x"), ["python", "train.py", "--max_iters={steps}", "-x"]),
    ],
)
def test_an_option_stands_in_the_command_once(words: tuple[str, ...], expected: list[str]) -> None:
    assert TrainingLength(STEPS, 20).as_option(words) == expected


def test_options_of_the_command_set_the_length_where_the_code_has_no_knob_of_that_name() -> None:
    words = ("python", "adder.py", "--trainer.max_iters=501", "--eval-steps", "7", "--num-epochs", "3")
    found = [(hint.option, hint.number) for hint in hints_of_command(words)]
    assert found == [("--trainer.max_iters", 501), ("--num-epochs", 3)]
