"""The words of the lab as types: experiments, runs, pools, strata, and how their names are written.

Records are frozen: they say how things stood when they were read. What changes lives in the store.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from ..trainer.contract.failures import FailureKind
from ..trainer.contract.run_result import MAX_NUMBER
from .ids import experiment_id


class Status(StrEnum):
    """Where an experiment is in its life."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    EVALUATING = "evaluating"
    SUCCEEDED = "succeeded"
    STOPPED = "stopped"
    FAILED = "failed"
    CANCELLED = "cancelled"


ACTIVE = frozenset({Status.STARTING, Status.RUNNING, Status.EVALUATING})
"""A run holds a slot."""
PENDING = ACTIVE | {Status.QUEUED}
FINISHED = frozenset(Status) - PENDING


class Verdict(StrEnum):
    """What the evidence allows one to say of an experiment against the reference of its stratum: the champion."""

    PENDING = "pending"
    NONE = "none"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"
    PROMISING = "promising"
    CONFIRMED = "confirmed"
    NOT_SHOWN = "not_shown"
    REFERENCE = "reference"
    """It is a replicate of the reference itself."""


Picture = Literal["progress", "effects", "curves", "timeline", "parallel", "horizons", "pareto"]
"""A plot of many experiments."""


class Purpose(StrEnum):
    """Why an experiment exists."""

    IDEA = "idea"
    """A caller asked for it."""
    BASELINE = "baseline"
    """A replicate of the baseline that the lab adds by itself."""
    CHAMPION = "champion"
    """A replicate of the champion that the lab adds by itself in a stratum in which it has not run."""
    RECHECK = "recheck"
    """A suspected score is run again on another seed."""
    SPOT_CHECK = "spot_check"
    """What was stopped as doomed is run to its end, to count the mistakes of early stopping."""
    VALIDATION = "validation"
    """One of the pairs that a validation rests on."""
    REPORT = "report"
    """One of the pairs that decide nothing, from which a gain is reported."""


class RunStatus(StrEnum):
    """Where one physical attempt at an experiment is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    EVALUATING = "evaluating"
    FINISHED = "finished"
    LOST = "lost"
    """Its machine vanished."""


Failure = FailureKind
"""Why a run has no score: the list that trainer and server share."""
NOT_OF_THE_SOURCE = frozenset({Failure.LOST_MACHINE, Failure.EVALUATOR_FAILED})
"""Failures that say nothing about the source: the same source can succeed once the machine or the evaluator works."""
Clock = Literal["cpu", "wall"]
"""What a budget counts: CPU time of the process tree where there is no GPU, else wall clock."""
Direction = Literal["minimize", "maximize"]
Priority = Literal["low", "normal", "high"]
PRIORITIES: Mapping[str, int] = {"low": 0, "normal": 1, "high": 2}
LAB = "labhand"
"""By whom the experiments are launched that the lab adds by itself."""


MAX_SCORE = MAX_NUMBER
"""The largest size of a score that is compared with others. Runs with larger ones fail; older versions stored them."""


def is_comparable(score: float) -> bool:
    """Return whether a score can be compared with others: it is a finite number of at most `MAX_SCORE` in size."""
    return abs(score) <= MAX_SCORE


@dataclass(frozen=True, slots=True)
class Guard:
    """A limit on a metric that every improvement has to keep.

    Attributes:
        metric: Its name.
        at_least: Values below it break the guard; None for no such limit.
        at_most: Values above it break the guard; None for no such limit.
    """

    metric: str
    at_least: float | None = None
    at_most: float | None = None

    def excess(self, value: float) -> float:
        """How far a value is beyond the limit; 0 or less if it keeps it."""
        below = -math.inf if self.at_least is None else self.at_least - value
        above = -math.inf if self.at_most is None else value - self.at_most
        return max(below, above)

    @property
    def limit(self) -> str:
        """The limit in words: `at most 32`."""
        limits = (("at least", self.at_least), ("at most", self.at_most))
        return " and ".join(f"{word} {limit:g}" for word, limit in limits if limit is not None)


@dataclass(frozen=True, slots=True)
class Metric:
    """What an experiment is judged by.

    Attributes:
        name: As the trainer calls it, such as `val_bpb`.
        direction: Which way is better.
        self_reported: The experiment's own output is believed, rather than the evaluator.
        guards: Limits on this and other metrics that every improvement has to keep.
    """

    name: str
    direction: Direction
    self_reported: bool
    guards: tuple[Guard, ...] = ()

    def gain(self, score: float, reference: float) -> float:
        """How much better a score is than a reference; positive is better."""
        return reference - score if self.direction == "minimize" else score - reference


@dataclass(frozen=True, slots=True)
class FailureDetail:
    """A failure, told so that it can be acted on.

    Attributes:
        kind: The class it belongs to.
        message: One line.
        lines: The lines of the log that matter.
        next_step: What would help.
    """

    kind: Failure
    message: str
    lines: Sequence[str] = ()
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One idea, run once.

    Attributes:
        number: 42 for `e0042`.
        variant: The name of its variant in its grid; empty if the grid has none. It also begins `changes`.
        commit: Of its source in the lab's repository.
        tree: Content hash of the source: equal trees are the same source.
        base: The experiment whose source it was made from; None for the baseline and a folder on disk.
        replicate: k of `seed(setting, k)`.
        setting: Trainer, kind of device and budget: the stratum as far as it is known at launch.
        gpu: The kind of device that it asks for, `cpu` where there is none.
        budget_seconds: Of training, counted by `clock`.
        overrides: The knobs that differ from its base.
        flags: For the reader: what its source touches that the baseline doesn't, what its runner saw, why its score is
            doubted. Each is a word, or a word and a colon and more.
        gpu_seconds: Held, by all its runs; estimated until it is finished.
        score: None unless measured.
        gain: Against the reference of its stratum; positive is better. None for the reference itself, and if it has no score.
        plan: The number of the approved plan that it is part of; None outside of plans.
    """

    number: int
    grid: int | None
    variant: str
    commit: str
    tree: str
    base: int | None
    purpose: Purpose
    hypothesis: str
    theme: str | None
    changes: str
    overrides: Mapping[str, Any]
    launched_by: str
    launched_at: float
    priority: int
    seed: int
    replicate: int
    setting: str
    gpu: str
    clock: Clock
    budget_seconds: float
    status: Status
    attempts: int
    gpu_seconds: float
    usd: float
    score: float | None = None
    stratum: int | None = None
    verdict: Verdict = Verdict.PENDING
    reason: str | None = None
    gain: float | None = None
    failed: FailureDetail | None = None
    flags: Sequence[str] = ()
    cancel_reason: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    result: Mapping[str, Any] = field(default_factory=dict[str, Any])
    plan: int | None = None

    @property
    def id(self) -> str:
        """As people and agents write it, `e0042`."""
        return experiment_id(self.number)


@dataclass(frozen=True, slots=True)
class Run:
    """One physical attempt at an experiment.

    Attributes:
        id: `e0042-1`, also the name of its folder below `.labhand/runs/`.
        pool: Where it runs.
        handle: What the backend needs to find it again; opaque to everyone else.
        heartbeat_at: When the backend last had news of it, as a Unix time.
        gpus: That its slot consists of: seconds that it holds the slot cost so many GPU-seconds.
    """

    id: str
    experiment: int
    attempt: int
    pool: str
    handle: Mapping[str, Any]
    status: RunStatus
    created_at: float
    heartbeat_at: float
    gpus: int = 1


@dataclass(frozen=True, slots=True)
class Pool:
    """GPUs of one kind from one backend, as `labhand.toml` names them.

    Attributes:
        gpu: The kind; `cpu` where a slot is a core.
        slots: How many experiments run at once.
        usd_per_slot_hour: Price of one GPU of a slot for one hour; 0 where it costs nothing.
        note: Why it can't be used at the moment; empty when it can.
        as_of: Unix time; 0 before a backend was asked.
        taken: Slots that others on the machine hold.
        most_clusters: The largest number of clusters that it launches for its slots; 0 where it launches none.
        gpus_per_slot: GPUs or cores, all on one machine, that one experiment has to itself.
    """

    name: str
    backend: str
    gpu: str
    clock: Clock
    slots: int
    usd_per_slot_hour: float
    note: str = ""
    as_of: float = 0.0
    taken: int = 0
    most_clusters: int = 0
    gpus_per_slot: int = 1

    @property
    def is_priced(self) -> bool:
        """Whether its price is known: said by the person, or asked for."""
        return self.as_of > 0 or self.usd_per_slot_hour > 0

    @property
    def gpus_per_cluster(self) -> int:
        """GPUs of one cluster; 0 where the pool launches none."""
        return self.slots * self.gpus_per_slot // self.most_clusters if self.most_clusters else 0


ClusterState = Literal["starting", "up", "failed", "lost", "gone"]
"""`failed` is one that can't be used and isn't known to be gone yet, `lost` one that vanished though nobody ended it: both may
still cost money."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Machines that a backend holds for a pool, and pays for, whether or not anything runs on them.

    Attributes:
        name: Unique for all time: a cluster that is gone never comes back under the same name.
        gpus: How many it holds.
        usd_per_cluster_hour: Price of the whole cluster for one hour; 0 where it costs nothing.
        launched_at: Unix time from which on it may cost money.
        ended_at: Unix time at which it was known to be gone; None before.
        note: What is wrong with it, or what it waits for; empty when it works.
    """

    name: str
    pool: str
    gpus: int
    status: ClusterState
    usd_per_cluster_hour: float
    launched_at: float
    ended_at: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an experiment that has ended, without its details.

    Attributes:
        score: None if it has failed.
        finished_at: As a Unix time.
    """

    number: int
    score: float | None
    verdict: Verdict
    finished_at: float


@dataclass(frozen=True, slots=True)
class Stratum:
    """What makes results comparable, and what is known of the noise in it.

    Attributes:
        facts: trainer, evaluator, data, budget, gpu (the kind that was asked for), device (the kind that was measured), torch,
            driver, self_reported.
        reference: Mean score of the reference's replicates; None until one is scored.
        noise: Standard deviation between seeds; None until two replicates are scored.
        degrees: Degrees of freedom of the noise.
        reference_sd: Standard deviation of the reference's own replicates; None until two are scored.
        champion: The reference, by its row among the champions; None until a score was judged.
        reference_name: The reference as callers name it, `e0057` or `baseline`; empty until a score was judged.
    """

    number: int
    facts: Mapping[str, Any]
    reference: float | None
    replicates: int
    noise: float | None
    degrees: int
    reference_sd: float | None = None
    champion: int | None = None
    reference_name: str = ""


@dataclass(frozen=True, slots=True)
class PersonMessage:
    """A message of the person.

    Attributes:
        written_at: As a Unix time.
        note: The number of the note that answers it; None while none does.
        answer: The text of that note.
    """

    number: int
    written_by: str
    written_at: float
    text: str
    note: int | None = None
    answer: str | None = None
