"""The audit: the ledger held against what nobody writes twice, the run folders and the history of sources.

Who can write to the lab's folder can change all of it. But they have to know it all: a score stands in the ledger and in a run
folder, a source in the ledger, the history and a run folder, a cost in three tables, and a verdict follows from the scores.
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
from ....trainer.contract.run_spec import RunSpec
from ...domain import Metric, Verdict
from ...errors import NotFoundError
from ...ids import experiment_id, id_ranges
from ...research.arms import Arms
from ...settings import DATABASE, RUNS, SOURCES, data_folder, load_settings
from ...source.repository import Sources
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
    """What an audit found.

    Attributes:
        experiments: How many were looked at.
        differences: One a line; none where all agrees.
        unchecked: Finished experiments whose run folder isn't here any more, as ranges.
        allowances: Every allowance in turn.
        evaluators: How many scores each version of the evaluator has measured.
    """

    experiments: int
    differences: Sequence[str]
    unchecked: Sequence[str]
    allowances: Sequence[allowances.AllowanceChange]
    evaluators: Mapping[str, int]


async def audit(root: Path) -> Audit:
    """Hold the ledger of the lab at `root` against everything else that tells the same. Changes nothing.

    Raises:
        NotFoundError: There is no lab.
        SettingsError: Its settings can't be used.
    """
    settings = load_settings(root)
    folder = data_folder(root, settings).resolve()
    if not (folder / DATABASE).is_file():
        raise NotFoundError(f"There is no lab at {root}", "Name its folder: --root")
    metric = load_trainer(settings.trainer, root).metric
    db = await Database.open(folder / DATABASE)
    try:
        async with db.transaction() as tx:  # as it stands at one moment; files are read later
            entries = await audits.entries(tx)
            differences = [*await _verdicts(tx, metric), *await _charges(tx, entries)]
            history = await allowances.history(tx)
    finally:
        await db.close()
    sources = await Sources.open(folder / SOURCES)
    differences += await _histories(sources, entries)
    unchecked: list[int] = []
    for entry, run in _runs(folder / RUNS, entries):
        if run.path.is_dir():
            differences += await _folder(sources, run, entry)
        else:
            unchecked.append(entry.number)
    versions = Counter(str(entry.facts["evaluator"]) for entry in entries if entry.facts and entry.facts.get("evaluator"))
    return Audit(len(entries), differences, id_ranges(unchecked), history, versions)


def _runs(place: Path, entries: Iterable[AuditedExperiment]) -> Iterator[tuple[AuditedExperiment, RunFolder]]:
    """The runs that finished, with their folders."""
    return ((entry, RunFolder(place / entry.run)) for entry in entries if entry.run is not None)


async def _verdicts(tx: Transaction, metric: Metric) -> list[str]:
    """Where verdicts, gains and noise aren't what follows from the scores."""
    tests = await audits.tested(tx)
    found: list[str] = []
    for number in await strata.numbers(tx):
        champion = await champions.of_stratum(tx, number)
        if champion is None:
            return ["there is no champion, and no baseline"]
        arms = Arms(metric, champion.tree)
        arms.add(await strata.scored(tx, number, champion.tree, is_baseline=champion.experiment is None))
        known = await strata.read(tx, number)
        figures = (known.reference, known.replicates, known.noise, known.degrees) if known else (None, 0, None, 0)
        if not all(map(_agree, figures, arms.figures())):
            found.append(f"s{number}: reference and noise are {figures}, and its scores say {arms.figures()}")
        follows = {one.number: StoredVerdict(one.verdict, one.gain) for one in arms.pronounce(list(arms.scored))}
        for experiment, told in (await audits.stored_verdicts(tx, number)).items():
            found += _compare_verdicts(experiment, told, follows[experiment], tests.get(experiment))
    return found


def _compare_verdicts(experiment: int, told: StoredVerdict, follows: StoredVerdict, tested: Verdict | None) -> Iterator[str]:
    name = experiment_id(experiment)
    if told.verdict in _TESTED or tested is not None:
        if told.verdict is not tested:
            yield f"{name}: its verdict is {told.verdict}, and its validation says {tested or 'nothing: there is none'}"
    elif told.verdict is not follows.verdict or not _agree(told.gain, follows.gain):
        yield (
            f"{name}: its verdict is {told.verdict} with a gain of {told.gain},"
            f" and the scores say {follows.verdict} with {follows.gain}"
        )


async def _charges(tx: Transaction, entries: Iterable[AuditedExperiment]) -> list[str]:
    """Where what is booked as spent isn't what runs held."""
    found = [
        f"{one.pool}: {one.charged:.2f} s are booked as spent, and its runs held {one.held:.2f} s"
        for one in await audits.charges(tx)
        if abs(one.charged - one.held) > max(CENT, 1e-6 * one.held)
    ]
    found += [
        f"{experiment_id(entry.number)}: it is charged {entry.gpu_seconds:.2f} s, and its runs held {entry.held:.2f} s"
        for entry in entries
        if abs(entry.gpu_seconds - entry.held) > CENT
    ]
    charged, ran = await audits.spent_experiments(tx)
    return found if charged == ran else [*found, f"{charged} experiments are booked as spent, and {ran} ran"]


async def _histories(sources: Sources, entries: Sequence[AuditedExperiment]) -> list[str]:
    """Where the history of sources has something else than the ledger."""
    trees = await sources.trees([entry.commit for entry in entries])
    names = await sources.names()
    found: list[str] = []
    for entry, tree in zip(entries, trees, strict=True):
        name = experiment_id(entry.number)
        if tree is None:
            found.append(f"{name}: its source {entry.commit} is not in the history")
        elif tree != entry.tree:
            found.append(f"{name}: its source is {entry.tree} in the ledger, and {tree} in the history")
        if names.get(name) != entry.commit:
            found.append(f"{name}: the history gives that name to {names.get(name, 'nothing')}, the ledger to {entry.commit}")
    return found


async def _folder(sources: Sources, run: RunFolder, entry: AuditedExperiment) -> list[str]:
    """Where a run folder tells something else than the ledger and the history."""
    source: Source = {}
    with suppress(NotFoundError):  # that it is gone was told already
        source = await sources.read(entry.commit)
    return await to_thread.run_sync(lambda: [*_compare_result(run, entry), *_compare_source(run, entry, source)])


def _compare_result(run: RunFolder, entry: AuditedExperiment) -> Iterator[str]:
    name, result, spec = experiment_id(entry.number), run.result(), _spec(run)
    if result is None:
        yield f"{name}: {run.path.name} has no result that can be read"
        return
    told = result_reader.read(result, entry)
    pairs: list[tuple[str, object, object]] = [
        ("status", entry.status, told.status),
        ("score", entry.score, told.score),
        ("failure", entry.failure, told.failed and told.failed.kind),
        ("stratum", entry.facts, _facts_as_known_then(entry, told.facts)),
        ("seed", entry.seed, spec and spec.seed),
        ("budget", entry.budget_seconds, spec and spec.budget_seconds),
    ]
    held = result.held_seconds
    if held is not None and abs(entry.run_held - held) > CENT:
        pairs.append(("time held", entry.run_held, held))
    for what, row, file in pairs:
        if row != file:
            yield f"{name}: its {what} is {row} in the ledger, and {file} in {run.path.name}"


def _compare_source(run: RunFolder, entry: AuditedExperiment, source: Source) -> Iterator[str]:
    for path, data in source.items():
        if not _is_same(run.path / "source" / path, data):
            yield f"{experiment_id(entry.number)}: {path} in {run.path.name} isn't that of its source"


def _facts_as_known_then(entry: AuditedExperiment, facts: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a result says of the facts that its stratum has: one of an earlier version has fewer."""
    return {name: value for name, value in facts.items() if entry.facts is None or name in entry.facts} or None


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


def _agree(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
