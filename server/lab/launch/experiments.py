"""Launching one idea."""

from __future__ import annotations

import re

from ...schemas.launch import Launch, Launched, Similar
from ...store.experiments import launches
from .. import proposals
from ..fleet import device_choice
from ..lab import Lab
from ..proposals import Proposal
from ..results.experiment_rows import SENTENCES
from ..sanitize import cut
from ..status_line import lab_line
from . import idempotency, submit
from .submit import Batch, SubmittedBatch

MOST_SIMILAR = 3
_NAME = re.compile(r"[A-Za-z_][\w./]*")
_PLAIN_WORDS = frozenset({"class", "def", "new", "lines", "removed"})


async def launch(lab: Lab, request: Launch, caller: str) -> Launched:
    """Queue one idea, as many seeds of it as are wanted, and answer at once.

    Raises:
        AllowanceError: It doesn't fit what the person allowed.
        BadInputError: Something in it can't be used: the change, the kind of GPU, the budget.
        ConflictError: What it brings in touches the same lines, or its `request_id` was used for another launch.
        NotFoundError: There is no such experiment.
    """
    answer = await idempotency.first_answer(lab.db, caller, request, Launched)
    if answer is None:
        answer = await _launch(lab, request, caller)
    return answer.model_copy(update={"lab": await lab_line(lab)})


async def _launch(lab: Lab, request: Launch, caller: str) -> Launched:
    proposal = await proposals.propose(lab, request)
    chosen = await device_choice.choose(lab, request.gpu, proposal.base.gpu, request.budget_seconds, request.replicates)
    [idea] = await proposals.keep(lab, [proposal], request.hypothesis)
    similar = await _similar(lab, proposal, idea.kept.tree)

    def answer(entry: SubmittedBatch) -> Launched:
        return Launched(
            **entry.told(request.replicates),
            base=proposal.base.name,
            why_gpu=chosen.why,
            changes=proposal.changes or proposals.UNCHANGED,
            diffstat=proposal.diffstat,
            flags=list(proposal.flags),
            similar=similar,
            dry_run=request.dry_run or None,
        )

    return await submit.enter(lab, Batch([idea], chosen.settings, request, caller, retry=request.retry), Launched, answer)


async def _similar(lab: Lab, proposal: Proposal, tree: str) -> list[Similar]:
    """Earlier experiments that changed the same knobs, classes and functions."""
    names = set(_NAME.findall(proposal.changes)) - _PLAIN_WORDS - proposal.source.keys() - proposal.base.source.keys()
    return [
        Similar(
            id=experiment.id, changes=cut(experiment.changes, SENTENCES), verdict=experiment.verdict, score=experiment.score
        )
        for experiment in await launches.similar(lab.db, sorted(names), tree, MOST_SIMILAR)
    ]
