"""Follows validations from the test to the champion: each stage is decided as soon as its pairs are enough.

What to do next is read from the store alone, in the transaction in which scores are written. So each step is done exactly once,
whichever dispatcher does it, and at whatever point a former one died.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from ....trainer.contract.errors import ContractError
from ....trainer.contract.trainer_toml.trainer_file import TRAINER_FILE, parse_trainer
from ...domain import Metric, Verdict
from ...ids import id_ranges
from ...research.policy import STORM
from ...source.repository import Sources
from ...source.trainer_folder import Source
from ...store.comparison import champions, validation_pairs, validation_progress, validations
from ...store.comparison.validation_pairs import Pair
from ...store.comparison.validations import Stage, StageKind, Validation
from ...store.database import Transaction
from ...store.experiments import cancellation
from ...store.running import settlement
from .validation_rules import LACKS, PairTally, Ruling, assess, rule

log = logging.getLogger(__name__)


class ValidationStages:
    """Follows the lab's validations.

    Args:
        metric: The trainer's metric.
        sources: The history of sources, in which experiments are tagged.
    """

    def __init__(self, metric: Metric, sources: Sources) -> None:
        self._metric = metric
        self._sources = sources

    async def follow(self, tx: Transaction, now: float) -> bool:
        """Take every validation as far as its pairs allow. Returns whether there is a new champion."""
        promoted = False
        for validation in await validations.unfinished(tx):
            promoted |= await self._follow(tx, validation, now)
        return promoted

    async def _follow(self, tx: Transaction, validation: Validation, now: float) -> bool:
        stage = validation.running
        ran = await validation_pairs.of_stage(tx, validation.number, stage.place)
        tally = assess(ran)
        if why := _hopeless(tally):
            await _give_up(tx, validation, why, ran, now)
            return False
        ruling = await rule(tx, validation, tally.sound, self._metric)
        if ruling is not None:
            await _drop(tx, validation, ran, now)
            return await self._go_on(tx, validation, ruling, now)
        lacking = stage.pairs + tally.void - len(ran)
        if lacking > 0:
            await self._launch(tx, validation, stage, lacking, now)
        return False

    async def _go_on(self, tx: Transaction, validation: Validation, ruling: Ruling, now: float) -> bool:
        """Do what follows from a ruling. Returns whether the candidate has become champion."""
        log.info("%s, %s: %s", validation.id, validation.running.kind, ruling.reason)
        await validation_progress.save_finding(tx, validation.number, validation.stage, ruling.finding)
        if validation.running.kind is StageKind.TEST:
            verdict = Verdict.CONFIRMED if ruling.passed else Verdict.NOT_SHOWN
            await validation_progress.save_verdict(tx, validation, verdict, ruling.reason, ruling.p)
        else:
            await validation_progress.add_reason(tx, validation.number, ruling.reason)
        promoted = ruling.passed and validation.is_last_to_decide and await _promote(tx, validation, now)
        following = validation.following
        if ruling.passed and following is not None and (promoted or not validation.is_last_to_decide):
            await validation_progress.enter_stage(tx, validation.number, following.place)
            await self._launch(tx, validation, following, following.pairs, now)
        else:
            await validation_progress.finish(tx, validation.number, now)
        return promoted

    async def _launch(self, tx: Transaction, validation: Validation, stage: Stage, count: int, now: float) -> None:
        extends = stage.kind is StageKind.HORIZON and _extends(await self._sources.read(validation.commit))
        await self._sources.tag(await validation_pairs.queue(tx, validation, stage, count, now, extends=extends))


def _extends(source: Source) -> bool:
    """Returns whether a source says that a longer run may go on from a shorter one's checkpoint."""
    try:
        trainer = parse_trainer(source.get(TRAINER_FILE, b""), Path(TRAINER_FILE))
    except ContractError:  # its runs say what is wrong with it
        return False
    return trainer.checkpoint is not None and trainer.checkpoint.extends


def _hopeless(tally: PairTally) -> str:
    """Returns why a stage can't be decided any more; empty while it can."""
    if tally.cancelled:
        return f"{', '.join(id_ranges(tally.cancelled))} was cancelled"
    if tally.void >= STORM:
        return f"in {tally.void} pairs the other failed, or the two ran in different strata"
    return ""


async def _give_up(tx: Transaction, validation: Validation, why: str, ran: Sequence[Pair], now: float) -> None:
    """End a validation early. It still counts among the tests that set the level of later ones."""
    log.info("%s is given up: %s", validation.id, why)
    await _drop(tx, validation, ran, now)
    reason = f"{LACKS[validation.running.kind]}: {why}"
    if validation.running.kind is StageKind.TEST:
        await validation_progress.save_verdict(tx, validation, Verdict.NONE, reason, None)
    else:
        await validation_progress.add_reason(tx, validation.number, reason)
    await validation_progress.finish(tx, validation.number, now)


async def _drop(tx: Transaction, validation: Validation, ran: Sequence[Pair], now: float) -> None:
    """Cancel the unfinished experiments of pairs that are not needed any more."""
    needless = [number for pair in ran for number in pair.unfinished]
    await cancellation.ask_to_end(tx, needless, f"{validation.id} needs it no more")
    await settlement.cancel_queued(tx, now)


async def _promote(tx: Transaction, validation: Validation, now: float) -> bool:
    """Make the candidate champion, unless the champion has changed since: the test did not compare with the new one."""
    if await validations.champion_number(tx) != validation.champion:
        await validation_progress.add_reason(
            tx, validation.number, "not promoted: there is another champion since; validate it against that one"
        )
        return False
    await champions.add_champion(tx, validation.commit, validation.candidate, now)
    await validation_progress.promote(tx, validation.number)
    return True
