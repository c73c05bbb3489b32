"""Validating: candidates are tested against the champion, one test each, on seeds that nothing else has."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from ...domain import Experiment, Status
from ...errors import BadInputError, ConflictError
from ...ids import experiment_id, id_ranges
from ...research import horizons, paired_test
from ...research.noise import moderate, of_difference
from ...research.online_fdr import level
from ...schemas.launch import Change, Estimate
from ...schemas.validation import Cost, LaunchedTest, Validated, ValidationRequest
from ...settings import Allowance
from ...store import sources
from ...store.comparison import validation_pairs, validations
from ...store.comparison.validations import Stage, StageKind
from ...store.database import Reader, Transaction
from ...store.experiments import workload
from ...store.money import spending
from ...store.money.spending import Committed
from .. import allowance, proposals
from ..fleet import device_choice, estimates
from ..fleet.launch_stratum import LaunchStratum, choose_launch_stratum
from ..lab import Lab
from ..proposals import KeptProposal
from ..references import CHAMPION, find_experiment
from ..results.experiment_rows import significant
from ..results.validation_rows import DIGITS, champion_name
from ..status_line import lab_line


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is to be tested.

    Attributes:
        idea: Its source, with the lab's protected files of now.
        setting: Of the test.
        longer: Horizons, each with its setting, the shortest first.
        prior: See `store.validations.Validation`.
    """

    experiment: Experiment
    idea: KeptProposal
    setting: LaunchStratum
    longer: Sequence[tuple[int, LaunchStratum]]
    prior: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Call:
    """What one call launches.

    Attributes:
        champion: Its source, with the lab's protected files of now.
        reign: The champion, by its row.
        pairs: Of each test.
        why_gpu: By what the lab chose the kind of device; empty where the caller did.
        limits: What the person allows, read before the transaction begins.
    """

    candidates: Sequence[Candidate]
    champion: KeptProposal
    baseline: KeptProposal
    reign: int
    pairs: int
    caller: str
    why_gpu: str
    limits: Allowance

    @property
    def setting(self) -> LaunchStratum:
        """Of the tests; all run on one kind of device."""
        return self.candidates[0].setting


async def validate(lab: Lab, request: ValidationRequest, caller: str) -> Validated:
    """Launch one test for each candidate, in the order given, and answer at once.

    All that may follow is reserved: the longer horizons, and the pairs from which a gain is reported. The dispatcher launches
    those of candidates that are confirmed.

    Raises:
        AllowanceError: It doesn't fit what the person allowed.
        BadInputError: A candidate has no score, is the champion itself, is named twice, or can't run where it is to.
        ConflictError: A candidate is being tested, or there is another champion since.
        NotFoundError: There is no such experiment.
    """
    call = await _read(lab, request, caller)
    if request.dry_run:
        tests = await _plan(lab, lab.db, call)
    else:
        async with lab.db.transaction() as tx:
            tests = await _launch(lab, tx, call)
        lab.wake_dispatcher()
    return await _answer(lab, call, tests, dry_run=request.dry_run)


async def _read(lab: Lab, request: ValidationRequest, caller: str) -> Call:
    reign = await validations.champion_number(lab.db)
    [champion] = await proposals.keep(
        lab, [await proposals.propose(lab, Change(base=CHAMPION))], "The champion, as it is measured now"
    )
    gpu, why = await _kind(lab, request)
    candidates = [await _candidate(lab, request, name, gpu) for name in request.ids]
    _refuse_needless(candidates, champion)
    ran_on = sorted({candidate.setting.gpu for candidate in candidates})
    if len(ran_on) > 1:
        raise BadInputError(f"The candidates ran on different kinds of GPU: {', '.join(ran_on)}", "Say on which to test: gpu=")
    return Call(candidates, champion, await proposals.baseline(lab), reign, request.replicates, caller, why, lab.allowance())


async def _kind(lab: Lab, request: ValidationRequest) -> tuple[str | None, str]:
    """The kind of device to test on, None for the candidates' own; and why, where the lab chose."""
    if request.gpu is None:
        return None, ""
    first = await find_experiment(lab, request.ids[0])
    runs = 2 * request.replicates * len(request.ids)
    chosen = await device_choice.choose(lab, request.gpu, None, first.budget_seconds, runs, with_baseline=False)
    return chosen.settings[0].gpu, chosen.why


def _refuse_needless(candidates: Sequence[Candidate], champion: KeptProposal) -> None:
    """Refuse tests that could show nothing, or nothing more."""
    named: dict[str, str] = {}
    for candidate in candidates:
        name, tree = candidate.experiment.id, candidate.idea.kept.tree
        if tree == champion.kept.tree:
            raise BadInputError(f"{name} has the champion's own source", "Validate what is to be better than that")
        if tree in named:
            raise BadInputError(f"{name} has the source of {named[tree]}", "Name each source once: every test costs level")
        named[tree] = name


async def _candidate(lab: Lab, request: ValidationRequest, name: str, gpu: str | None) -> Candidate:
    experiment = await find_experiment(lab, name)
    if experiment.status is not Status.SUCCEEDED:
        raise BadInputError(
            f"{experiment.id} is {experiment.status}", "Only what has a score can be validated; see get_results"
        )
    [idea] = await proposals.keep(
        lab, [await proposals.propose(lab, Change(base=experiment.id))], f"{experiment.id}, as it is measured now"
    )
    kind, budget = gpu or experiment.gpu, experiment.budget_seconds
    setting = await choose_launch_stratum(lab, kind, None, budget)
    longer = [
        (times, await choose_launch_stratum(lab, kind, None, times * budget)) for times in sorted({*request.horizons} - {1})
    ]
    return Candidate(experiment, idea, setting, longer, await _prior(lab, setting))


async def _prior(lab: Lab, setting: LaunchStratum) -> tuple[float, float] | None:
    """What is known of the noise before the test; nothing where seeds vary nothing."""
    moderated = moderate(await validations.replicates(lab.db, setting.name))
    if moderated is None or moderated.prior.sd == 0:
        return None
    difference = of_difference(moderated.prior)
    return difference.sd, difference.degrees


async def _plan(lab: Lab, reader: Reader, call: Call) -> list[validations.Validation]:
    """The tests as they would be launched now, each at its place in the stream.

    Raises:
        AllowanceError: They don't fit.
        ConflictError: A candidate is being tested, or there is another champion since.
    """
    if await validations.champion_number(reader) != call.reign:
        raise ConflictError("There is another champion since this call began", "See get_briefing, then call validate again")
    await _refuse_tested(reader, call)
    history = await validations.history(reader)
    tests: list[validations.Validation] = []
    for number, candidate in enumerate(call.candidates, history.tests + 1):
        tests.append(
            validations.Validation(
                number=number,
                candidate=candidate.experiment.number,
                commit=candidate.idea.kept.commit,
                champion=call.reign,
                gpu=candidate.setting.gpu,
                clock=candidate.setting.clock,
                level=level(number, history.confirmations),
                confirmations=history.confirmations,
                prior=candidate.prior,
                launched_by=call.caller,
                launched_at=time.time(),
                stages=await _stages(lab, reader, call, candidate),
            )
        )
    allowance.check(call.limits, await spending.committed(reader, time.time()), _all_of(tests))
    allowance.refuse_unpriced(lab, call.limits, call.setting.gpu, is_priced=call.setting.is_priced)
    return tests


async def _refuse_tested(reader: Reader, call: Call) -> None:
    """Refuse what is being tested, and what was confirmed against this champion: longer horizons aren't tried until passed."""
    running = {one.commit: one for one in await validations.unfinished(reader)}
    confirmed = {one.commit: one for one in await validations.confirmed_against(reader, call.reign)}
    for candidate in call.candidates:
        name, commit = candidate.experiment.id, candidate.idea.kept.commit
        if commit in running:
            raise ConflictError(f"{name} is being tested as {running[commit].id}", f'wait(ids=["{running[commit].id}"])')
        if commit in confirmed:
            told = f"{name} was confirmed against this champion by {confirmed[commit].id}, and not promoted"
            raise ConflictError(told, f'See why with get_results(ids=["{confirmed[commit].id}"]), then change it')


def _all_of(tests: Sequence[validations.Validation]) -> Committed:
    """What tests cost with all that may follow."""
    runs = [(2 * stage.pairs, stage) for test in tests for stage in test.stages]
    return Committed(
        experiments=sum(count for count, _ in runs),
        gpu_seconds=sum(count * stage.gpu_seconds for count, stage in runs),
        usd=sum(count * stage.usd for count, stage in runs),
    )


async def _stages(lab: Lab, reader: Reader, call: Call, candidate: Candidate) -> list[Stage]:
    champion, baseline = call.champion.kept, call.baseline.kept
    planned = [(StageKind.TEST, 1, candidate.setting, champion, call.pairs)]
    planned += [(StageKind.HORIZON, times, setting, champion, horizons.PAIRS) for times, setting in candidate.longer]
    if candidate.idea.kept.tree != baseline.tree:
        planned.append((StageKind.REPORT, 1, candidate.setting, baseline, paired_test.PAIRS))
    stages: list[Stage] = []
    for place, (kind, horizon, setting, against, count) in enumerate(planned):
        each = await estimates.gpu_seconds_each(reader, setting, lab.trainer)
        stages.append(
            Stage(
                place=place,
                kind=kind,
                horizon=horizon,
                against=against.commit,
                setting=setting.name,
                budget_seconds=setting.budget_seconds,
                pairs=count,
                gpu_seconds=each,
                usd=estimates.usd(each, setting),
            )
        )
    return stages


async def _launch(lab: Lab, tx: Transaction, call: Call) -> list[validations.Validation]:
    tests = await _plan(lab, tx, call)
    ideas_run = [call.champion, call.baseline, *(candidate.idea for candidate in call.candidates)]
    await sources.save_sources(tx, [idea.kept for idea in ideas_run])
    names: dict[str, str] = {}
    for test in tests:
        await validations.save(tx, test)
        names |= await validation_pairs.queue(tx, test, test.running, call.pairs, test.launched_at)
    await lab.sources.tag(names)
    return tests


async def _answer(lab: Lab, call: Call, tests: Sequence[validations.Validation], *, dry_run: bool) -> Validated:
    runs = 2 * call.pairs * len(tests)
    each = sum(test.running.gpu_seconds for test in tests) / len(tests)
    total = _all_of(tests)
    ahead = await workload.queue_ahead(lab.db, call.setting.gpu)
    if not dry_run:  # they are among what is pending
        ahead = workload.QueueAhead(ahead.experiments - runs, ahead.gpu_seconds - runs * each)
    times = estimates.estimate(call.setting, each, runs, ahead)
    return Validated(
        tests=[await _told(lab, test, dry_run=dry_run) for test in tests],
        champion=await champion_name(lab, call.reign),
        gpu=call.setting.gpu,
        why_gpu=call.why_gpu,
        estimate=Estimate(
            gpu_seconds=round(total.gpu_seconds, 1),
            usd=round(total.usd, 4) or None,
            starts_in_seconds=times.starts_in_seconds,
            done_in_seconds=times.done_in_seconds,
        ),
        tests_before=tests[0].number - 1,
        dry_run=dry_run or None,
        next="" if dry_run else f"wait(ids={[test.id for test in tests]})",
        lab=await lab_line(lab),
    )


async def _told(lab: Lab, test: validations.Validation, *, dry_run: bool) -> LaunchedTest:
    return LaunchedTest(
        validation="" if dry_run else test.id,
        candidate=experiment_id(test.candidate),
        level=significant(test.level, DIGITS),
        costs=[
            Cost(
                stage=stage.kind,
                horizon=stage.horizon,
                seeds=stage.pairs,
                gpu_seconds=round(2 * stage.pairs * stage.gpu_seconds, 1),
                usd=round(2 * stage.pairs * stage.usd, 4) or None,
            )
            for stage in test.stages
        ],
        experiments=[] if dry_run else id_ranges(await validation_pairs.members(lab.db, test.number)),
    )
