"""The words of the lab as types: experiments, runs, pools, strata, and how their names are written.

Records are frozen: they say how things stood when they were read. What changes lives in the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from ..trainer.contract.failures import FailureKind
from .errors import BadInputError


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
    """What the evidence allows one to say of an experiment against its reference."""

    PENDING = "pending"
    NONE = "none"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"
    PROMISING = "promising"
    CONFIRMED = "confirmed"
    NOT_SHOWN = "not_shown"


Failure = FailureKind
"""Why a run has no score: the list that trainer and server share."""
Clock = Literal["cpu", "wall"]
"""What a budget counts: CPU time of the process tree where there is no GPU, else wall clock."""
Direction = Literal["minimize", "maximize"]
Priority = Literal["low", "normal", "high"]
PRIORITIES: Mapping[str, int] = {"low": 0, "normal": 1, "high": 2}
LAB = "labhand"
"""By whom the experiments are launched that the lab adds by itself."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What an experiment is judged by.

    Attributes:
        name: As the trainer calls it, such as `val_bpb`.
        direction: Which way is better.
        self_reported: The experiment's own output is believed, rather than the evaluator.
    """

    name: str
    direction: Direction
    self_reported: bool

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
        variant: Of its grid; empty where that has none.
        commit: Of its source in the lab's repository.
        tree: Content hash of the source: equal trees are the same source.
        base: The experiment whose source it was made from; None for the baseline and a folder on disk.
        purpose: `idea`; `baseline` for the replicates that the lab adds by itself, `recheck` where it runs a suspected score
            again, `spot_check` where it runs to its end what it had stopped as doomed; `validation` for the pairs that a
            validation rests on, `report` for those that decide nothing.
        replicate: k of `seed(setting, k)`.
        setting: Trainer, kind of device and budget: the stratum as far as it is known at launch.
        gpu: The kind of device that it asks for, `cpu` where there is none.
        budget_seconds: Of training, counted by `clock`.
        overrides: The knobs that differ from its base.
        flags: For the reader: what its source touches that the baseline doesn't, what its runner saw, why its score is
            doubted. Each is a word, or a word and a colon and more.
        gpu_seconds: Held, by all its runs; estimated until it is finished.
        score: None unless measured.
        gain: Against the reference of its stratum; positive is better.
    """

    number: int
    grid: int | None
    variant: str
    commit: str
    tree: str
    base: int | None
    purpose: str
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
        status: `starting`, `running`, `evaluating`, `finished`, or `lost` when its machine vanished.
        heartbeat_at: When the backend last had news of it, as a Unix time.
    """

    id: str
    experiment: int
    attempt: int
    pool: str
    handle: Mapping[str, Any]
    status: str
    created_at: float
    heartbeat_at: float


@dataclass(frozen=True, slots=True)
class Pool:
    """GPUs of one kind from one backend, as `labhand.toml` names them.

    Attributes:
        gpu: The kind; `cpu` where a slot is a core.
        slots: How many experiments run at once.
        usd_per_hour: Of one slot; 0 where it costs nothing.
        note: Why it can't be used at the moment; empty when it can.
        as_of: Unix time; 0 before a backend was asked.
        taken: Slots that others on the machine hold.
        most_clusters: Its slots are on clusters that are hired, so many at the most; 0 where machines aren't hired.
    """

    name: str
    backend: str
    gpu: str
    clock: Clock
    slots: int
    usd_per_hour: float
    note: str = ""
    as_of: float = 0.0
    taken: int = 0
    most_clusters: int = 0

    @property
    def is_priced(self) -> bool:
        """Whether its price is known: said by the person, or asked for."""
        return self.as_of > 0 or self.usd_per_hour > 0

    @property
    def gpus_per_cluster(self) -> int:
        """Of one cluster; 0 where machines aren't hired."""
        return self.slots // self.most_clusters if self.most_clusters else 0


ClusterState = Literal["starting", "up", "failed", "gone"]
"""`failed` is one that can't be used and isn't known to be gone yet: it may still cost money."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Machines that a backend holds for a pool, and pays for, whether or not anything runs on them.

    Attributes:
        name: Unique for all time: a cluster that is gone never comes back under the same name.
        gpus: How many it holds.
        usd_per_hour: Of all of it; 0 where it costs nothing.
        launched_at: Unix time from which on it may cost money.
        ended_at: Unix time at which it was known to be gone; None before.
        note: What is wrong with it, or what it waits for; empty when it works.
    """

    name: str
    pool: str
    gpus: int
    status: ClusterState
    usd_per_hour: float
    launched_at: float
    ended_at: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stratum:
    """What makes results comparable, and what is known of the noise in it.

    Attributes:
        facts: trainer, evaluator, data, budget, gpu (the kind that was asked for), device (the kind that was measured), torch,
            driver, self_reported.
        reference: Mean score of the reference's replicates; None until one is scored.
        noise: Standard deviation between seeds; None until two replicates are scored.
        degrees: Degrees of freedom of the noise.
    """

    number: int
    facts: Mapping[str, Any]
    reference: float | None
    replicates: int
    noise: float | None
    degrees: int


def experiment_id(number: int) -> str:
    """`e0042` for 42."""
    return f"e{number:04d}"


def grid_id(number: int) -> str:
    """`g007` for 7."""
    return f"g{number:03d}"


def validation_id(number: int) -> str:
    """`v003` for 3."""
    return f"v{number:03d}"


def run_id(experiment: int, attempt: int) -> str:
    """`e0042-1` for the first attempt at experiment 42."""
    return f"{experiment_id(experiment)}-{attempt}"


_ID = re.compile(r"([egv])0*(\d{1,9})")
_RANGE = re.compile(r"e0*(\d{1,9})\s*(?:-|\.\.)\s*e?0*(\d{1,9})")
LONGEST_RANGE = 1_000_000
"""Experiments that one range may name."""


class Ids(NamedTuple):
    """Numbers of what is named."""

    experiments: list[int]
    grids: list[int]
    validations: list[int]


def parse_ids(ids: Iterable[str]) -> Ids:
    """Numbers of the experiments, grids and validations that are named.

    Args:
        ids: `e0042`, `g007`, `v003`, or a range `e0001-e0008` as answers write them.

    Raises:
        BadInputError: A name is none of these, or a range is beyond all measure.
    """
    found = Ids([], [], [])
    kinds = {"e": found.experiments, "g": found.grids, "v": found.validations}
    for text in ids:
        if span := _RANGE.fullmatch(text.strip()):
            first, last = int(span[1]), int(span[2])
            if last - first >= LONGEST_RANGE:
                raise BadInputError(
                    f"{text!r} names {last - first + 1:,} experiments", f"A range has {LONGEST_RANGE:,} at the most"
                )
            found.experiments.extend(range(first, last + 1))
        elif name := _ID.fullmatch(text.strip()):
            kinds[name[1]].append(int(name[2]))
        else:
            raise BadInputError(
                f"{text!r} is not an id", "An experiment is e0042, a grid g007, a validation v003, a range e0001-e0008"
            )
    return found


def id_ranges(numbers: Iterable[int]) -> list[str]:
    """Experiments as ranges: `["e0001-e0008", "e0011"]`."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return [experiment_id(low) if low == high else f"{experiment_id(low)}-{experiment_id(high)}" for low, high in spans]


def seed(lab: str, setting: str, replicate: int) -> int:
    """The seed that the lab assigns to replicate k of a setting, in [0, 2**31).

    Experiments in one setting share seeds, so that they can be compared pair by pair.

    Args:
        lab: The lab's own identity, so that two labs don't draw alike.
        setting: Trainer, kind of device and budget: what is known of the stratum before anything ran.
        replicate: k, from 0.
    """
    digest = sha256(f"{lab}/{setting}/{replicate}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
