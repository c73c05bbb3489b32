"""Taking a gain apart: what the change from the baseline to a source consists of, and what each part of it is worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from anyio import to_thread

from ...domain import Metric
from ...errors import BadInputError
from ...research.effects import Effect, attribution, contrast
from ...research.policy import runs_needed
from ...source.hunks import Difference, ReducedChange
from ...source.repository import delta
from ...source.trainer_folder import Source
from .. import proposals, references
from ..lab import Lab
from ..proposals import Proposal
from ..references import Reference
from ..sanitize import cut
from .dataset import Evidence

WHOLE, CODE, KNOBS = "whole", "code alone", "knobs alone"
"""Variants: the source as it is, and its two halves."""
LONGEST_NAME = 80

Scores = Sequence[float]


@dataclass(frozen=True)
class Parts:
    """A source, taken apart.

    Attributes:
        baseline: What it is taken apart against.
        subject: The source.
        code: New code with the old knobs; None where only one of the two changed.
        knobs: Old code with the new knobs; None likewise.
        without: The change less each of its hunks.
    """

    baseline: Source
    subject: Source
    code: Source | None
    knobs: Source | None
    without: Sequence[ReducedChange]

    @property
    def sound(self) -> list[ReducedChange]:
        """What can stand alone, each once."""
        return list({taken.name: taken for taken in self.without if not taken.why_not}.values())

    @property
    def told(self) -> list[str]:
        """Why the others can't."""
        return [f"Not run: without {taken.name}, {taken.why_not}." for taken in self.without if taken.why_not]


def take_apart(lab: Lab, baseline: Source, subject: Source) -> Parts:
    """Take a source apart against the baseline."""
    found = Difference(baseline, subject, lab.trainer)
    knobs = [hunk for hunk in found.hunks if hunk.knob]
    lines = [hunk for hunk in found.hunks if not hunk.knob]
    both = bool(knobs and lines)
    without = [found.take_back(hunk) for hunk in found.hunks] if len(found.hunks) > 1 else []
    return Parts(baseline, subject, found.without(knobs) if both else None, found.without(lines) if both else None, without)


async def propose(lab: Lab, base: Reference) -> tuple[list[Proposal], str]:
    """The runs that take a source apart, and how to read them.

    Raises:
        BadInputError: There is nothing to take apart.
    """
    first = await references.baseline(lab)
    parts = await to_thread.run_sync(take_apart, lab, first.source, base.source)
    if not parts.without:
        raise BadInputError(
            f"{base.name} differs from the baseline in {'one thing' if delta(first.source, base.source) else 'nothing'}",
            "There is nothing to take apart: give as base what changed several",
        )
    runs = [await proposals.of_source(lab, base, source, cut(name, LONGEST_NAME)) for name, source in _variants(parts)]
    tells = (
        f"{base.name} as it is and the baseline, to compare with; and the change less each of its parts, {len(parts.sound)} of"
        f" {len(parts.without)}. A part that is worth one sd between seeds takes {runs_needed(1)} seeds to tell from nothing,"
        f' two sd {runs_needed(2)}: set replicates. analyze(what="ablation") reads them.'
    )
    return runs, " ".join([tells, *parts.told])


def _variants(parts: Parts) -> Iterator[tuple[str, Source]]:
    yield references.BASELINE, parts.baseline
    yield WHOLE, parts.subject
    if parts.code is not None and parts.knobs is not None:
        yield from ((CODE, parts.code), (KNOBS, parts.knobs))
    yield from ((f"without {taken.name}", taken.source) for taken in parts.sound)


@dataclass(frozen=True)
class AblationResult:
    """What the parts of a source are worth, as far as that has run.

    Attributes:
        whole: The gain of all of it against the baseline.
        halves: Of code and of retuned knobs.
        hunks: What is lost without each, largest first.
        tells: How to read it, and what is lacking.
    """

    whole: Effect | None
    halves: Sequence[Effect]
    hunks: Sequence[Effect]
    tells: Sequence[str]


async def measure(lab: Lab, evidence: Evidence, subject: Reference) -> AblationResult:
    """What the parts of a source are worth by the scores of a stratum."""
    first = await references.baseline(lab)
    parts = await to_thread.run_sync(take_apart, lab, first.source, subject.source)
    known = await _MeasuredParts.of(lab, evidence, first)
    whole, baseline = known.scores(subject.source), known.scores(first.source)
    if not whole or not baseline:
        return AblationResult(None, (), (), [f"{subject.name} and the baseline aren't both scored in this stratum."])
    metric, noise = lab.trainer.metric, evidence.noise
    gain = contrast("all of it", [(1.0, whole), (-1.0, baseline)], noise, metric.direction)
    halves = _halves(parts, known, (baseline, whole), evidence, metric)
    hunks = [
        contrast(taken.name, [(1.0, whole), (-1.0, scores)], noise, metric.direction)
        for taken in parts.sound
        if (scores := known.scores(taken.source))
    ]
    lacking = len(parts.sound) - len(hunks)
    tells = [*_share(gain, halves, parts), *parts.told]
    if hunks:
        tells.append("A part is worth what the score loses without it; where parts need each other these don't add up.")
    if lacking:
        how = f'launch_grid(design="ablation", base="{subject.name}", replicates=4, hypothesis=…)'
        tells.append(f"{lacking} of {len(parts.sound)} parts haven't been run without: {how}.")
    return AblationResult(gain, halves, sorted(hunks, key=lambda effect: -effect.gain), tells)


def _halves(
    parts: Parts, known: _MeasuredParts, ends: tuple[Scores, Scores], evidence: Evidence, metric: Metric
) -> Sequence[Effect]:
    if parts.code is None or parts.knobs is None:
        return ()
    code, knobs = known.scores(parts.code), known.scores(parts.knobs)
    if not code or not knobs:
        return ()
    baseline, whole = ends
    return attribution(baseline, code, knobs, whole, evidence.noise, metric.direction)


def _share(gain: Effect, halves: Sequence[Effect], parts: Parts) -> list[str]:
    if parts.code is None:
        only_knobs = parts.without and all(hunk.knob for taken in parts.without for hunk in taken.hunks)
        return [f"All of it is {'retuned knobs' if only_knobs else 'code'}."] if parts.without else []
    if not halves:
        return ["How much is code and how much retuned knobs isn't known: either alone hasn't run."]
    if gain.interval is None or gain.interval[0] <= 0:
        return ["Shares of a gain that noise may explain mean nothing."]
    code, knobs = (100 * half.gain / gain.gain for half in halves)
    return [f"{code:.0f} % of the gain is code, {knobs:.0f} % retuned knobs, each in the mean over both orders of adding them."]


@dataclass(frozen=True)
class _MeasuredParts:
    """The scored sources of a stratum, by how they differ from the baseline."""

    baseline: Source
    arms: dict[tuple[tuple[str, bytes | None], ...], list[float]]

    @classmethod
    async def of(cls, lab: Lab, evidence: Evidence, baseline: Reference) -> _MeasuredParts:
        trees = list(evidence.scores)
        found = await lab.sources.differing(baseline.commit.tree, trees, lab.trainer.is_editable)
        arms: dict[tuple[tuple[str, bytes | None], ...], list[float]] = {}
        for tree, changed in zip(trees, found, strict=True):
            arms.setdefault(tuple(sorted(changed.items())), []).extend(evidence.scores[tree])
        return cls(baseline.source, arms)

    def scores(self, source: Source) -> Scores:
        """Of a source; none where it hasn't run."""
        return self.arms.get(tuple(sorted(delta(self.baseline, source).items())), [])
