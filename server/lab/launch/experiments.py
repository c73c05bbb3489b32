"""Launches of one experiment."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ...domain import Experiment, Stratum
from ...schemas.launch import Launch, Launched, Similar
from ...schemas.messages import LabLine
from ...store.comparison.strata import all_strata
from ...store.experiments import related
from .. import proposals
from ..after_commit import complete
from ..fleet import device_choice
from ..fleet.launch_stratum import LaunchStratum
from ..lab import Lab
from ..literature.citing import find_citations
from ..proposals import Proposal
from ..results.experiment_rows import FEW_WORDS, decimals
from ..sanitize import cut
from . import idempotency
from .batch import Batch, SubmittedBatch
from .duplicates import ids
from .submit import submit

MAX_SIMILAR = 3
_NAME = re.compile(r"[A-Za-z_][\w./]*")
_PLAIN_WORDS = frozenset({"class", "def", "new", "lines", "removed"})


async def launch(lab: Lab, request: Launch, caller: str) -> Launched:
    """Queue the replicates of one idea. Returns at once.

    Raises:
        AllowanceError: It costs more than the allowance has left.
        BadInputError: The change, the kind of GPU or the budget can't be used.
        ConflictError: Two changes touch the same lines, or the `request_id` was used for a different launch.
        NotFoundError: An experiment that the request names doesn't exist, or the lab knows no paper that it cites.
    """
    stored = await idempotency.first_answer(lab.db, caller, request)
    if stored is not None:
        return await complete(lab, idempotency.restore(Launched, stored), idempotency.ALREADY, wakes=False)
    await find_citations(lab.db, request.papers)
    proposal = await proposals.propose(lab, request)
    choice = await device_choice.choose(lab, request.gpu, proposal.base.gpu, request.budget_seconds, request.replicates)
    [saved] = await proposals.save(lab, [proposal], request.hypothesis)
    similar = await _similar(lab, proposal, saved.row.tree, choice.settings)

    def answer(batch: SubmittedBatch, line: LabLine | None) -> Launched:
        return Launched(
            experiments=ids(batch.experiments),
            base=proposal.base.name,
            seeds=request.replicates,
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
            note=batch.note(is_dry=request.dry_run),
            plan=batch.plan,
            approval=batch.coverage.note,
            dry_run=request.dry_run or None,
            next=batch.next,
            lab=line,
        )

    return await submit(lab, Batch([saved], choice.settings, request, caller, retry=request.retry), Launched, answer)


async def _similar(lab: Lab, proposal: Proposal, tree: str, settings: Sequence[LaunchStratum]) -> list[Similar]:
    """Return earlier experiments on the same source in another setting, then those that changed the same names."""
    names = set(_NAME.findall(proposal.changes)) - _PLAIN_WORDS - proposal.source.keys() - proposal.base.source.keys()
    same = await related.in_other_settings(lab.db, tree, [(each.budget_seconds, each.gpu) for each in settings], MAX_SIMILAR)
    alike = await related.similar(lab.db, sorted(names), tree, MAX_SIMILAR)
    strata = await all_strata(lab.db)
    return [_as_similar(experiment, tree, strata) for experiment in [*same, *alike][:MAX_SIMILAR]]


def _as_similar(experiment: Experiment, tree: str, strata: Mapping[int, Stratum]) -> Similar:
    score = experiment.score
    digits = decimals(strata.get(experiment.stratum or 0), score or 0.0)
    is_same = experiment.tree == tree
    return Similar(
        id=experiment.id,
        changes="the same source" if is_same else cut(experiment.changes, FEW_WORDS),
        verdict=experiment.verdict,
        score=None if score is None else round(score, digits),
        budget_seconds=experiment.budget_seconds if is_same else None,
        gpu=experiment.gpu if is_same else None,
    )
