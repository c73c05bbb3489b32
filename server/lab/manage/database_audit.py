"""The audit: compares the lab's database with the run folders and the history of sources.

Whoever can write to the lab's folder can change all of them, but has to change them consistently. A score stands in the
database and in a run folder; a source in the database, the history and a run folder; a cost in three tables. Verdicts follow
from scores.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import to_thread

from ....trainer.contract.errors import ContractError
from ....trainer.contract.run_folder import RunFolder
from ....trainer.contract.run_result import RunResult
from ....trainer.contract.run_spec import RunSpec
from ...domain import Metric, Status, Verdict
from ...errors import NotFoundError
from ...ids import experiment_id, id_ranges
from ...research.arms import Arms
from ...settings import DATABASE, RUNS, SOURCES, data_folder, load_settings
from ...source.repository import Sources
from ...source.run_knobs import as_run
from ...source.trainer_folder import Source, load_trainer
from ...store.comparison import champions, strata
from ...store.database import Database, Transaction
from ...store.money import allowances
from ...store.running import audits, result_reader
from ...store.running.audits import AuditedExperiment, StoredVerdict

CENT = 0.01
"""Seconds by which sums of floating point numbers may differ."""
_TESTED = frozenset({Verdict.CONFIRMED, Verdict.NOT_SHOWN})


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of an audit.

    Attributes:
        experiments: The number of finished experiments that were checked.
        differences: One sentence for each difference; empty if everything agrees.
        unchecked: Finished experiments whose run folder no longer exists, as ranges of ids.
        allowances: Every allowance that the lab has had, the oldest first.
        evaluators: The number of scores that each version of the evaluator has measured.
    """

    experiments: int
    differences: Sequence[str]
    unchecked: Sequence[str]
    allowances: Sequence[allowances.AllowanceChange]
    evaluators: Mapping[str, int]


async def audit(root: Path) -> Audit:
    """Compare the database of the lab at `root` with everything else that records the same. Changes nothing.

    Raises:
        NotFoundError: There is no lab at `root`.
        SettingsError: The lab's settings can't be used.
    """
    settings = load_settings(root)
    folder = data_folder(root, settings).resolve()
    if not (folder / DATABASE).is_file():
        raise NotFoundError(f"There is no lab at {root}", "Name the lab's folder with --root FOLDER")
    metric = load_trainer(settings.trainer, root).metric
    db = await Database.open(folder / DATABASE)
    try:
        async with db.transaction() as tx:  # one consistent state of the database; files are read later
            experiments = await audits.finished_experiments(tx)
            differences = [*await _verdicts(tx, metric), *await _charges(tx, experiments)]
            history = await allowances.history(tx)
    finally:
        await db.close()
    sources = await Sources.open(folder / SOURCES)
    differences += await _histories(sources, experiments)
    unchecked: list[int] = []
    for experiment, run in _runs(folder / RUNS, experiments):
        if run.path.is_dir():
            differences += await _folder(sources, run, experiment)
        elif experiment.recorded_result is not None:
            recorded = RunResult.read(experiment.recorded_result, run.path.name)
            differences += _differing(experiment, f"the record of {run.path.name}", _measured(recorded, experiment))
        else:
            unchecked.append(experiment.number)
    versions = Counter(
        str(experiment.facts["evaluator"])
        for experiment in experiments
        if experiment.facts and experiment.facts.get("evaluator")
    )
    return Audit(len(experiments), differences, id_ranges(unchecked), history, versions)


def _runs(place: Path, experiments: Iterable[AuditedExperiment]) -> Iterator[tuple[AuditedExperiment, RunFolder]]:
    """Returns the runs that finished, with their folders."""
    return ((experiment, RunFolder(place / experiment.run)) for experiment in experiments if experiment.run is not None)


async def _verdicts(tx: Transaction, metric: Metric) -> list[str]:
    """Returns where stored verdicts, gains and noise differ from those that follow from the scores."""
    tests = await audits.test_verdicts(tx)
    differences: list[str] = []
    champion = await champions.champion(tx)
    if champion is None:
        return ["there is no champion, and no baseline"]
    for stratum in await strata.numbers(tx):
        arms = Arms(metric, champion.tree, champion.name)
        arms.add(await strata.scored(tx, stratum, champion))
        row = await strata.read(tx, stratum)
        figures = (row.reference, row.replicates, row.noise, row.degrees) if row else (None, 0, None, 0)
        if not all(map(_agree, figures, arms.figures())):
            differences.append(f"s{stratum}: reference and noise are {figures}, and its scores say {arms.figures()}")
        expected = {new.number: StoredVerdict(new.verdict, new.gain) for new in arms.pronounce(list(arms.scored))}
        for number, stored in (await audits.stored_verdicts(tx, stratum)).items():
            differences += _compare_verdicts(number, stored, expected[number], tests.get(number))
    return differences


def _compare_verdicts(number: int, stored: StoredVerdict, expected: StoredVerdict, tested: Verdict | None) -> Iterator[str]:
    name = experiment_id(number)
    if stored.verdict in _TESTED or tested is not None:
        if stored.verdict is not tested:
            yield f"{name}: its verdict is {stored.verdict}, and its validation says {tested or 'nothing: there is none'}"
    elif stored.verdict is not expected.verdict or not _agree(stored.gain, expected.gain):
        yield (
            f"{name}: its verdict is {stored.verdict} with a gain of {stored.gain},"
            f" and the scores say {expected.verdict} with {expected.gain}"
        )


async def _charges(tx: Transaction, experiments: Iterable[AuditedExperiment]) -> list[str]:
    """Returns where the time booked as spent differs from the time that runs held a slot."""
    differences = [
        f"{pool.pool}: {pool.charged:.2f} s are booked as spent, and its runs held {pool.held:.2f} s"
        for pool in await audits.charges(tx)
        if abs(pool.charged - pool.held) > max(CENT, 1e-6 * pool.held)
    ]
    differences += [
        f"{experiment_id(experiment.number)}: it is charged {experiment.gpu_seconds:.2f} s,"
        f" and its runs held {experiment.held:.2f} s"
        for experiment in experiments
        if abs(experiment.gpu_seconds - experiment.held) > CENT
    ]
    charged, ran = await audits.spent_experiments(tx)
    return differences if charged == ran else [*differences, f"{charged} experiments are booked as spent, and {ran} ran"]


async def _histories(sources: Sources, experiments: Sequence[AuditedExperiment]) -> list[str]:
    """Returns where the history of sources differs from the database."""
    trees = await sources.trees([experiment.commit for experiment in experiments])
    tags = await sources.names()
    differences: list[str] = []
    for experiment, tree in zip(experiments, trees, strict=True):
        name, commit = experiment_id(experiment.number), experiment.commit
        if tree is None:
            differences.append(f"{name}: its source {commit} is not in the history")
        elif tree != experiment.tree:
            differences.append(f"{name}: its source is {experiment.tree} in the lab's database, and {tree} in the history")
        if tags.get(name) != commit:
            differences.append(
                f"{name}: the history gives that name to {tags.get(name, 'nothing')}, the lab's database to {commit}"
            )
    return differences


async def _folder(sources: Sources, run: RunFolder, experiment: AuditedExperiment) -> list[str]:
    """Returns where a run folder differs from the database and the history."""
    source: Source = {}
    with suppress(NotFoundError):  # _histories has reported a missing source
        source = await sources.read(experiment.commit)
    return await to_thread.run_sync(lambda: [*_compare_result(run, experiment), *_compare_source(run, experiment, source)])


Comparison = tuple[str, object, object]
"""A quantity, with its value in the database and in the run's own record."""


def _compare_result(run: RunFolder, experiment: AuditedExperiment) -> Iterator[str]:
    result, spec = run.result(), _spec(run)
    if result is None:
        yield f"{experiment_id(experiment.number)}: {run.path.name} has no result that can be read"
        return
    requested: list[Comparison] = [
        ("seed", experiment.seed, spec and spec.seed),
        ("budget", experiment.budget_seconds, spec and spec.budget_seconds),
    ]
    yield from _differing(experiment, run.path.name, [*_measured(result, experiment), *requested])


def _measured(result: RunResult, experiment: AuditedExperiment) -> list[Comparison]:
    """Return what a run's result says, beside the database."""
    outcome = result_reader.read(result, experiment)
    # A run that the lab itself stopped as doomed says that it was cancelled: only the lab knows why it was asked to end.
    was_stopped = experiment.was_doomed and outcome.status is Status.CANCELLED
    comparisons: list[Comparison] = [
        ("status", experiment.status, Status.STOPPED if was_stopped else outcome.status),
        ("score", experiment.score, outcome.score),
        ("failure", experiment.failure, outcome.failed and outcome.failed.kind),
        ("stratum", experiment.facts, _facts_of_that_version(experiment, outcome.facts)),
    ]
    held = result.held_seconds
    if held is not None and abs(experiment.run_held - held) > CENT:
        comparisons.append(("time held", experiment.run_held, held))
    return comparisons


def _differing(experiment: AuditedExperiment, record: str, comparisons: Iterable[Comparison]) -> Iterator[str]:
    name = experiment_id(experiment.number)
    for quantity, in_database, in_record in comparisons:
        if in_database != in_record:
            yield f"{name}: its {quantity} is {in_database} in the lab's database, and {in_record} in {record}"


def _compare_source(run: RunFolder, experiment: AuditedExperiment, source: Source) -> Iterator[str]:
    for path, data in as_run(source, experiment.budget_seconds, experiment.clock, experiment.seed).items():
        if not _is_same(run.path / "source" / path, data):
            yield f"{experiment_id(experiment.number)}: {path} in {run.path.name} isn't that of its source"


def _facts_of_that_version(experiment: AuditedExperiment, facts: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns a result's facts without those that the stratum lacks: an earlier version of labhand recorded fewer."""
    return {name: value for name, value in facts.items() if experiment.facts is None or name in experiment.facts} or None


def _spec(run: RunFolder) -> RunSpec | None:
    try:
        return run.spec()
    except ContractError:
        return None


def _is_same(file: Path, data: bytes) -> bool:
    try:
        return file.read_bytes() == data
    except OSError:
        return False


def _agree(a: float | None, b: float | None) -> bool:
    """Whether two figures are equal, up to the rounding of floating point sums."""
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
