"""Candidates that no test could confirm. They are refused before anything is spent on a test."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain import Experiment, Status
from ...errors import BadInputError
from ...research.arms import UNSEEDED
from ...research.guards import BROKEN
from ...source.run_knobs import is_stretched
from ...source.trainer_folder import Source
from ...store.comparison import source_scores
from ..fleet.launch_stratum import LaunchStratum
from ..lab import Lab
from ..proposals import SavedProposal

_HOW_TO_SEED = "draw from LABHAND_SEED what may vary, such as the initial weights or the order of the data"


def refuse_unfit(experiment: Experiment) -> None:
    """Refuse a candidate that has no score, breaks a guard, or has the same score on every seed.

    Raises:
        BadInputError: It is one of these.
    """
    if experiment.status is not Status.SUCCEEDED:
        raise BadInputError(
            f"{experiment.id} is {experiment.status}", "Only an experiment with a score can be validated; see get_results"
        )
    if experiment.reason is not None and experiment.reason.startswith(BROKEN):
        raise BadInputError(
            f"{experiment.id} can't become champion: {experiment.reason.partition(';')[0]}",
            "Change it so that it keeps the limit, or run more seeds of it where the limit is within the noise",
        )
    if UNSEEDED in experiment.flags:  # a test of it would spend its share of the level, and could end in one way only
        raise BadInputError(
            f"{experiment.id} is flagged {UNSEEDED}: its replicates have exactly the same score and printed the same, so"
            " seeds have no effect and no test can tell its gain from luck",
            f"Let the source {_HOW_TO_SEED}. Then launch it again with replicates, and validate that one",
        )


async def refuse_unseeded_reference(lab: Lab, champion: SavedProposal, name: str, setting: LaunchStratum) -> None:
    """Refuse a test against a champion that has the same score on every seed.

    Args:
        lab: The lab.
        champion: Its source.
        name: Its name, for the error.
        setting: Where the test would run.

    Raises:
        BadInputError: It has.
    """
    if not await source_scores.is_doubted(lab.db, champion.row.tree, setting.name, UNSEEDED):
        return
    raise BadInputError(
        f"{name}, which the test would be against, is flagged {UNSEEDED}: its replicates have exactly the same score and"
        " printed the same, so seeds have no effect and no test can tell a gain from luck",
        f"Only the person can mend that: let the trainer's own code {_HOW_TO_SEED}. Then begin a lab with it",
    )


def refuse_fixed_budget(lab: Lab, source: Source, horizons: Sequence[int]) -> None:
    """Refuse longer horizons for a trainer whose training doesn't get longer with its budget: the same run would run again.

    Raises:
        BadInputError: It is such a trainer.
    """
    if not is_stretched(lab.trainer, source):
        raise BadInputError(
            f"horizons={[*horizons]} would run the same training again: nothing passes the budget on to {lab.trainer.name}",
            "Leave horizons out, or say in trainer.toml what stretches the training: knob or env under [budget], or {seconds}"
            " in command",
        )
