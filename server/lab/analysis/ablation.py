"""Ablation: which parts the change from the baseline to a source consists of, and how much of its gain each part makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from anyio import to_thread

from ...domain import PENDING, Metric
from ...errors import BadInputError
from ...ids import experiment_id, id_ranges
from ...research.effects import Effect, attribution, contrast
from ...research.policy import runs_needed
from ...schemas.analysis import AnalysisQuery
from ...schemas.inspect import ExperimentQuery
from ...schemas.launch import GridLaunch
from ...schemas.monitor import WaitQuery
from ...source.hunks import Difference, ReducedChange
from ...source.repository import delta
from ...source.trainer_folder import Source
from ...store.experiments import stats
from ...store.experiments.trials import TriedExperiment
from .. import proposals, references
from ..lab import Lab
from ..proposals import Proposal
from ..references import Reference
from ..sanitize import cut
from .dataset import Evidence, failed_by_own_fault

MAX_ANCESTORS = 12
"""Ancestors of a source whose own changes are measured, the nearest ones."""
WHOLE, CODE, KNOBS = "whole", "code alone", "knobs alone"
"""Names of variants: the source as it is, and its two halves."""
MAX_NAME = 80
"""Characters of a variant's name."""

Scores = Sequence[float]


@dataclass(frozen=True, slots=True)
class AncestorSource:
    """An experiment from whose source another one was made.

    Attributes:
        name: Its id.
        source: Its editable files, with the lab's protected ones.
    """

    name: str
    source: Source


@dataclass(frozen=True)
class Parts:
    """A source and the variants that show what its change from the baseline consists of.

    Attributes:
        baseline: The baseline's source.
        subject: The source that is taken apart.
        code: The new code with the old knobs; None if only code or only knobs changed.
        knobs: The old code with the new knobs; None likewise.
        reduced: For each hunk, the change without it.
        ancestors: The sources on the way from the baseline to the subject, the oldest first, without these two.
    """

    baseline: Source
    subject: Source
    code: Source | None
    knobs: Source | None
    reduced: Sequence[ReducedChange]
    ancestors: Sequence[AncestorSource] = ()

    @property
    def sound(self) -> list[ReducedChange]:
        """The reduced changes that can run, each once."""
        return list({reduced.name: reduced for reduced in self.reduced if not reduced.why_not}.values())

    @property
    def not_run(self) -> list[str]:
        """A line for each of the others, with the reason."""
        return [f"Not run: without {reduced.name}, {reduced.why_not}." for reduced in self.reduced if reduced.why_not]


async def find_parts(lab: Lab, baseline: Reference, subject: Reference) -> Parts:
    """Return the parts of the change from the baseline to a source: its hunks, and the changes of its ancestors."""
    parts = await to_thread.run_sync(take_apart, lab, baseline.source, subject.source)
    return replace(parts, ancestors=await _find_ancestors(lab, baseline.source, subject))


async def _find_ancestors(lab: Lab, baseline: Source, subject: Reference) -> list[AncestorSource]:
    if subject.experiment is None:
        return []
    lineage = await stats.ancestry(lab.db, subject.experiment.number, MAX_ANCESTORS + 1)
    ancestors: list[AncestorSource] = []
    after = subject.source
    for number, _ in lineage[1:]:  # the newest first
        name = experiment_id(number)
        source = (await references.of_experiment(lab, await references.find_experiment(lab, name))).source
        if delta(after, source) and delta(baseline, source):  # a replicate of its successor, or of the baseline, adds nothing
            ancestors.append(AncestorSource(name, source))
            after = source
    return ancestors[::-1]


def take_apart(lab: Lab, baseline: Source, subject: Source) -> Parts:
    """Return the parts of the change from the baseline to a source, as far as its text tells them."""
    difference = Difference(baseline, subject, lab.trainer)
    knob_hunks = [hunk for hunk in difference.hunks if hunk.knob]
    code_hunks = [hunk for hunk in difference.hunks if not hunk.knob]
    has_both = bool(knob_hunks and code_hunks)
    return Parts(
        baseline=baseline,
        subject=subject,
        code=difference.without(knob_hunks) if has_both else None,
        knobs=difference.without(code_hunks) if has_both else None,
        reduced=[difference.take_back(hunk) for hunk in difference.hunks] if len(difference.hunks) > 1 else [],
    )


async def propose(lab: Lab, base: Reference) -> tuple[list[Proposal], str]:
    """Return the runs that take a source apart, and a text on how to read them.

    Raises:
        BadInputError: The source differs from the baseline in at most one part.
    """
    first = await references.baseline(lab)
    parts = await find_parts(lab, first, base)
    if not parts.reduced:
        raise BadInputError(
            f"{base.name} has {'only one' if delta(first.source, base.source) else 'no'} change against the baseline",
            "An ablation needs several changes: set base to a source that changed more",
        )
    runs = [await proposals.of_source(lab, base, source, cut(name, MAX_NAME)) for name, source in _variants(parts)]
    analysis = AnalysisQuery(what="ablation", ids=[base.name])
    summary = (
        f"Runs {base.name} as it is, the baseline, and the change without each of its parts: {len(parts.sound)} of"
        f" {len(parts.reduced)}. To detect a part that is worth one sd between seeds takes {runs_needed(1)} seeds, one of two"
        f" sd {runs_needed(2)}: set replicates. When they have run, call {analysis.as_call()}."
    )
    if parts.ancestors:
        names = ", ".join(ancestor.name for ancestor in parts.ancestors)
        summary += f" The sources on the way run too, so that each one's own change is a part: {names}."
    return runs, " ".join([summary, *parts.not_run])


def _variants(parts: Parts) -> Iterator[tuple[str, Source]]:
    yield references.BASELINE, parts.baseline
    yield WHOLE, parts.subject
    if parts.code is not None and parts.knobs is not None:
        yield from ((CODE, parts.code), (KNOBS, parts.knobs))
    yield from ((f"without {reduced.name}", reduced.source) for reduced in parts.sound)
    yield from ((f"up to {ancestor.name}", ancestor.source) for ancestor in parts.ancestors)


@dataclass(frozen=True)
class AblationResult:
    """What the parts of a source are worth, as far as their runs are scored.

    Attributes:
        whole: The gain of the whole change against the baseline; None if one of the two isn't scored.
        halves: The gains of code and of retuned knobs.
        hunks: The loss without each hunk, largest first.
        ancestry: The gain of each ancestor's own change over the one before it, in the order in which they were made.
        tells: How to read it, and which runs are missing.
    """

    whole: Effect | None
    halves: Sequence[Effect]
    hunks: Sequence[Effect]
    tells: Sequence[str]
    ancestry: Sequence[Effect] = ()


async def measure(lab: Lab, evidence: Evidence, subject: Reference) -> AblationResult:
    """Return what the parts of a source are worth, by the scores of one stratum."""
    first = await references.baseline(lab)
    parts = await find_parts(lab, first, subject)
    measured = await _MeasuredSources.of(lab, evidence, first)
    whole, baseline = measured.scores(subject.source), measured.scores(first.source)
    if not whole or not baseline:
        return AblationResult(None, (), (), [f"{subject.name} and the baseline aren't both scored in this stratum."])
    metric, noise = lab.trainer.metric, evidence.noise
    gain = contrast("all of it", [(1.0, whole), (-1.0, baseline)], noise, metric.direction)
    halves = _measure_halves(parts, measured, (baseline, whole), evidence, metric)
    hunks = [
        contrast(reduced.name, [(1.0, whole), (-1.0, scores)], noise, metric.direction)
        for reduced in parts.sound
        if (scores := measured.scores(reduced.source))
    ]
    missing = [reduced.source for reduced in parts.sound if not measured.scores(reduced.source)]
    tells = [*_describe_shares(gain, halves, parts), *parts.not_run]
    if hunks:
        tells.append(
            "Each part's gain is what the score loses without it. If parts depend on each other, the gains don't add up."
        )
    ancestry = _measure_ancestry(parts, subject.name, measured, evidence, metric)
    if ancestry:
        tells.append("By ancestry: what each source's own change gained over the source that it was made from.")
    if missing:
        steps = "; ".join(await _missing_steps(lab, evidence, first, subject, missing))
        tells.append(f"{len(missing)} of {len(parts.sound)} runs without a part have no score: {steps}.")
    return AblationResult(gain, halves, sorted(hunks, key=lambda effect: -effect.gain), tells, ancestry)


def _measure_ancestry(
    parts: Parts, name: str, measured: _MeasuredSources, evidence: Evidence, metric: Metric
) -> Sequence[Effect]:
    """Return the gain of each own change on the way from the baseline to the subject; nothing without ancestors.

    Args:
        parts: The parts.
        name: Of the subject.
        measured: The scored sources. One on the way that isn't scored is skipped, and its change counts with the next.
        evidence: Its noise.
        metric: The metric of the scores.
    """
    if not parts.ancestors:
        return ()
    gains: list[Effect] = []
    before = measured.scores(parts.baseline)
    for ancestor in [*parts.ancestors, AncestorSource(name, parts.subject)]:
        scores = measured.scores(ancestor.source)
        if scores:
            term = f"own change of {ancestor.name}"
            gains.append(contrast(term, [(1.0, scores), (-1.0, before)], evidence.noise, metric.direction))
            before = scores
    return gains


async def _missing_steps(
    lab: Lab, evidence: Evidence, baseline: Reference, subject: Reference, missing: Sequence[Source]
) -> list[str]:
    """Return what to do about the sources without a score: wait for those that are pending, launch those that never ran."""
    settings = {experiment.setting for experiment in evidence.scored}
    unscored = [
        experiment
        for experiment in evidence.everything
        if experiment.score is None
        and experiment.setting in settings
        and (experiment.status in PENDING or failed_by_own_fault(experiment))
    ]
    launched = await _launched_by_change(lab, baseline, unscored)
    found = [launched.get(_changed(baseline.source, source), []) for source in missing]
    pending = id_ranges(e.number for experiments in found for e in experiments if e.status in PENDING)
    failed = id_ranges(e.number for experiments in found for e in experiments if e.status not in PENDING)
    steps = [f"{', '.join(pending)} are not finished, call {WaitQuery(ids=pending).as_call()}"] if pending else []
    if failed:
        look = ExperimentQuery(id=failed[0].partition("-")[0], include=["failure"])
        steps.append(f"{', '.join(failed)} failed, {look.as_call()} shows why")
    if never := sum(not experiments for experiments in found):
        example = evidence.scored[0]
        grid = GridLaunch(
            design="ablation",
            base=subject.name,
            replicates=4,
            budget_seconds=example.budget_seconds,
            gpu=example.gpu,
            hypothesis=f"What each part of {subject.name} is worth",
        )
        steps.append(f"{never} never ran, call {grid.as_call()}")
    return steps


async def _launched_by_change(
    lab: Lab, baseline: Reference, experiments: Sequence[TriedExperiment]
) -> Mapping[Changed, list[TriedExperiment]]:
    """Return experiments by how their source differs from the baseline."""
    trees = sorted({experiment.tree for experiment in experiments})
    changes = await lab.sources.differing(baseline.commit.tree, trees, lab.trainer.is_editable)
    by_tree = {tree: tuple(sorted(changed.items())) for tree, changed in zip(trees, changes, strict=True)}
    launched: dict[Changed, list[TriedExperiment]] = {}
    for experiment in experiments:
        launched.setdefault(by_tree[experiment.tree], []).append(experiment)
    return launched


def _changed(baseline: Source, source: Source) -> Changed:
    return tuple(sorted(delta(baseline, source).items()))


def _measure_halves(
    parts: Parts, measured: _MeasuredSources, ends: tuple[Scores, Scores], evidence: Evidence, metric: Metric
) -> Sequence[Effect]:
    """Return the gains of code and of knobs; nothing unless either alone is scored.

    Args:
        parts: The parts.
        measured: The scored sources.
        ends: Scores of the baseline, and of the whole change.
        evidence: Its noise.
        metric: The metric of the scores.
    """
    if parts.code is None or parts.knobs is None:
        return ()
    code, knobs = measured.scores(parts.code), measured.scores(parts.knobs)
    if not code or not knobs:
        return ()
    baseline, whole = ends
    return attribution(baseline, code, knobs, whole, evidence.noise, metric.direction)


def _describe_shares(gain: Effect, halves: Sequence[Effect], parts: Parts) -> list[str]:
    """Return a line on how much of the gain is code and how much retuned knobs."""
    if parts.code is None:
        only_knobs = parts.reduced and all(hunk.knob for reduced in parts.reduced for hunk in reduced.hunks)
        return [f"All of it is {'retuned knobs' if only_knobs else 'code'}."] if parts.reduced else []
    if not halves:
        return ["The shares of code and of retuned knobs are unknown: the runs with either alone are missing."]
    if gain.interval is None or gain.interval[0] <= 0:
        return ["Noise may explain the whole gain, so that the shares of its parts mean nothing."]
    code, knobs = (100 * half.gain / gain.gain for half in halves)
    return [f"{code:.0f} % of the gain is code, {knobs:.0f} % retuned knobs: each averaged over both orders of adding them."]


Changed = tuple[tuple[str, bytes | None], ...]
"""The files in which a source differs from the baseline, by path; None for a file that is gone."""


@dataclass(frozen=True)
class _MeasuredSources:
    """The scores of a stratum, by how the source differs from the baseline."""

    baseline: Source
    arms: Mapping[Changed, Scores]

    @classmethod
    async def of(cls, lab: Lab, evidence: Evidence, baseline: Reference) -> _MeasuredSources:
        trees = list(evidence.scores)
        changes = await lab.sources.differing(baseline.commit.tree, trees, lab.trainer.is_editable)
        arms: dict[Changed, list[float]] = {}
        for tree, changed in zip(trees, changes, strict=True):
            arms.setdefault(tuple(sorted(changed.items())), []).extend(evidence.scores[tree])
        return cls(baseline.source, arms)

    def scores(self, source: Source) -> Scores:
        """Return the scores of a source; none if it hasn't run."""
        return self.arms.get(_changed(self.baseline, source), [])
