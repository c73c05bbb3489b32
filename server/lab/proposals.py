"""Ideas: sources that are to be run, worked out from what a caller asks for and kept in the history of sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from anyio import to_thread

from ..schemas.launch import Change
from ..source.changes import apply_change, describe, diffstat, knobs_of
from ..source.repository import Commit, NewCommit, delta
from ..source.static_flags import flags
from ..source.trainer_folder import Source, Trainer
from ..store.sources import SourceRow
from . import references
from .lab import Lab
from .references import Reference

UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A source that is not kept yet.

    Attributes:
        base: What it was made from.
        source: Its files.
        changes: Against its base, in a few words.
        diffstat: Lines added and removed.
        knobs: Every knob's value.
        overrides: The knobs whose value differs from the base's.
        merged: Commits of the experiments that it brings in.
        variant: Its name in a grid that has variants.
        flags: What it touches that the baseline doesn't: so the same source has the same flags, whatever it was made from.
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
class KeptProposal:
    """A source that is kept.

    Attributes:
        kept: As the table of sources tells it.
        base: The number of the experiment that it was made from.
        overrides: The knobs whose value differs from the base's.
        variant: Its name in a grid that has variants.
    """

    kept: SourceRow
    base: int | None
    overrides: Mapping[str, Any]
    variant: str


async def propose(lab: Lab, change: Change) -> Proposal:
    """Work out the source that a change makes.

    Raises:
        BadInputError: The change can't be applied to its base.
        ConflictError: What it brings in touches the same lines.
        NotFoundError: There is no such experiment.
    """
    base = await references.resolve(lab, change.base, change.folder)
    applied = [await references.find_experiment(lab, name) for name in change.apply]
    brought = [await references.brought_by(lab, experiment) for experiment in applied]
    source = await to_thread.run_sync(apply_change, base.source, change, lab.trainer, brought)
    merged = tuple(experiment.commit for experiment in applied)
    given = (await references.baseline(lab)).source
    return await to_thread.run_sync(_compare, base, lab.with_protected(base.kept), source, merged, given, lab.trainer)


async def keep(lab: Lab, proposals: Sequence[Proposal], hypothesis: str) -> list[KeptProposal]:
    """Keep sources in the history, all in one go. One that is its base unchanged is the idea that its base was."""
    deltas = [delta(proposal.base.kept, proposal.source) for proposal in proposals]
    batch = [
        NewCommit(
            changed,
            tuple(dict.fromkeys((proposal.base.commit.hash, *proposal.merged))),
            f"{proposal.changes or UNCHANGED}\n\n{hypothesis}\n",
        )
        for proposal, changed in zip(proposals, deltas, strict=True)
        if changed
    ]
    fresh = iter(await lab.sources.commit(batch) if batch else ())
    return [
        _new_idea(proposal, next(fresh)) if changed else _idea_of_base(proposal)
        for proposal, changed in zip(proposals, deltas, strict=True)
    ]


async def baseline(lab: Lab) -> KeptProposal:
    """The trainer's source when the lab was made, with its protected files of now."""
    [idea] = await keep(lab, [await propose(lab, Change(base=references.BASELINE))], "The baseline, as it is measured now")
    return idea


async def of_source(lab: Lab, base: Reference, source: Source, variant: str) -> Proposal:
    """The proposal of a source that was made from a base otherwise than by a change; it has to be a sound one."""
    given = (await references.baseline(lab)).source
    proposal = await to_thread.run_sync(_compare, base, lab.with_protected(base.kept), source, (), given, lab.trainer)
    return replace(proposal, variant=variant)


def _compare(
    base: Reference, before: Source, source: Source, merged: tuple[str, ...], given: Source, trainer: Trainer
) -> Proposal:
    had, has = knobs_of(before, trainer), knobs_of(source, trainer)
    return Proposal(
        base=base,
        source=source,
        changes=describe(before, source),
        diffstat=diffstat(before, source),
        knobs=has,
        overrides={name: value for name, value in has.items() if name in had and had[name] != value},
        merged=merged,
        flags=flags(given, source),
    )


def _new_idea(proposal: Proposal, commit: Commit) -> KeptProposal:
    kept = SourceRow(commit.hash, commit.tree, proposal.changes, proposal.diffstat, proposal.knobs, proposal.flags)
    base = proposal.base.experiment
    return KeptProposal(kept, base.number if base else None, proposal.overrides, proposal.variant)


def _idea_of_base(proposal: Proposal) -> KeptProposal:
    commit, base = proposal.base.commit, proposal.base.experiment
    changes = base.changes if base else ""
    kept = SourceRow(commit.hash, commit.tree, changes, proposal.diffstat, proposal.knobs, proposal.flags)
    return KeptProposal(kept, base.base if base else None, base.overrides if base else {}, proposal.variant)
