"""What the code says about seeds and about the length of training: variables of labhand that it reads, and its knobs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from ..source.knobs import find_knobs, has_knobs
from .folder_survey import FolderSurvey

SEED_VARIABLE: Final = "LABHAND_SEED"
BUDGET_VARIABLE: Final = "LABHAND_BUDGET_SECONDS"
_SEED: Final = re.compile(r"(?:^|[._])(?:random_?)?seed$", re.IGNORECASE)
_SECONDS: Final = re.compile(r"(?:^|[._])(?:time_?budget|budget|max_?(?:time|seconds|minutes)|time_?limit)\w*$", re.IGNORECASE)
_STEPS: Final = re.compile(
    r"(?:^|[._])(?:(?:n_?|num_?|max_?|total_?)?(?:epochs?|steps?|iters?|iterations?|timesteps?|episodes?|rounds?|updates?|estimators?)"
    r"|(?:n|num|max|total)_?batches)$",
    re.IGNORECASE,
)
_OTHER_STEPS: Final = re.compile(
    r"(?:^|_)(?:eval|val|test|warm|log|print|sav|lr|decay|cool|grad|accum|sampl|check|patience|report|inner|rollout)",
    re.IGNORECASE,
)
"""Words of knobs that count the steps of something else than the whole training."""
_SIZES: Final = re.compile(
    r"(?:^|[._])(?:batch_?size|n_?layers?|num_?layers?|n_?embd|hidden(?:_?(?:size|dim))?|d_?model|width|depth|n_?samples"
    r"|num_?samples|dataset_?size|block_?size|eval_?(?:iters?|steps?|batches))$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Hint:
    """A knob that matters to labhand.

    Attributes:
        name: Of the knob.
        place: `train.py:12`.
        text: Its value as written.
        option: The command-line option that sets it, as `--max-steps`; empty where it has no long one.
        number: Its value; None if that is no number.
    """

    name: str
    place: str
    text: str
    option: str = ""
    number: float | None = None


@dataclass(frozen=True, slots=True)
class SourceHints:
    """What the code says about seeds and the length of training.

    Attributes:
        reads_seed: It reads `LABHAND_SEED`.
        reads_budget: It reads `LABHAND_BUDGET_SECONDS`.
        seeds: Knobs that set a random seed.
        seconds: Knobs that limit the time of training.
        steps: Knobs that limit its epochs or steps.
        sizes: Knobs that set how much work a step or an evaluation is.
    """

    reads_seed: bool
    reads_budget: bool
    seeds: Sequence[Hint]
    seconds: Sequence[Hint]
    steps: Sequence[Hint]
    sizes: Sequence[Hint] = ()


def hints_of(found: FolderSurvey, files: Sequence[str]) -> SourceHints:
    """Look for seeds and lengths in the files that train."""
    texts = [found.texts.get(path, "") for path in files]
    hints = [hint for path in files for hint in _knobs(found, path)]
    numbers = [hint for hint in hints if hint.number is not None]
    return SourceHints(
        reads_seed=any(SEED_VARIABLE in text for text in texts),
        reads_budget=any(BUDGET_VARIABLE in text for text in texts),
        seeds=[hint for hint in hints if _SEED.search(hint.name)],
        seconds=[hint for hint in numbers if _SECONDS.search(hint.name)],
        steps=[hint for hint in numbers if _STEPS.search(hint.name) and not _counts_others(hint.name)],
        sizes=[hint for hint in numbers if _SIZES.search(hint.name)],
    )


def knob_name(found: FolderSurvey, hint: Hint) -> str:
    """Return the name by which `trainer.toml` names a knob: with its file before it, if other files have one of this name."""
    home = hint.place.rpartition(":")[0]
    others = (path for path in found.texts if path != home and has_knobs(path))
    is_shared = any(hint.name in find_knobs(found.texts[path], path) for path in others)
    return f"{home}:{hint.name}" if is_shared else hint.name


def hints_of_command(words: Sequence[str]) -> list[Hint]:
    """Return the options of a command that set the length of training, as `--trainer.max_iters=500` does."""
    hints: list[Hint] = []
    for word, value in zip_longest(words, words[1:], fillvalue=""):
        name, equals, joined = word.partition("=")
        plain = name.removeprefix("--").replace("-", "_")
        text = joined if equals else value
        if name.startswith("--") and _STEPS.search(plain) and not _counts_others(plain) and text.isdecimal():
            hints.append(Hint(plain, "the command", text, name, float(text)))
    return hints


def _counts_others(name: str) -> bool:
    return bool(_OTHER_STEPS.search(name.rpartition(".")[2]))


def _knobs(found: FolderSurvey, path: str) -> Iterator[Hint]:
    if not has_knobs(path):
        return
    for name, knob in find_knobs(found.texts.get(path, ""), path).items():
        option = knob.kind.removeprefix("option ") if knob.kind.startswith("option --") else ""
        number = float(knob.value) if isinstance(knob.value, int | float) and not isinstance(knob.value, bool) else None
        yield Hint(name, f"{path}:{knob.line}", knob.text, option, number)
