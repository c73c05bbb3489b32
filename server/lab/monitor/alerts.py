"""What needs attention: plans to approve, stuck runs, failure storms, idle GPUs, a used-up allowance, no dispatcher."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from anyio import to_thread

from ...domain import ACTIVE, Pool, Run, RunStatus, Status
from ...ids import experiment_id, id_ranges
from ...schemas.analysis import AnalysisQuery
from ...schemas.fleet import ScaleRequest
from ...schemas.inspect import LogQuery
from ...schemas.launch import Launch
from ...schemas.manage import CancelRequest
from ...settings import LOG, SET_ASIDE
from ...store.comparison import validation_pairs
from ...store.experiments import stats, workload
from ...store.money import clusters, plan_budgets, spending
from ...store.money.clusters import DesiredClusters, HeldClusterRow
from ...store.money.plan_budgets import PlanBudgets
from ...store.running import queue, runs, slots_aside
from ...store.running.holds import Hold, active_holds
from ...store.running.slots_aside import SlotAside
from .. import references
from ..analysis.drift_check import check_drift
from ..approval import plans
from ..dispatcher_process import dispatcher_lives
from ..lab import Lab
from ..results.experiment_rows import FEW_WORDS
from ..sanitize import cut
from ..steering import pausing, person_messages
from .changed_files import changed_files

MIN_SILENT_SECONDS = 60.0
"""Silence after which a run is reported as stuck; more if the trainer may take longer to start or to be evaluated."""
MIN_STARTING_SECONDS = 1800.0
"""The same for a run that waits for a cluster to start, or for a GPU of a busy cluster."""
DECISION_SECONDS = 3600.0
"""How long an agent is told of a decision about a plan of which nothing is launched yet."""
OPEN_PLAN = "plan:"
"""How the keys of alerts begin that a plan waits for a decision."""
DECIDED_PLAN = "decided:"
"""How the keys of alerts begin that a person has decided about a plan."""
DISPATCHER = "dispatcher"
"""The key of the alert that there is work and no dispatcher."""
MAX_REASON = 600
"""Characters of a message from a failure or a backend."""
MAX_FILES = 5
"""Changed files that one line names."""
MAX_RANGES = 20
"""Ranges of ids in one line."""


@dataclass(frozen=True, slots=True)
class Attention:
    """One alert.

    Attributes:
        key: Identifies the alert, so that the same one isn't reported as new again.
        line: What is wrong and what to do, for the caller.
        about: The experiments that it concerns; empty if it concerns every caller.
        wakes: Whether it ends a wait.
    """

    key: str
    line: str
    about: Sequence[int] = ()
    wakes: bool = True


@dataclass(frozen=True, slots=True)
class _ClusterState:
    """The lab's clusters and what limits them.

    Attributes:
        held: The clusters that may cost money.
        desired: How many clusters each pool is to have, where somebody said so.
        used_up: The part of the allowance that is used up; empty if none is.
    """

    held: Sequence[HeldClusterRow]
    desired: Mapping[str, DesiredClusters]
    used_up: str

    def may_start(self, pool: Pool) -> bool:
        """Return whether the dispatcher starts runs on a pool."""
        return not self.used_up and not self.is_scaled_to_zero(pool)

    def is_scaled_to_zero(self, pool: Pool) -> bool:
        """Return whether somebody set a pool to have no clusters."""
        return pool.most_clusters > 0 and pool.name in self.desired and self.desired[pool.name].clusters == 0

    @property
    def needs_dispatcher(self) -> bool:
        """Whether a cluster has to be started, watched or stopped."""
        return bool(self.held) or any(desired.clusters for desired in self.desired.values())


async def scan(lab: Lab) -> list[Attention]:
    """Return what needs attention now, the most urgent first."""
    pending = await workload.count_pending(lab.db)
    pools = await lab.pools()
    queued = await queue.queued_by_gpu(lab.db)
    now = time.time()
    allowance = lab.allowance()
    is_over = allowance.ends is not None and now >= allowance.ends
    state = _ClusterState(
        await clusters.held_clusters(lab.db, now, ended=False),
        await clusters.desired(lab.db),
        await spending.used_up(lab.db, allowance, now),
    )
    budgets = await plan_budgets.budgets(lab.db, lab.approval(), now)
    alerts = [*await _person(lab, pending), *await _plans(lab, pools, budgets, now), *_settings(lab)]
    alerts += await _changed_files(lab)
    if await _has_work(lab, pools, pending, state, budgets, is_over=is_over) and not dispatcher_lives(lab.folder):
        alerts += _dispatcher(lab)
    else:  # without a dispatcher every run is silent
        alerts += _stuck([attempt.run for attempt in await runs.active(lab.db)], pools, now, _longest_silence(lab))
    if is_over:
        alerts += _over(pending)
    alerts += _used_up(state, pending)
    alerts += await to_thread.run_sync(_set_aside, lab)
    alerts += _storms(await active_holds(lab.db))
    alerts += _aside(await slots_aside.slots_aside(lab.db))
    alerts += _unusable(pools, queued)
    alerts += _scaled_to_zero(pools, queued, state)
    alerts += _broken(pools, state)
    alerts += await _drift(lab)
    alerts += _idle(pools, pending)
    alerts += _idle_clusters(pools, pending, state)
    return alerts


async def _has_work(
    lab: Lab,
    pools: Sequence[Pool],
    pending: Mapping[Status, int],
    state: _ClusterState,
    budgets: PlanBudgets,
    *,
    is_over: bool,
) -> bool:
    """Return whether a dispatcher has anything to do."""
    kinds = [] if is_over else [pool.gpu for pool in pools if state.may_start(pool)]
    return (
        any(status in ACTIVE for status in pending)
        or state.needs_dispatcher
        or await queue.startable(lab.db, kinds, budgets)
        or await validation_pairs.need_a_look(lab.db)
    )


async def _person(lab: Lab, pending: Mapping[Status, int]) -> list[Attention]:
    """What the person says and decides, before everything else."""
    said = [
        Attention(f"message:{each.number}", person_messages.in_words(each)) for each in await person_messages.unanswered(lab)
    ]
    pause = await pausing.current_pause(lab)
    if pause is None:
        return said
    queued = f"; {pending[Status.QUEUED]} experiments are queued" if pending.get(Status.QUEUED) else ""
    return [*said, Attention(f"paused:{pause.at:.0f}", f"{pausing.in_words(pause)}{queued}")]


async def _plans(lab: Lab, pools: Sequence[Pool], budgets: PlanBudgets, now: float) -> list[Attention]:
    """Plans that wait for a decision or are just decided, and experiments that start only when a plan covers them."""
    if not budgets:
        return []
    found: list[Attention] = []
    by_client = lab.approval().by_client
    for plan in await plans.summaries(lab):
        if plan.state == "open":
            how = plans.how_to_approve(plan.plan, plan.digest, by_client=by_client)
            line = f"{plan.plan} waits for a person ({plans.cost_in_words(plan)}): {how}"
            found.append(Attention(f"{OPEN_PLAN}{plan.plan}:{plan.digest}", line, wakes=False))
        elif now - (plan.decided_at or 0.0) < DECISION_SECONDS and not (plan.deed and plan.deed.experiments):
            reason = f": {cut(plan.reason, MAX_REASON)}" if plan.reason else ""
            line = f"{plan.plan} is {plan.state}{reason}" + (". Launch what it says" if plan.state == "approved" else "")
            found.append(Attention(f"{DECIDED_PLAN}{plan.plan}:{plan.state}", line))
    kinds = sorted({pool.gpu for pool in pools})
    if await queue.startable(lab.db, kinds) and not await queue.startable(lab.db, kinds, budgets):
        queued = sum(budget.use.queued for budget in budgets.values())
        problem = f"{queued} queued experiments don't start: their plans are used up or have expired, or they have none"
        remedy = "Cancel them, and launch them again under a plan that a person has approved"
        found.append(Attention("unapproved", f"{problem}. {remedy}"))
    return found


def _settings(lab: Lab) -> list[Attention]:
    trouble = lab.settings_trouble()
    return [Attention(f"settings:{trouble}", f"a person must mend labhand.toml: {trouble}")] if trouble else []


async def _changed_files(lab: Lab) -> list[Attention]:
    if lab.in_force.trouble:
        line = f"a person must mend the trainer's files; the lab goes on with them as they were: {lab.in_force.trouble}"
        return [Attention(f"trainer:{lab.in_force.trouble}", line)]
    changed = await changed_files(lab)
    if not changed:
        return []
    shown = f"{', '.join(changed[:MAX_FILES])}{f' and {len(changed) - MAX_FILES} more' if len(changed) > MAX_FILES else ''}"
    call = Launch(base=references.WORKDIR, hypothesis="The trainer folder as it is now").as_call()
    line = f"{shown} in {lab.trainer.folder} changed, and no experiment has these changes: {call} runs them"
    return [Attention(f"changed:{','.join(changed)}", line, wakes=False)]


def _dispatcher(lab: Lab) -> Iterator[Attention]:
    yield Attention(DISPATCHER, f"no dispatcher runs, so nothing starts or finishes; if this persists, see {lab.folder / LOG}")


def _set_aside(lab: Lab) -> list[Attention]:
    folder = lab.folder / SET_ASIDE
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if not names:
        return []
    more = f" and {len(names) - MAX_RANGES} more" if len(names) > MAX_RANGES else ""
    line = (
        f"run folders that belong to no run in the lab's database were set aside, and their results don't count:"
        f" {', '.join(names[:MAX_RANGES])}{more}. The database was probably put back to an older copy; a person can run"
        f" `labhand doctor` to see what was lost, and ends this message by deleting {folder}"
    )
    return [Attention(f"set-aside:{names[-1]}", line)]


def _over(pending: Mapping[Status, int]) -> Iterator[Attention]:
    if queued := pending.get(Status.QUEUED):
        yield Attention("over", f"the time that the person allowed is over: {queued} queued experiments won't start")


def _stuck(runs: Sequence[Run], pools: Sequence[Pool], now: float, limit: float) -> Iterator[Attention]:
    cloud_pools = {pool.name for pool in pools if pool.most_clusters}
    for run in runs:
        silence = now - run.heartbeat_at
        is_waiting = run.status is RunStatus.STARTING and run.pool in cloud_pools
        if silence > (MIN_STARTING_SECONDS if is_waiting else limit):
            name = experiment_id(run.experiment)
            state = f"{run.id} ({run.status} on {run.pool}) has been silent for {silence:.0f} s"
            look = LogQuery(id=name).as_call()
            end = CancelRequest(ids=[name], reason=f"silent for {silence:.0f} s").as_call()
            yield Attention(f"stuck:{run.id}", f"{state}. Read its log with {look}, or end it with {end}", [run.experiment])


def _storms(holds: Sequence[Hold]) -> Iterator[Attention]:
    for hold in holds:
        held = ", ".join(id_ranges(hold.experiments)[:MAX_RANGES])
        yield Attention(
            f"storm:{hold.number}",
            f"the experiments {held} are held because others failed with {hold.failure}. {cut(hold.reason, MAX_REASON)}",
            hold.experiments,
        )


def _aside(slots: Sequence[SlotAside]) -> Iterator[Attention]:
    for aside in slots:
        problem = f"slot {aside.slot} of the pool {aside.pool} is set aside, and nothing starts there: {aside.reason}"
        remedy = "Ask the person to check that device of the machine, and then to run: labhand doctor --use-all-slots"
        yield Attention(f"aside:{aside.pool}:{aside.slot}", f"{problem}. {remedy}")


def _unusable(pools: Sequence[Pool], queued: Mapping[str, int]) -> Iterator[Attention]:
    for pool in pools:
        if pool.note and queued.get(pool.gpu):
            problem = f"{_queued(queued, pool)}, but the pool {pool.name} can't be used now"
            remedy = "`labhand doctor` says more"
            yield Attention(f"pool:{pool.name}", f"{problem}: {cut(pool.note, MAX_REASON).rstrip('.')}. {remedy}")


def _queued(queued: Mapping[str, int], pool: Pool) -> str:
    count = queued[pool.gpu]
    return f"{count} experiment{' is' if count == 1 else 's are'} queued for {pool.gpu}"


def _used_up(state: _ClusterState, pending: Mapping[Status, int]) -> Iterator[Attention]:
    if state.used_up:
        problem = f"the {state.used_up} that the person allowed are used up"
        queued = f": {pending[Status.QUEUED]} queued experiments won't start" if pending.get(Status.QUEUED) else ""
        stopping = f"; {len(state.held)} clusters stop as soon as nothing runs on them" if state.held else ""
        yield Attention("used up", f"{problem}{queued}{stopping}")


def _scaled_to_zero(pools: Sequence[Pool], queued: Mapping[str, int], state: _ClusterState) -> Iterator[Attention]:
    for pool in pools:
        if not state.is_scaled_to_zero(pool) or not queued.get(pool.gpu):
            continue
        desired = state.desired[pool.name]
        by = cut(desired.by, FEW_WORDS)
        problem = f"{_queued(queued, pool)}, but the pool {pool.name} is set to 0 clusters"
        if desired.by_person:
            line = f"{problem} by the person ({by}). Ask the person to allow clusters again: labhand up"
        else:
            line = f"{problem} by {by}. To allow clusters again, call {ScaleRequest(pool=pool.name, clusters=None).as_call()}"
        yield Attention(f"given up:{pool.name}", line)


def _broken(pools: Sequence[Pool], state: _ClusterState) -> Iterator[Attention]:
    """Clusters that may cost money although they can't be used, or although no pool manages them."""
    managed = {pool.name for pool in pools if pool.most_clusters}
    for row in state.held:
        cluster = row.cluster
        if cluster.pool not in managed:
            problem = f"its pool {cluster.pool} is no longer in labhand.toml, so nothing checks or stops it"
            remedy = f"Ask the person to run: sky down {cluster.name}"
            yield Attention(f"cluster:{cluster.name}", f"{cluster.name} may still be up: {problem}. {remedy}")
        elif cluster.status == "lost":
            problem = f"{cluster.name} of {cluster.pool} is lost and may still be up: {cut(cluster.note, MAX_REASON)}"
            yield Attention(f"lost:{cluster.name}", problem)
        elif cluster.status == "failed":
            problem = f"{cluster.name} of {cluster.pool} can't be used: {cut(cluster.note, MAX_REASON)}"
            yield Attention(f"cluster:{cluster.name}", problem)


async def _drift(lab: Lab) -> list[Attention]:
    stratum = await stats.main_stratum(lab.db)
    line = (await check_drift(lab, stratum)).line if stratum is not None else None
    return [Attention(f"drift:{stratum}", f"{line}: {AnalysisQuery(what='noise').as_call()}", wakes=False)] if line else []


def _idle(pools: Sequence[Pool], pending: Mapping[Status, int]) -> Iterator[Attention]:
    slots = sum(pool.slots for pool in pools if not pool.note and not pool.most_clusters)
    running = sum(count for status, count in pending.items() if status in ACTIVE)
    if running and running < slots and not pending.get(Status.QUEUED):
        yield Attention("idle", f"{slots - running} of {slots} GPUs are idle and nothing is queued", wakes=False)


def _idle_clusters(pools: Sequence[Pool], pending: Mapping[Status, int], state: _ClusterState) -> Iterator[Attention]:
    """GPUs of clusters that cost money while nothing runs on them."""
    if pending.get(Status.QUEUED):
        return
    up = [row.cluster for row in state.held if row.cluster.status == "up"]
    gpus = sum(cluster.gpus for cluster in up)
    local_slots = sum(pool.slots for pool in pools if not pool.most_clusters)
    running = sum(count for status, count in pending.items() if status in ACTIVE)
    idle = gpus - max(0, running - local_slots)
    if idle > 0:
        price = sum(cluster.usd_per_cluster_hour for cluster in up) / gpus
        costs = f" for ${idle * price:.2f} an hour" if price else ""
        line = f"{idle} of {gpus} GPUs of clusters are idle{costs} and nothing is queued"
        yield Attention("idle clusters", line, wakes=False)


def _longest_silence(lab: Lab) -> float:
    return max(MIN_SILENT_SECONDS, lab.trainer.startup_seconds, lab.trainer.evaluation_seconds)
