"""What is kept of a run's metrics, whatever became of the run."""

from __future__ import annotations

from collections.abc import Sequence

from ...contract.trainer_toml.metric import Metric
from ..run import Run
from .score import Left, read_other

MAX_PROBLEM = 200
"""Characters of the reason why a metric is missing."""


def left_by(run: Run) -> Left:
    """What a run has left, when none of its processes runs any more."""
    return Left.by(run.log.text(), run.stop.check, run.folder)


def record_others(run: Run, left: Left | None = None) -> None:
    """Write the metrics that the run isn't judged by to its result. A metric that can't be read is missing, with a flag."""
    others = [metric for metric in run.trainer.metrics[1:] if metric.source != "evaluator"]
    if not others:
        return
    record(run, others, left or left_by(run))


def record(run: Run, metrics: Sequence[Metric], left: Left) -> None:
    """Write some metrics to the result of a run. A metric that can't be read is missing, with a flag."""
    for metric in metrics:
        value, problem = _of_run(run, metric) if metric.source == "run" else read_other(metric, left)
        run.result.metrics[metric.name] = value
        if problem:
            run.result.flags.append(f"metric_missing: {metric.name}: {problem[:MAX_PROBLEM]}")


def record_unscored(run: Run, left: Left) -> float | None:
    """Write the value of the metric that a failed run would have been judged by to its result, and return it.

    Returns:
        None if there is none that can be used.
    """
    value, _ = read_other(run.trainer.metric, left)
    if value is not None:
        run.result.metrics[run.trainer.metric.name] = value
    return value


def _of_run(run: Run, metric: Metric) -> tuple[float | None, str]:
    value = run.result.measures.get(metric.name)
    return value, "" if value is not None else "the run didn't report or measure it"
