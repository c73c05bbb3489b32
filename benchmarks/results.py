"""How long reading takes with 100,000 experiments stored, beside a full scan of the table.

Run `python benchmarks/results.py`. The CPU time tells what a quiet machine would show.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from random import Random
from statistics import median

import anyio
from labhand.server.lab.lab import Lab
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.lab.results.table import get_results
from labhand.server.schemas.messages import Answer
from labhand.server.schemas.results import ResultsQuery
from labhand.server.store.comparison import champions

LIMIT_MS = 50.0
SCAN = "SELECT * FROM experiments NOT INDEXED WHERE stratum = 1 AND score IS NOT NULL ORDER BY score LIMIT 20"
COLUMNS = (
    "number, commit_hash, tree, purpose, hypothesis, theme, changes, overrides, launched_by, launched_at, priority,"
    " seed, replicate, setting, gpu, clock, budget_seconds, status, attempts, gpu_seconds, usd, score, stratum, verdict,"
    " reason, gain, failure, failed, started_at, finished_at, finished_seq, result"
)
WORDS = ("wider", "models", "with", "warmup", "learn", "faster", "when", "their", "learning", "rate", "decays", "later")
KNOBS = ("DEPTH", "ASPECT_RATIO", "MATRIX_LR", "EMBEDDING_LR", "WEIGHT_DECAY", "WARMDOWN_RATIO", "TOTAL_BATCH_SIZE")
THEMES = ("depth", "schedule", "optimiser", "attention", "data")
RESULT = json.dumps(
    {
        "seconds": {"startup": 3.1, "training": 20.0, "evaluation": 2.2, "held": 25.9, "training_wall": 20.6},
        "measures": {"steps": 120, "tokens": 245760, "parameters": 900000, "flops": 1.2e12, "peak_memory_bytes": 401000000},
        "claimed": {"training_seconds": 19.9},
        "device": {"kind": "cpu", "torch": "2.13.0", "driver": None},
        "evaluator": {"version": "1", "data": "sotu-3d0ad6", "tokens": 262144},
        "sandbox": {"files": "landlock", "network": "none"},
        "flags": [],
    }
)
QUERIES: dict[str, dict[str, object]] = {
    "get_results()": {},
    "get_results(verdict=promising)": {"verdict": "promising"},
    "get_results(verdict=confirmed), none": {"verdict": "confirmed"},
    "get_results(theme, by)": {"theme": "depth", "by": "claude"},
    "get_results(status=failed)": {"status": "failed"},
    "get_results(sort_by=cost)": {"sort_by": "cost"},
    "get_results(sort_by=finished_at)": {"sort_by": "finished_at"},
    "get_results(search=MATRIX_LR warmup)": {"search": "MATRIX_LR warmup"},
    "get_results(limit=500, detailed)": {"limit": 500, "detail": "detailed"},
}


async def main(count: int, repeats: int) -> None:
    """Make a store and measure the ways to read it."""
    with tempfile.TemporaryDirectory(prefix="labhand-benchmark-") as folder:
        lab = await Lab.open(Path(folder), wake=lambda _: None)
        try:
            await fill(lab, count)
            scan, _, _ = await _times(lambda: lab.db.rows(SCAN), repeats)
            print(f"{count:,} experiments; a full scan of the table takes {scan:.1f} ms")
            print(f"{'':40} {'median':>9} {'p99':>9} {'CPU':>9}  of a scan")
            for name, query in QUERIES.items():
                await _report(name, lambda query=query: get_results(lab, ResultsQuery.model_validate(query)), repeats, scan)
            await _report("get_briefing()", lambda: get_briefing(lab), repeats, scan)
        finally:
            await lab.close()


async def _report(name: str, read: Callable[[], Awaitable[Answer]], repeats: int, scan: float) -> None:
    middle, worst, processor = await _times(read, repeats)
    over = "" if worst < LIMIT_MS else f"  over {LIMIT_MS:g} ms"
    print(f"{name:40} {middle:6.1f} ms {worst:6.1f} ms {processor:6.1f} ms  {middle / scan:9.2f}{over}")


async def _times(read: Callable[[], Awaitable[object]], repeats: int) -> tuple[float, float, float]:
    """Median, 99th percentile, and median CPU time, in milliseconds; the first time is not counted."""
    taken: list[tuple[float, float]] = []
    for _ in range(repeats + 1):
        start, used = time.perf_counter(), time.process_time()
        await read()
        taken.append(((time.perf_counter() - start) * 1000, (time.process_time() - used) * 1000))
    wall = sorted(span for span, _ in taken[1:])
    return median(wall), wall[min(len(wall) - 1, int(0.99 * len(wall)))], median(used for _, used in taken[1:])


async def fill(lab: Lab, count: int) -> None:
    """Put experiments in a lab."""
    baseline = await champions.baseline(lab.db)
    assert baseline is not None, "a lab has a baseline once it is open"
    async with lab.db.transaction() as tx:
        for number, device in enumerate(("cpu", "H100"), 1):
            await tx.insert(
                "INSERT INTO strata (number, facts, reference, replicates, noise, degrees) VALUES (?, ?, 2.0, 4, 0.003, 3)",
                (number, json.dumps({"trainer": "gpt", "device": device, "torch": "2.13.0"})),
            )
        await tx.many(
            f"INSERT INTO experiments ({COLUMNS}) VALUES ({', '.join('?' * len(COLUMNS.split(',')))})",  # noqa: S608
            _rows(count, baseline.commit),
        )
        await tx.insert("INSERT INTO spent VALUES ('local', 0, ?, ?, 0, ?)", (count, 25.9 * count, 20.0 * count))


def _rows(count: int, commit: str) -> Iterator[tuple[object, ...]]:
    rnd = Random(1)
    for number in range(1, count + 1):
        status = rnd.choices(("succeeded", "failed", "cancelled", "queued"), (85, 10, 3, 2))[0]
        scored = status == "succeeded"
        score = rnd.gauss(2.0, 0.05)
        failed = json.dumps(
            {"message": "The command ended with status 1: KeyError", "lines": ["Traceback"], "next_step": "Read."}
        )
        yield (
            number,
            commit,
            f"{number:040x}",
            "idea",
            " ".join(rnd.choices(WORDS, k=20)),
            rnd.choice(THEMES),
            ", ".join(f"{knob} {rnd.randrange(9)}→{rnd.randrange(9)}" for knob in rnd.sample(KNOBS, 3)),
            "{}",
            rnd.choice(("claude", "codex")),
            1.7e9 + number,
            1,
            rnd.getrandbits(31),
            0,
            "gpt-0/cpu/20s",
            "cpu",
            "cpu",
            20.0,
            status,
            1,
            rnd.uniform(25, 30),
            0.0,
            score if scored else None,
            rnd.choices((1, 2), (4, 1))[0] if scored else None,
            rnd.choices(("worse", "inconclusive", "promising"), (60, 39, 1))[0] if scored else "none",
            "within_noise: a gain of +0.0013 ± 0.009 (95 %, 1 seed against 4); about 12 more runs would decide",
            2.0 - score if scored else None,
            "crashed" if status == "failed" else None,
            failed if status == "failed" else None,
            1.7e9 + number,
            None if status == "queued" else 1.7e9 + number,
            None if status == "queued" else number,
            RESULT if scored else "{}",
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="experiments to store")
    parser.add_argument("--repeats", type=int, default=200, help="times that each is read")
    chosen = parser.parse_args()
    anyio.run(main, chosen.count, chosen.repeats)
