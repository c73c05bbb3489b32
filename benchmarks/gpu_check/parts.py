"""The parts of the check by name, and how one of them is run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from .bench import Bench
from .driver import driver
from .orphan import orphan
from .report import Findings, PartFailedError, PartNotRunError, PartResult
from .trainer_parts import by_hand, cuda_path, evaluation, memory, overlap, startup, training
from .two_experiments import two_experiments

Check = Callable[[Bench], Findings]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the check.

    Attributes:
        title: What it looks at.
        check: Looks.
    """

    title: str
    check: Check


PARTS: Final[Mapping[str, Part]] = {
    "driver": Part("a broken driver's words", driver),
    "cuda": Part("the device computes what the CPU computes", cuda_path),
    "startup": Part("start-up, cold and warm", startup),
    "training": Part("tokens a second and MFU", training),
    "evaluation": Part("evaluation", evaluation),
    "memory": Part("peak of memory", memory),
    "overlap": Part("evaluation beside the next start", overlap),
    "by_hand": Part("steps in a lab and by hand", by_hand),
    "two": Part("two experiments share nothing", two_experiments),
    "orphan": Part("an orphan that holds memory", orphan),
}
"""In the order in which they are run."""


def run_part(name: str, part: Part, bench: Bench) -> PartResult:
    """Run a part. Whatever it raises is its own failure, and no other part's."""
    began = time.monotonic()

    def seconds() -> float:
        return round(time.monotonic() - began, 1)

    try:
        found = part.check(bench)
    except PartNotRunError as error:
        return PartResult(name, part.title, "not run", str(error), seconds())
    except PartFailedError as error:
        return PartResult(name, part.title, "failed", str(error), seconds(), error.figures)
    except Exception as error:  # noqa: BLE001 - the boundary of a part: the others are run all the same
        return PartResult(name, part.title, "failed", f"{type(error).__name__}: {error}", seconds())
    return PartResult(name, part.title, "passed", found.why, seconds(), found.figures, found.targets)
