"""Where the time of a training step goes: CPU time within each phase of a script, by clocks around its functions."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from typing_extensions import override

from .arms import Arm
from .children import in_children
from .scripts import ObservedSession, load, settle

P = ParamSpec("P")
R = TypeVar("R")

PHASES = ("forward", "loss", "backward", "matrices", "other weights", "rest")
"""`loss`: head and cross-entropy where they are one function, else the cross-entropy. `rest`: batches, the loop, reports."""
OPTIMIZERS = {"Muon": "matrices", "NorMuon": "matrices", "Adam": "other weights"}


class Clocks:
    """CPU seconds of phases; the time of an inner phase doesn't count for the outer one."""

    def __init__(self) -> None:
        self.seconds = defaultdict[str, float](float)
        self._open: list[str] = []
        self._since = 0.0

    def _switch(self) -> None:
        now = time.process_time()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now

    @contextmanager
    def phase(self, name: str) -> Generator[None]:
        """The time within belongs to this phase."""
        self._switch()
        self._open.append(name)
        try:
            yield
        finally:
            self._switch()
            self._open.pop()

    def around(self, name: str, function: Callable[P, R]) -> Callable[P, R]:
        """The function, timed."""

        @functools.wraps(function)
        def timed(*args: P.args, **kwargs: P.kwargs) -> R:
            with self.phase(name):
                return function(*args, **kwargs)

        return timed


def measure(arms: Sequence[Arm], seconds: float, core: int) -> list[Mapping[str, float]]:
    """Milliseconds of a step by phase, with the scripts side by side on one core."""

    def task(folder: Path) -> Mapping[str, float]:
        settle(seconds, 1, core)
        clocks = Clocks()

        class TimedSession(ObservedSession):
            @override
            def ready(self) -> NDArray[np.uint16]:
                tokens = super().ready()
                clocks.seconds.clear()  # of what the script warmed up with
                return tokens

        script = load(folder, TimedSession)
        _set_clocks(script, clocks)
        return _phases(script, clocks)

    return in_children(arms, task)


def _phases(script: ModuleType, clocks: Clocks) -> Mapping[str, float]:
    script.main()
    session = ObservedSession.latest
    spent = time.process_time() - session.began
    known = {phase: clocks.seconds[phase] for phase in PHASES if phase != "rest"}
    known["rest"] = spent - sum(known.values())
    return {phase: 1000 * seconds / session.steps for phase, seconds in known.items()}


def _set_clocks(script: ModuleType, clocks: Clocks) -> None:
    """Replace the functions that make up a step."""
    patched: list[tuple[Any, str, str]] = [
        (script.GPT, "forward", "forward"),
        (torch.nn.functional, "cross_entropy", "loss"),
        (torch.Tensor, "backward", "backward"),
        (torch.optim.AdamW, "step", "other weights"),
    ]
    patched += [(script, "chunked_loss", "loss")] if hasattr(script, "chunked_loss") else []
    patched += [(getattr(script, name), "step", phase) for name, phase in OPTIMIZERS.items() if hasattr(script, name)]
    for owner, name, phase in patched:
        setattr(owner, name, clocks.around(phase, getattr(owner, name)))
