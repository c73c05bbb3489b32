"""How long a command trains: the option or the knob that sets it, and an amount that a try has time for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final, Literal

from .source_hints import Hint

FEW_STEPS: Final = 20
SHARE_OF_STEPS: Final = 0.01
"""Of the steps that the code asks for, where a try named none that it reached."""
SHARE_OF_TRY: Final = 0.4
"""Of what a try had time for, that a run gets."""
SHORTER: Final = 20
"""A length that was still too long is divided by this."""
MAX_AMOUNT: Final = 1e15
MIN_SHARE: Final = 0.2
"""A run that took a smaller share of a try is made longer, as far as the code's own length."""


@dataclass(frozen=True, slots=True)
class TrainingLength:
    """The amount of training that each run of `budget.seconds` gets.

    Attributes:
        hint: The option or the knob that sets it.
        amount: Steps or epochs.
    """

    hint: Hint
    amount: int

    @property
    def unit(self) -> Literal["steps", "epochs"]:
        """What the amount counts."""
        return "epochs" if "epoch" in self.hint.name.lower() else "steps"

    @property
    def own(self) -> int:
        """The amount that the code, or the command, asks for by itself; 0 where that is no number."""
        return _whole(self.hint)

    def as_option(self, words: tuple[str, ...]) -> list[str]:
        """The command with the option set to the amount's placeholder, in the place where the command has it already."""
        option, value = self.hint.option, f"{{{self.unit}}}"
        if not option:
            return list(words)
        for place, word in enumerate(words):
            if word == option and place + 1 < len(words):
                return [*words[: place + 1], value, *words[place + 2 :]]
            if word.startswith(f"{option}="):
                return [*words[:place], f"{option}={value}", *words[place + 1 :]]
        return [*words, option, value]


def first_length(hints: Sequence[Hint], words: Sequence[str], reached: int) -> TrainingLength | None:
    """Return a shorter training than that of a try which took too long.

    Args:
        hints: What sets the length, the likeliest first.
        words: The command.
        reached: Steps that the try has done; 0 if it didn't say.

    Returns:
        None if nothing sets the length, or it is as short as can be.
    """
    given = [as_given(hint, words) for hint in hints]
    order = sorted(given, key=lambda pair: (not pair[1], not pair[0].option))
    names = Counter(hint.name for hint in hints)  # a knob without an option has to have a name of its own
    usable = [hint for hint, _ in order if _whole(hint) > 1 and (hint.option or names[hint.name] == 1)]
    if not usable:
        return None
    length = TrainingLength(usable[0], 1)
    if length.unit == "epochs":
        return length
    amount = _round_down(reached * SHARE_OF_TRY) if reached else max(FEW_STEPS, _round_down(length.own * SHARE_OF_STEPS))
    return replace(length, amount=max(1, min(amount, length.own // 2)))


def shorter(length: TrainingLength, reached: int) -> TrainingLength | None:
    """Return a length that is shorter than one which took too long; None if there is none."""
    if length.amount <= 1:
        return None
    amount = min(reached * SHARE_OF_TRY, length.amount / 2) if reached else length.amount / SHORTER
    return replace(length, amount=_round_down(amount))


def longer(length: TrainingLength, share: float) -> TrainingLength | None:
    """Return a length that uses a try's time better.

    Args:
        length: Of a run that has ended well.
        share: The part of a try's time that it took.

    Returns:
        None if it took enough of it, or trains as long as the code itself would.
    """
    if share >= MIN_SHARE or length.amount >= length.own:
        return None
    amount = min(length.own, _round_down(length.amount * SHARE_OF_TRY / max(share, 0.001)))
    return replace(length, amount=amount) if amount > length.amount else None


def as_given(hint: Hint, words: Sequence[str]) -> tuple[Hint, bool]:
    """Return a hint with the value that the command gives to its option, and whether it gives one.

    Code without a parser of its own may take `--max_iters=100` for its variable `max_iters`.
    """
    names = {hint.option, f"--{hint.name}", f"--{hint.name.replace('_', '-')}"} - {""}
    for word, value in zip_longest(words, words[1:], fillvalue=""):
        name, equals, joined = word.partition("=")
        if name in names:
            text = joined if equals else value
            return replace(hint, text=text, option=name, number=_number(text)), True
    return hint, False


def _number(text: str) -> float | None:
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return None


def _whole(hint: Hint) -> int:
    return int(hint.number) if hint.number is not None and abs(hint.number) < MAX_AMOUNT else 0


def _round_down(number: float) -> int:
    """A number with its first digit alone: 473 becomes 400; at least 1."""
    digits = str(max(1, int(number)))
    return int(digits[0] + "0" * (len(digits) - 1))
