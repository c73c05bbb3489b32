"""Launches of one experiment."""

from __future__ import annotations

import re

from ...schemas.launch import Launch, Launched, Similar
from ...schemas.messages import LabLine
from ...store.experiments import related
from .. import proposals
from ..fleet import device_choice
from ..lab import Lab
from ..proposals import Proposal
from ..results.experiment_rows import SENTENCES
from ..sanitize import cut
from ..status_line import lab_line
from . import idempotency
from .submit import Batch, SubmittedBatch, ids, submit

MAX_SIMILAR = 3
_NAME = re.compile(r"[A-Za-z_][\w./]*")
_PLAIN_WORDS = frozenset({"class", "def", "new", "lines", "removed"})


async def launch(lab: Lab, request: Launch, caller: str) -> Launched:
    """Queue the replicates of one idea. Returns at once.

    Raises:
        AllowanceError: It costs more than the allowance has left.
        BadInputError: The change, the kind of GPU or the budget can't be used.
        ConflictError: Two changes touch the same lines, or the `request_id` was used for a different launch.
        NotFoundError: An experiment that the request names doesn't exist.
    """
    stored = await idempotency.first_answer(lab.db, caller, request)
    if stored is not None:
        return idempotency.restore(Launched, stored, await lab_line(lab))
    proposal = await proposals.propose(lab, request)
    choice = await device_choice.choose(lab, request.gpu, proposal.base.gpu, request.budget_seconds, request.replicates)
    [saved] = await proposals.save(lab, [proposal], request.hypothesis)
    similar = await _similar(lab, proposal, saved.row.tree)

    def answer(batch: SubmittedBatch, line: LabLine | None) -> Launched:
        return Launched(
            experiments=ids(batch.experiments),
            base=proposal.base.name,
            seeds=batch.seeds(request.replicates),
            gpu=batch.gpu,
            why_gpu=choice.why,
            blocks=batch.by_kind(request.replicates),
            changes=proposal.changes or proposals.UNCHANGED,
            diffstat=proposal.diffstat,
            flags=list(proposal.flags),
            estimate=batch.estimate,
            duplicates=ids(batch.earlier),
            similar=similar,
            baseline=ids(batch.baseline),
            champion=ids(batch.champion),
            dry_run=request.dry_run or None,
            next=batch.next,
            lab=line,
        )

    return await submit(lab, Batch([saved], choice.settings, request, caller, retry=request.retry), Launched, answer)


async def _similar(lab: Lab, proposal: Proposal, tree: str) -> list[Similar]:
    """Return earlier experiments that changed the same knobs, classes and functions."""
    names = set(_NAME.findall(proposal.changes)) - _PLAIN_WORDS - proposal.source.keys() - proposal.base.source.keys()
    return [
        Similar(
            id=experiment.id, changes=cut(experiment.changes, SENTENCES), verdict=experiment.verdict, score=experiment.score
        )
        for experiment in await related.similar(lab.db, sorted(names), tree, MAX_SIMILAR)
    ]
