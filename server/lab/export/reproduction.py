"""How to reproduce an experiment, in lines of text: the command, its variables, and the seeds."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ....trainer.contract.trainer_toml.budget import as_words, filled
from ...domain import Experiment
from ...ids import parse_ids
from ...schemas.results import ValidationRow
from ...source.trainer_folder import Trainer
from ...store.experiments import related
from ...store.experiments.rows import find_experiments
from ..lab import Lab

IN_A_LAB = "labhand call launch_experiment base=workdir 'hypothesis=It can be reproduced' replicates=3"
MAX_SEEDS = 20
"""That a line lists."""


async def reproduction_lines(lab: Lab, experiment: Experiment, tests: Sequence[ValidationRow]) -> list[str]:
    """Return how to run the source of an experiment again, outside of labhand and in a lab, and the seeds of its runs."""
    replicates = await related.replicates(lab.db, experiment)
    others = [each.number for each in replicates if each.number != experiment.number]
    seeds = _seeds_of(await find_experiments(lab.db, others))
    lines = [
        "How to reproduce, in the trainer's folder of this commit:",
        "",
        f"    {command_line(lab.trainer, experiment)}",
        "",
    ]
    if lab.trainer.file.seed_knob:
        lines += [f"with {lab.trainer.file.seed_knob} = {experiment.seed} in the source."]
    if needs_runner(lab.trainer):
        lines += ["The command runs under labhand's runner only, which gives it the data and scores the model."]
    lines += [
        "In a lab of that folder, where the time and the score are measured as they were here:",
        "",
        f"    {IN_A_LAB}",
        "",
    ]
    lines += [f"Other seeds of this source: {_listed(seeds)}."] if seeds else []
    for test in tests:
        pairs = await find_experiments(lab.db, parse_ids(test.experiments).experiments)
        lines.append(f"Seeds of the pairs of {test.id}: {_listed(_seeds_of(pairs))}.")
    return lines


def command_line(trainer: Trainer, experiment: Experiment) -> str:
    """Return the command that trained an experiment, as a shell takes it, with the seed and the budget that it had."""
    budget = trainer.file.budget
    amount = budget.amount_in(experiment.budget_seconds, experiment.clock)
    variables = {"LABHAND_SEED": str(experiment.seed), "LABHAND_BUDGET_SECONDS": as_words(experiment.budget_seconds)}
    if budget.unit != "seconds":
        variables[f"LABHAND_BUDGET_{budget.unit.upper()}"] = as_words(amount)
    if budget.env:
        variables[budget.env] = as_words(amount)
    words = filled(trainer.file.command, budget, amount, experiment.budget_seconds, experiment.seed)
    return " ".join([*(f"{name}={shlex.quote(value)}" for name, value in variables.items()), shlex.join(words)])


def needs_runner(trainer: Trainer) -> bool:
    """Return whether the command opens a session with labhand's runner, rather than train by itself."""
    return not trainer.metric.self_reported and trainer.file.evaluator is None


def _seeds_of(experiments: Sequence[Experiment]) -> dict[int, None]:
    """Return the seeds of those that have a score, each once."""
    return {each.seed: None for each in experiments if each.score is not None}


def _listed(seeds: dict[int, None]) -> str:
    shown = ", ".join(str(seed) for seed in list(seeds)[:MAX_SEEDS])
    return f"{shown} and {len(seeds) - MAX_SEEDS} more" if len(seeds) > MAX_SEEDS else shown
