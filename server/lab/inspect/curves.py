"""Training curves: that of an experiment, and that of the reference which it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from anyio import to_thread

from ....trainer.contract.curve import Point, read_curve, thinned
from ...domain import Experiment
from ...settings import RUNS
from ...store.comparison import champions
from ...store.experiments.reruns import newest_baseline
from ...store.running.runs import runs_of
from ..lab import Lab
from ..references import find_experiment

MAX_POINTS = 300
"""Points of a curve."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A training curve.

    Attributes:
        id: The experiment's.
        points: Seconds of training, and loss.
    """

    id: str
    points: Sequence[Point]


async def get_curves(lab: Lab, ids: Sequence[str], *, with_reference: bool = False) -> list[Curve]:
    """Return the curves of experiments, without those that have none.

    Args:
        lab: The lab.
        ids: Experiments.
        with_reference: Add the curve of the champion, or of the baseline in the setting of the first experiment.

    Raises:
        BadInputError: A text is not an id.
        NotFoundError: An experiment doesn't exist.
    """
    experiments = [await find_experiment(lab, id) for id in ids]
    if with_reference and experiments and (reference := await _reference(lab, experiments[0])) is not None:
        experiments.append(reference)
    curves = [await _curve(lab, experiment) for experiment in experiments]
    return [curve for curve in curves if len(curve.points) > 1]


async def _reference(lab: Lab, experiment: Experiment) -> Experiment | None:
    champion = await champions.champion(lab.db)
    number = champion.experiment if champion is not None else None
    if number is None:
        found = await newest_baseline(lab.db, experiment.setting)
    else:
        found = await find_experiment(lab, f"e{number}")
    return None if found is None or found.number == experiment.number else found


async def _curve(lab: Lab, experiment: Experiment) -> Curve:
    for run in reversed(await runs_of(lab.db, experiment.number)):
        points = await to_thread.run_sync(read_curve, lab.folder / RUNS / run.id)
        if len(points) > 1:
            return Curve(experiment.id, thinned(points, MAX_POINTS))
    return Curve(experiment.id, ())
