"""How long the `skypilot` backend takes to look at its placements, with the records in memory and with a scan of all files.

Run `python benchmarks/placements.py`. It writes the records of 1,000 runs on 125 clusters of 8 GPUs, and measures the CPU time
of two calls: `placements()`, which a pool makes about seven times each half second, and `room()`, which the dispatcher makes
before it starts runs. The scan is the one that labhand had before it held the records in memory: it parses every file at each
call.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from labhand.server.backends.skypilot.backoff import InfraBackoff
from labhand.server.backends.skypilot.client import SkyClient
from labhand.server.backends.skypilot.cluster_pool import TICK_SECONDS, ClusterPool
from labhand.server.backends.skypilot.cluster_records import ClusterRecords
from labhand.server.backends.skypilot.context import PoolContext
from labhand.server.backends.skypilot.state import ClusterRecord, Placement
from labhand.server.pool_settings import SkyPilotPool
from typing_extensions import override

GPUS = 8
READS_PER_TICK = 7
POOL = "h100"


class ScannedRecords(ClusterRecords):
    """Records that are parsed from their files at each call."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, POOL)
        self._folder_of_pool = folder / POOL

    @override
    def placements(self) -> list[Placement]:
        files = (self._folder_of_pool / "runs").glob("*.json")
        return sorted((Placement(**json.loads(file.read_text("utf-8"))) for file in files), key=lambda record: record.order)

    @override
    def live(self) -> list[ClusterRecord]:
        files = (self._folder_of_pool / "clusters").glob("*.json")
        records = (ClusterRecord(**json.loads(file.read_text("utf-8"))) for file in files)
        return sorted(records, key=lambda record: record.launched_at)


def fill(records: ClusterRecords, runs: int) -> None:
    """Write the records of so many running runs, and of the clusters that they are on."""
    now = time.time()
    for number in range(runs):
        cluster = f"lh-{number // GPUS}"
        if number % GPUS == 0:
            records.save_cluster(ClusterRecord(cluster, "slurm/lab", GPUS, "up", now + number))
        name = f"e{number:04d}-1"
        records.save_placement(Placement(name, "there", now + number, 300.0, cluster, now, gpu=str(number % GPUS), since=now))


def room_of(records: ClusterRecords, folder: Path, runs: int) -> Callable[[], object]:
    """Return the question how many more runs a pool with these records takes."""
    clusters = -(-runs // GPUS)
    settings = SkyPilotPool(
        backend="skypilot", infra="slurm/lab", gpu="H100", gpus_per_cluster=GPUS, max_clusters=clusters, usd_per_hour=2.0
    )
    context = PoolContext(records, settings, SkyClient(), folder / "runs", None, InfraBackoff(settings.choices))
    return ClusterPool(context).room


def milliseconds(call: Callable[[], object], repeats: int) -> float:
    """Return the median CPU time of a call."""
    times: list[float] = []
    for _ in range(repeats):
        began = time.process_time()
        call()
        times.append(1000 * (time.process_time() - began))
    return median(times)


def main() -> None:
    """Print a line for each of the two calls."""
    parser = argparse.ArgumentParser(description="Time the look at placements in memory and on the disk")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=30)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        owned, scanned = ClusterRecords(folder, POOL), ScannedRecords(folder)
        fill(owned, given.runs)
        assert owned.acquire()
        assert owned.placements() == scanned.placements()
        in_memory, scan = (milliseconds(records.placements, given.repeats) for records in (owned, scanned))
        rooms = [milliseconds(room_of(records, folder, given.runs), given.repeats) for records in (owned, scanned)]
        owned.release()
    share = [READS_PER_TICK * each / (1000 * TICK_SECONDS) for each in (in_memory, scan)]
    print(f"{given.runs} placements: CPU time of a call, median of {given.repeats}")
    print(f"placements(): in memory {in_memory:.3f} ms, scan {scan:.1f} ms, ratio {scan / in_memory:.0f}")
    print(f"room():       in memory {rooms[0]:.3f} ms, scan {rooms[1]:.1f} ms, ratio {rooms[1] / rooms[0]:.0f}")
    print(f"share of the event loop for {READS_PER_TICK} calls each {TICK_SECONDS} s: {share[0]:.1%} instead of {share[1]:.0%}")


if __name__ == "__main__":
    main()
