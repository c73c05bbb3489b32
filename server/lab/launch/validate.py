"""Launches validations: each candidate is tested against the champion once, on seeds that no other experiment has."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...approval_settings import Approval
from ...domain import Experiment
from ...errors import BadInputError, ConflictError
from ...ids import experiment_id, id_ranges, plan_id
from ...research import horizons, paired_test
from ...research.noise import of_pairs
from ...research.online_fdr import level
from ...schemas.launch import Change, Estimate
from ...schemas.messages import changed
from ...schemas.monitor import WaitQuery
from ...schemas.results import ResultsQuery
from ...schemas.validation import Cost, LaunchedTest, Validated, ValidationRequest
from ...settings import Allowance
from ...store import sources
from ...store.comparison import source_scores, validation_pairs, validations
from ...store.comparison.validations import Stage, StageKind
from ...store.database import Reader, Transaction
from ...store.money import spending
from ...store.money.spending import Committed
from .. import allowance, proposals, references
from ..after_commit import complete
from ..approval.coverage import Coverage, find_coverage
from ..fleet import device_choice, estimates
from ..fleet.launch_stratum import LaunchStratum, choose_launch_stratum
from ..lab import Lab
from ..proposals import SavedProposal
from ..references import CHAMPION, find_experiment
from ..results.experiment_rows import significant
from ..results.validation_rows import DIGITS, champion_name
from ..status_line import lab_line
from .candidate_checks import refuse_fixed_budget, refuse_unfit, refuse_unseeded_reference
from .horizon_prices import note_on_horizons
from .pair_counts import gain_to_show, note_on_pairs


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate that will be tested.

    Attributes:
        experiment: The experiment that the caller named.
        idea: Its source, with the lab's current protected files.
        setting: The launch stratum of the test.
        longer: The longer horizons, each with its launch stratum, the shortest first.
        prior: See `store.comparison.validations.Validation`.
    """

    experiment: Experiment
    idea: SavedProposal
    setting: LaunchStratum
    longer: Sequence[tuple[int, LaunchStratum]]
    prior: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Call:
    """The validations that one call launches.

    Attributes:
        candidates: The candidates, in the order of the call.
        champion: The champion's source, with the lab's current protected files.
        baseline: The baseline's source, with the lab's current protected files.
        reign: The number of the champion's row.
        pairs: Number of pairs of each test.
        caller: The name of the caller.
        why_gpu: The reason for the kind of GPU if the lab chose it; otherwise empty.
        limits: The allowance, read before the transaction begins.
        approval: What the person wants to approve, likewise.
    """

    candidates: Sequence[Candidate]
    champion: SavedProposal
    baseline: SavedProposal
    reign: int
    pairs: int
    caller: str
    why_gpu: str
    limits: Allowance
    approval: Approval

    @property
    def setting(self) -> LaunchStratum:
        """The launch stratum of the first test; all tests run on one kind of GPU."""
        return self.candidates[0].setting


async def validate(lab: Lab, request: ValidationRequest, caller: str) -> Validated:
    """Launch one test for each candidate, in the given order. Returns at once.

    The cost of all later stages is reserved too: the longer horizons, and the pairs from which a gain is reported. The
    dispatcher launches these stages for confirmed candidates.

    Raises:
        AllowanceError: The cost is more than the allowance has left, or than a person has approved.
        BadInputError: A candidate has no score, is the champion itself, is named twice, can't run on the requested GPU, or no
            test could confirm it.
        ConflictError: A candidate is being tested already, or the champion has changed since the call began.
        NotFoundError: An experiment doesn't exist.
    """
    call = await _read(lab, request, caller)
    if request.dry_run:
        priced = await _answer(lab, lab.db, call, await _plan(lab, lab.db, call), dry_run=True)
        return changed(priced, lab=await lab_line(lab))
    async with lab.db.transaction() as tx:
        launched = await _answer(lab, tx, call, await _launch(lab, tx, call), dry_run=False)
    return await complete(lab, launched, "Launched")


async def _read(lab: Lab, request: ValidationRequest, caller: str) -> Call:
    reign = await validations.champion_number(lab.db)
    [champion] = await proposals.save(
        lab, [await proposals.propose(lab, Change(base=CHAMPION))], "The champion, as it is measured now"
    )
    gpu, why = await _kind(lab, request)
    candidates = [await _candidate(lab, request, name, gpu) for name in request.ids]
    _refuse_needless(candidates, champion)
    name = await champion_name(lab, reign)
    for candidate in candidates:
        await refuse_unseeded_reference(lab, champion, name, candidate.setting)
    ran_on = sorted({candidate.setting.gpu for candidate in candidates})
    if len(ran_on) > 1:
        raise BadInputError(
            f"The candidates ran on different kinds of GPU: {', '.join(ran_on)}", f'Name the kind to test on: gpu="{ran_on[0]}"'
        )
    return Call(
        candidates,
        champion,
        await proposals.baseline(lab),
        reign,
        request.replicates,
        caller,
        why,
        lab.allowance(),
        lab.approval(),
    )


async def _kind(lab: Lab, request: ValidationRequest) -> tuple[str | None, str]:
    """Return the kind of GPU to test on, None for the candidates' own; and the reason if the lab chose it."""
    if request.gpu is None:
        return None, ""
    first = await find_experiment(lab, request.ids[0])
    runs = 2 * request.replicates * len(request.ids)
    chosen = await device_choice.choose(lab, request.gpu, None, first.budget_seconds, runs, with_baseline=False)
    return chosen.settings[0].gpu, chosen.why


def _refuse_needless(candidates: Sequence[Candidate], champion: SavedProposal) -> None:
    """Refuse tests of the champion's own source, and second tests of the same source."""
    named: dict[str, str] = {}
    for candidate in candidates:
        name, tree = candidate.experiment.id, candidate.idea.row.tree
        if tree == champion.row.tree:
            raise BadInputError(f"{name} has the champion's own source", "Name a candidate that changes it")
        if tree in named:
            raise BadInputError(
                f"{name} and {named[tree]} have the same source",
                "Name each source once: every test lowers the level of later tests",
            )
        named[tree] = name


async def _candidate(lab: Lab, request: ValidationRequest, name: str, gpu: str | None) -> Candidate:
    experiment = await find_experiment(lab, name)
    refuse_unfit(experiment)
    [idea] = await proposals.save(
        lab, [await proposals.propose(lab, Change(base=experiment.id))], f"{experiment.id}, as it is measured now"
    )
    if max(request.horizons, default=1) > 1:
        refuse_fixed_budget(lab, (await references.resolve(lab, experiment.id)).source, request.horizons)
    kind, budget = gpu or experiment.gpu, experiment.budget_seconds
    setting = await choose_launch_stratum(lab, kind, None, budget)
    longer = [
        (times, await choose_launch_stratum(lab, kind, None, times * budget)) for times in sorted({*request.horizons} - {1})
    ]
    return Candidate(experiment, idea, setting, longer, await _prior(lab, setting))


async def _prior(lab: Lab, setting: LaunchStratum) -> tuple[float, float] | None:
    """Return the noise as known before the test: standard deviation and degrees of freedom. None if it isn't known or is 0."""
    known = of_pairs(await source_scores.replicates(lab.db, setting.name))
    return None if known is None else (known.sd, known.degrees)


async def _plan(lab: Lab, reader: Reader, call: Call) -> list[validations.Validation]:
    """Return the tests as they would be launched now, each at its place in the lab's sequence of tests.

    Raises:
        AllowanceError: The cost is more than the allowance has left.
        ConflictError: A candidate is being tested already, or the champion has changed since the call began.
    """
    if await validations.champion_number(reader) != call.reign:
        before, now = [await champion_name(lab, number) for number in (call.reign, await validations.champion_number(reader))]
        raise ConflictError(f"The champion has changed from {before} to {now} since this call began", "Call validate again")
    await _refuse_tested(reader, call)
    history = await validations.history(reader)
    tests: list[validations.Validation] = []
    for number, candidate in enumerate(call.candidates, history.tests + 1):
        tests.append(
            validations.Validation(
                number=number,
                candidate=candidate.experiment.number,
                commit=candidate.idea.row.commit,
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
    first = sum(2 * test.running.pairs for test in tests)
    made_of = f"{first} runs of {call.pairs} pairs now, and {_total_cost(tests).experiments - first} if all are confirmed"
    allowance.check(call.limits, await spending.committed(reader, time.time()), _total_cost(tests), made_of)
    allowance.refuse_unpriced(lab, call.limits, call.setting.gpu, is_priced=call.setting.is_priced)
    return tests


async def _refuse_tested(reader: Reader, call: Call) -> None:
    """Refuse sources that are being tested, or that were confirmed against this champion and not promoted.

    Otherwise a caller could repeat a longer horizon until the candidate passes it.
    """
    running = {test.commit: test for test in await validations.unfinished(reader)}
    confirmed = {test.commit: test for test in await validations.confirmed_against(reader, call.reign)}
    for candidate in call.candidates:
        name, commit = candidate.experiment.id, candidate.idea.row.commit
        if commit in running:
            raise ConflictError(
                f"{name} is being tested as {running[commit].id}",
                f"Wait for its result: {WaitQuery(ids=[running[commit].id]).as_call()}",
            )
        if commit in confirmed:
            problem = f"{name} was confirmed against this champion by {confirmed[commit].id}, and not promoted"
            look = ResultsQuery(ids=[confirmed[commit].id]).as_call()
            raise ConflictError(problem, f"See why with {look}, then change it")


async def _coverage(reader: Reader, call: Call, tests: Sequence[validations.Validation]) -> Coverage:
    """Return the approved plan that tests are part of, if they need one."""
    return await find_coverage(reader, call.approval, _total_cost(tests), {call.setting.gpu})


def _total_cost(tests: Sequence[validations.Validation]) -> Committed:
    """Return the cost of tests with all stages that may follow."""
    runs = [(2 * stage.pairs, stage) for test in tests for stage in test.stages]
    return Committed(
        experiments=sum(count for count, _ in runs),
        gpu_seconds=sum(count * stage.gpu_seconds for count, stage in runs),
        usd=sum(count * stage.usd for count, stage in runs),
    )


async def _stages(lab: Lab, reader: Reader, call: Call, candidate: Candidate) -> list[Stage]:
    champion, baseline = call.champion.row, call.baseline.row
    planned = [(StageKind.TEST, 1, candidate.setting, champion, call.pairs)]
    planned += [(StageKind.HORIZON, times, setting, champion, horizons.PAIRS) for times, setting in candidate.longer]
    if candidate.idea.row.tree != baseline.tree:
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
    plan = (await _coverage(tx, call, tests)).require()
    tests = [replace(test, plan=plan) for test in tests]
    ideas_run = [call.champion, call.baseline, *(candidate.idea for candidate in call.candidates)]
    await sources.save_sources(tx, [idea.row for idea in ideas_run])
    names: dict[str, str] = {}
    for test in tests:
        await validations.save(tx, test)
        names |= await validation_pairs.queue(tx, test, test.running, call.pairs, test.launched_at)
    await lab.sources.tag(names)
    return tests


async def _answer(lab: Lab, reader: Reader, call: Call, tests: Sequence[validations.Validation], *, dry_run: bool) -> Validated:
    total = _total_cost(tests)
    ahead = await estimates.queue_ahead(reader, call.setting, "high")  # as its pairs are queued
    if not dry_run:  # the pending experiments include those of this call
        first = [(2 * call.pairs, test.running.gpu_seconds) for test in tests]
        queued_seconds = ahead.queued_seconds - sum(count * each for count, each in first)
        ahead = replace(ahead, queued=ahead.queued - sum(count for count, _ in first), queued_seconds=max(0.0, queued_seconds))
    times = await estimates.without_times_if_paused(
        reader, estimates.estimate_stages(call.setting, _stages_in_turn(tests), ahead)
    )
    return Validated(
        tests=[await _launched_test(reader, test, dry_run=dry_run) for test in tests],
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
        note="; ".join(filter(None, [*_notes_on_pairs(call, tests), note_on_horizons(lab.trainer, tests)])),
        plan=plan_id(tests[0].plan) if tests[0].plan is not None else "",
        approval=(await _coverage(reader, call, tests)).note if dry_run else "",
        next="" if dry_run else WaitQuery(ids=[test.id for test in tests]).as_call(),
    )


def _notes_on_pairs(call: Call, tests: Sequence[validations.Validation]) -> list[str]:
    return [
        note_on_pairs(candidate.experiment, candidate.prior, call.pairs, test.level)
        for candidate, test in zip(call.candidates, tests, strict=True)
    ]


def _stages_in_turn(tests: Sequence[validations.Validation]) -> list[tuple[int, float]]:
    """Return the experiments of each stage of all tests, and the GPU-seconds of each: the stages run one after the other."""
    stages: list[tuple[int, float]] = []
    for place in range(max(len(test.stages) for test in tests)):
        of_tests = [test.stages[place] for test in tests if place < len(test.stages)]
        runs = sum(2 * stage.pairs for stage in of_tests)
        stages.append((runs, sum(2 * stage.pairs * stage.gpu_seconds for stage in of_tests) / runs))
    return stages


async def _launched_test(reader: Reader, test: validations.Validation, *, dry_run: bool) -> LaunchedTest:
    return LaunchedTest(
        validation="" if dry_run else test.id,
        candidate=experiment_id(test.candidate),
        level=significant(test.level, DIGITS),
        needs_gain=gain_to_show(test.prior, test.running.pairs, test.level),
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
        experiments=[] if dry_run else id_ranges(await validation_pairs.members(reader, test.number)),
    )
