"""What this backend knows of its clusters and of the runs on them, on the disk: a later dispatcher needs nothing else."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from ....trainer.contract.files import open_locked, write_whole
from ...domain import ClusterState

State = Literal["waiting", "placed", "sent", "there", "returned"]
"""Of a run: not placed yet; meant for a cluster; on its way; its host has told of it; given back, since it couldn't start."""


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """A cluster, as long as anyone may ask what it cost.

    Attributes:
        infra: The choice that it was launched on.
        price: Dollars an hour of all of it, by SkyPilot's catalogue.
        job: Its host's; None where no host is known.
        job_at: When that host was started.
        code: The hash of the training core with which its host was started.
    """

    name: str
    infra: str
    gpus: int
    status: ClusterState
    launched_at: float
    price: float = 0.0
    ended_at: float | None = None
    note: str = ""
    job: int | None = None
    job_at: float = 0.0
    code: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """A run that isn't over.

    Attributes:
        order: When it was handed over; what came first goes first.
        cluster: Where it is, or is meant to be.
        at: When it came into its state.
        gpu: Where its host runs it.
        since: When it came into its phase, by its host's clock.
        cancelled: It is to end.
    """

    run: str
    state: State
    order: float
    budget_seconds: float
    cluster: str | None = None
    at: float = 0.0
    gpu: str | None = None
    since: float | None = None
    cancelled: bool = False


Record = TypeVar("Record", ClusterRecord, Placement)


class ClusterRecords:
    """The records of one pool.

    Args:
        folder: Of all pools of the lab.
        pool: Its name.
    """

    def __init__(self, folder: Path, pool: str) -> None:
        self._pool = _slug(pool)
        self._folder = folder / self._pool
        self._clusters = self._folder / "clusters"
        self._gone = self._folder / "gone"
        self._runs = self._folder / "runs"
        for place in (self._clusters, self._gone, self._runs):
            place.mkdir(parents=True, exist_ok=True)
        self.lab = _identity(folder / "identity")

    def lock(self) -> int | None:
        """Be the one that acts on this pool; gives the descriptor that holds it, None where someone else does."""
        return open_locked(self._folder / "lock")

    def new_name(self) -> str:
        """A cluster's name that was never given before."""
        names = [path.stem for folder in (self._clusters, self._gone) for path in folder.glob("*.json")]
        numbers = [int(name.rpartition("-")[2]) for name in names]
        return f"lh-{self.lab}-{self._pool}-{max(numbers, default=0) + 1}"

    def clusters(self) -> list[ClusterRecord]:
        """All clusters there ever were, the oldest first."""
        found = [*_all(self._gone, ClusterRecord), *self.live()]
        return sorted(found, key=lambda record: record.launched_at)

    def live(self) -> list[ClusterRecord]:
        """The clusters that aren't gone."""
        return sorted(_all(self._clusters, ClusterRecord), key=lambda record: record.launched_at)

    def cluster(self, name: str) -> ClusterRecord:
        """A cluster that there is or was."""
        place = f"{name}.json"
        found = _read(self._clusters / place, ClusterRecord) or _read(self._gone / place, ClusterRecord)
        if found is None:
            raise KeyError(name)
        return found

    def keep(self, record: ClusterRecord) -> None:
        """Write a cluster down."""
        if record.status == "gone":
            _write(self._gone / f"{record.name}.json", record)
            (self._clusters / f"{record.name}.json").unlink(missing_ok=True)
        else:
            _write(self._clusters / f"{record.name}.json", record)

    def price(self) -> float | None:
        """Dollars an hour of one GPU, as the catalogue last told; None before."""
        try:
            return float((self._folder / "price").read_text("ascii"))
        except FileNotFoundError:
            return None

    def keep_price(self, price: float) -> None:
        """Write down what the catalogue tells."""
        write_whole(self._folder / "price", str(price), flush=False)

    def placements(self) -> list[Placement]:
        """The runs that aren't over, in their order."""
        return sorted(_all(self._runs, Placement), key=lambda placement: placement.order)

    def placement(self, run: str) -> Placement | None:
        """Where a run is; None when it is over, or was never here."""
        return _read(self._runs / f"{run}.json", Placement)

    def place(self, placement: Placement, **changes: Any) -> None:  # noqa: ANN401
        """Write down where a run is."""
        _write(self._runs / f"{placement.run}.json", replace(placement, **changes))

    def forget(self, run: str) -> None:
        """A run is over."""
        (self._runs / f"{run}.json").unlink(missing_ok=True)


def _slug(name: str) -> str:
    """A pool's name as clusters can bear it."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:16] or "pool"


def _identity(path: Path) -> str:
    """What tells this lab's clusters from those of others; made once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        half = path.with_suffix(f".{os.getpid()}")
        half.write_text(secrets.token_hex(3), "ascii")
        try:
            os.link(half, path)
        finally:
            half.unlink()
    return path.read_text("ascii")


def _all(folder: Path, kind: type[Record]) -> list[Record]:
    return [record for path in folder.glob("*.json") if (record := _read(path, kind)) is not None]


def _read(path: Path, kind: type[Record]) -> Record | None:
    try:
        told: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    return kind(**told)


def _write(path: Path, record: ClusterRecord | Placement) -> None:
    # A cluster costs money until it is ended: its record survives a power failure. A placement is found out anew.
    write_whole(path, json.dumps(asdict(record)), flush=isinstance(record, ClusterRecord))
