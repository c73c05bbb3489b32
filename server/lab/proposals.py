"""Proposals: sources to run, made from what a caller asks for and then saved in the history of sources."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from anyio import to_thread

from ...trainer.contract.trainer_folder.packages import package_name
from ..errors import BadInputError
from ..research.policy import BASELINE_CONTROLS, baseline_replicates
from ..schemas.launch import Change
from ..source.changes import apply_change, describe, diffstat, knobs_of, packages_of
from ..source.inspection.metric_flags import metric_flags
from ..source.inspection.static_flags import flags
from ..source.repository import Commit, NewCommit, delta
from ..source.run_knobs import refuse_changed_knobs
from ..source.trainer_folder import Source, Trainer
from ..store.sources import SourceRow
from . import references
from .lab import Lab
from .references import Reference
from .sanitize import cut

UNCHANGED = "unchanged"
MAX_NAME = 40
"""Characters of a variant's name that stand before what it changed."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A source that is not saved yet.

    Attributes:
        base: The source that it was made from.
        source: Its files.
        changes: What it changes against its base, in a few words, without the name of its variant.
        diffstat: Lines added and removed.
        knobs: The value of every knob.
        overrides: The knobs whose values differ from the base's.
        merged: Commits of the experiments whose changes it includes.
        variant: Its name in a grid that has variants.
        flags: What it touches that the baseline doesn't. They don't depend on the base, so that equal sources have equal flags.
    """

    base: Reference
    source: Source
    changes: str
    diffstat: str
    knobs: Mapping[str, Any]
    overrides: Mapping[str, Any]
    merged: tuple[str, ...] = ()
    variant: str = ""
    flags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SavedProposal:
    """A source that is saved in the history.

    Attributes:
        row: Its row of the table of sources.
        base: The number of the experiment that it was made from; None for the baseline and the trainer folder.
        overrides: The knobs whose values differ from the base's.
        variant: Its name in a grid that has variants.
    """

    row: SourceRow
    base: int | None
    overrides: Mapping[str, Any]
    variant: str


def named(variant: str, changes: str) -> str:
    """Return what a source changed, behind the name of its variant: `gelu: train.py +1 −1`.

    The name is saved with the change, so that it stays with the experiment wherever the change is shown or searched, and with
    its replicates and validations.
    """
    return f"{cut(variant, MAX_NAME)}: {changes}" if variant else changes


async def propose(lab: Lab, change: Change) -> Proposal:
    """Return the source that a change makes.

    Raises:
        BadInputError: The change can't be applied to its base.
        ConflictError: A merged experiment changes the same lines.
        NotFoundError: An experiment doesn't exist.
    """
    base = await references.resolve(lab, change.base, change.folder)
    applied = [await references.find_experiment(lab, name) for name in change.apply]
    merge_inputs = [await references.brought_by(lab, experiment) for experiment in applied]
    source = await to_thread.run_sync(apply_change, base.source, change, lab.trainer, merge_inputs)
    merged = tuple(experiment.commit for experiment in applied)
    first = (await references.baseline(lab)).source
    allowed_before = [first, *([base.committed] if base.experiment else []), *(each.after for each in merge_inputs)]
    _refuse_packages(lab, source, allowed_before)
    return await to_thread.run_sync(_compare, base, lab.with_protected(base.committed), source, merged, first, lab.trainer)


def _refuse_packages(lab: Lab, source: Source, allowed_before: Sequence[Source]) -> None:
    """Refuse packages that no person allows. Those of an earlier experiment, or of the baseline, were allowed then.

    Raises:
        BadInputError: Names the package and the setting.
    """
    asked = packages_of(source)
    known = {requirement for earlier in allowed_before for requirement in packages_of(earlier).values()}
    new = sorted(name for name, requirement in asked.items() if requirement not in known)
    allowed = {package_name(name) for name in lab.allowed_packages()} if new else set[str]()
    if refused := [name for name in new if name not in allowed]:
        names = ", ".join(f'"{name}"' for name in sorted({*allowed, *refused}))
        others = f"; allowed are {', '.join(sorted(allowed))}" if allowed else "; none is allowed in this lab"
        raise BadInputError(
            f"packages: {', '.join(refused)} isn't allowed{others}",
            f"Do without, or ask a person to set allow = [{names}] under [packages] in labhand.toml",
        )


async def save(lab: Lab, proposals: Sequence[Proposal], hypothesis: str) -> list[SavedProposal]:
    """Save sources in the history, in one batch. A source equal to its base becomes the proposal that its base was."""
    deltas = [delta(proposal.base.committed, proposal.source) for proposal in proposals]
    batch = [
        NewCommit(
            changed,
            tuple(dict.fromkeys((proposal.base.commit.hash, *proposal.merged))),
            f"{named(proposal.variant, proposal.changes or UNCHANGED)}\n\n{hypothesis}\n",
        )
        for proposal, changed in zip(proposals, deltas, strict=True)
        if changed
    ]
    fresh = iter(await lab.sources.commit(batch) if batch else ())
    return [
        _from_commit(proposal, next(fresh)) if changed else _from_base(proposal)
        for proposal, changed in zip(proposals, deltas, strict=True)
    ]


async def baseline(lab: Lab) -> SavedProposal:
    """Save and return the baseline with the current protected files."""
    [proposal] = await save(lab, [await propose(lab, Change(base=references.BASELINE))], "The baseline, as it is measured now")
    return proposal


@dataclass(frozen=True, slots=True)
class ReferenceSources:
    """The sources whose replicates the lab adds, with the current protected files.

    Attributes:
        baseline: The baseline.
        champion: The champion; None while the baseline is the champion.
    """

    baseline: SavedProposal
    champion: SavedProposal | None

    @property
    def both(self) -> list[SavedProposal]:
        """The baseline, and the champion if it is another source."""
        return [self.baseline] if self.champion is None else [self.baseline, self.champion]

    @property
    def reference(self) -> SavedProposal:
        """The source that gains are measured against."""
        return self.champion or self.baseline

    def lacking(self, count: Callable[[str], int]) -> list[tuple[SavedProposal, int]]:
        """Return how many replicates of each source a launch has to add, those of the reference first.

        Args:
            count: Returns how many replicates of a source, given by its tree, exist in the launch's stratum.
        """
        if self.champion is None:
            return [(self.baseline, baseline_replicates(count(self.baseline.row.tree)))]
        return [
            (self.champion, baseline_replicates(count(self.champion.row.tree))),
            (self.baseline, baseline_replicates(count(self.baseline.row.tree), BASELINE_CONTROLS)),
        ]


async def reference_sources(lab: Lab) -> ReferenceSources:
    """Save and return the sources whose replicates the lab adds."""
    return ReferenceSources(await baseline(lab), await champion(lab))


async def champion(lab: Lab) -> SavedProposal | None:
    """Save and return the champion with the current protected files; None while the baseline is the champion."""
    source = await references.resolve(lab, references.CHAMPION)
    if source.experiment is None:
        return None
    [proposal] = await save(lab, [await propose(lab, Change(base=source.experiment.id))], "The champion, as it is measured now")
    return proposal


async def of_source(lab: Lab, base: Reference, source: Source, variant: str) -> Proposal:
    """Return the proposal of a source that was made from a base otherwise than by a change. The source has to be valid."""
    first = (await references.baseline(lab)).source
    proposal = await to_thread.run_sync(_compare, base, lab.with_protected(base.committed), source, (), first, lab.trainer)
    return replace(proposal, variant=variant)


def _compare(
    base: Reference, before: Source, source: Source, merged: tuple[str, ...], first: Source, trainer: Trainer
) -> Proposal:
    old_knobs, knobs = knobs_of(before, trainer), knobs_of(source, trainer)
    refuse_changed_knobs(trainer, old_knobs, knobs)
    return Proposal(
        base=base,
        source=source,
        changes=describe(before, source),
        diffstat=diffstat(before, source),
        knobs=knobs,
        overrides={name: value for name, value in knobs.items() if name in old_knobs and old_knobs[name] != value},
        merged=merged,
        flags=[*flags(first, source), *metric_flags(first, source, trainer)],
    )


def _from_commit(proposal: Proposal, commit: Commit) -> SavedProposal:
    row = SourceRow(commit.hash, commit.tree, proposal.changes, proposal.diffstat, proposal.knobs, proposal.flags)
    base = proposal.base.experiment
    return SavedProposal(row, base.number if base else None, proposal.overrides, proposal.variant)


def _from_base(proposal: Proposal) -> SavedProposal:
    commit, base = proposal.base.commit, proposal.base.experiment
    changes = base.changes if base else ""
    row = SourceRow(commit.hash, commit.tree, changes, proposal.diffstat, proposal.knobs, proposal.flags)
    return SavedProposal(row, base.base if base else None, base.overrides if base else {}, proposal.variant)
