"""What every answer that grows with history costs on a long ledger: CPU time, waiting, and how long other callers are held.

Run `python -m benchmarks.long_ledger`. It makes a lab with real sources in its history, settles scores in it, and asks for each
analysis, plot and table, and for the report. CPU time includes git, which the lab calls. `held` is the longest time for which
the server's event loop didn't run.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, get_args

import anyio
from labhand.server.dispatcher.follow_ups import FollowUps
from labhand.server.dispatcher.loop import Dispatcher
from labhand.server.dispatcher.pool_backends import PoolBackends
from labhand.server.dispatcher.run_folders import RunFolders
from labhand.server.dispatcher.settler import Settler
from labhand.server.domain import Picture
from labhand.server.lab.analysis.analyze import analyze
from labhand.server.lab.analysis.plots import plot
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch.grid import launch_grid
from labhand.server.lab.monitor.alerts import scan
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.lab.report.gather import gather
from labhand.server.lab.results.table import get_results
from labhand.server.schemas.analysis import Aspect
from labhand.server.schemas.launch import GridLaunch
from labhand.server.schemas.results import ResultsQuery
from labhand.server.settings import RUNS, load_settings
from labhand.server.source.repository import NewCommit
from labhand.server.store import sources
from labhand.server.store.comparison import champions
from labhand.server.store.sources import SourceRow
from pydantic import JsonValue

COUNTS = (1_000, 10_000, 100_000)
BATCH = 5_000
MAX_CPU_SECONDS = 2.0
MAX_REPORT_SECONDS = 10.0
MAX_DISPATCH_MS = 5.0
DISPATCHER = "dispatcher"
SIMULATED = """trainer = "trainer"
[pools.rehearsal]
backend = "simulated"
gpu = "H100"
count = 8
"""
SETTING = "bench-0/cpu/20s"
KNOBS: Mapping[str, Sequence[Any]] = {
    "DEPTH": (4, 6, 8, 12),
    "WIDTH": (64, 128, 256),
    "ACTIVATION": ("relu", "gelu", "silu"),
    "WARMUP": (0, 10, 50),
    "DECAY": (0.0, 0.1),
}
CODE = "\n".join(f"def layer_{place}(x: float) -> float:\n    return x * {place}\n" for place in range(40))
TRAINER = """name = "bench"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "val_loss"
direction = "minimize"
source = "output"
"""
COLUMNS = (
    "number, commit_hash, tree, purpose, hypothesis, theme, changes, overrides, launched_by, launched_at, priority, seed,"
    " replicate, setting, gpu, clock, budget_seconds, status, attempts, gpu_seconds, usd, score, stratum, verdict, reason,"
    " gain, failure, failed, started_at, finished_at, finished_seq, result"
)


def train_file(knobs: Mapping[str, Any], code: int) -> str:
    """The source of an experiment, of some 100 lines."""
    constants = "".join(f"{knob} = {value!r}\n" for knob, value in knobs.items())
    return f"{constants}VARIANT = lambda: {code}\n{CODE}"


def drawn(rnd: Random) -> tuple[dict[str, Any], int]:
    """Knobs of an experiment, and its code: most share one."""
    knobs = {knob: rnd.choice(values) for knob, values in KNOBS.items()} | {"LR": round(10 ** rnd.uniform(-4, -2), 16)}
    return knobs, rnd.choices((0, rnd.randrange(1, 200)), (9, 1))[0]


def score_of(knobs: Mapping[str, Any], rnd: Random) -> float:
    """A landscape in which all knobs matter a little."""
    depth, lr, is_relu = float(knobs["DEPTH"]), float(knobs["LR"]), knobs["ACTIVATION"] == "relu"
    return 2.0 - 0.01 * depth + 10 * abs(lr - 0.002) + (0.02 if is_relu else 0.0) + rnd.gauss(0, 0.01)


@asynccontextmanager
async def filled(root: Path, count: int) -> AsyncGenerator[Lab]:
    """A lab with so many finished experiments."""
    (root / "trainer").mkdir()
    (root / "trainer" / "trainer.toml").write_text(TRAINER, "utf-8")
    first = {knob: values[0] for knob, values in KNOBS.items()} | {"LR": 0.001}
    (root / "trainer" / "train.py").write_text(train_file(first, 0), "utf-8")
    (root / "labhand.toml").write_text('trainer = "trainer"\n[pools.local]\nbackend = "local"\nslots = 2\n', "utf-8")
    lab = await Lab.open(root, wake=lambda _: None)
    try:
        await _fill(lab, count, first)
        yield lab
    finally:
        await lab.close()


async def _fill(lab: Lab, count: int, first: Mapping[str, Any]) -> None:
    baseline = await champions.baseline(lab.db)
    assert baseline is not None, "a lab has a baseline once it is open"
    rnd = Random(1)
    async with lab.db.transaction() as tx:
        facts = {"trainer": "bench-0", "device": "cpu", "budget_seconds": 20.0, "clock": "cpu"}
        sql = "INSERT INTO strata (number, facts, reference, replicates, noise, degrees) VALUES (1, ?, 1.96, 4, 0.01, 3)"
        await tx.insert(sql, (json.dumps(facts, sort_keys=True),))
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            picks = [drawn(rnd) for _ in range(size)]
            made = await lab.sources.commit(
                [NewCommit({"train.py": train_file(*pick).encode()}, (baseline.commit,), "benchmark") for pick in picks]
            )
            known = [
                SourceRow(commit.hash, commit.tree, "LR 0.001→0.002", "+1 −1", knobs)
                for commit, (knobs, _) in zip(made, picks, strict=True)
            ]
            await sources.save_sources(tx, known)
            rows = [(commit.hash, commit.tree, knobs) for commit, (knobs, _) in zip(made, picks, strict=True)]
            await tx.many(
                f"INSERT INTO experiments ({COLUMNS}) VALUES ({', '.join('?' * len(COLUMNS.split(',')))})",  # noqa: S608
                _rows(start, rows, (baseline.commit, baseline.tree, first), rnd),
            )
        await tx.execute(
            "INSERT INTO runs (id, experiment, attempt, pool, handle, status, created_at, heartbeat_at, finished_at)"
            " SELECT printf('e%04d-1', number), number, 1, 'local', '{}', 'finished', started_at, finished_at, finished_at"
            " FROM experiments"
        )
        await tx.execute(
            "INSERT INTO stops (experiment, reason, seconds, since)"
            " SELECT number, 'it could not reach a good score', 5.0, started_at FROM experiments WHERE status = 'stopped'"
        )
        await tx.insert("INSERT INTO spent VALUES ('local', 0, ?, ?, 0, ?)", (count, 25.9 * count, 20.0 * count))


def _rows(
    start: int, made: Sequence[tuple[str, str, Mapping[str, Any]]], baseline: tuple[str, str, Mapping[str, Any]], rnd: Random
) -> Iterator[tuple[object, ...]]:
    for number, own in enumerate(made, start + 1):
        is_baseline = number <= 4 or number % 50 == 0
        commit, tree, knobs = baseline if is_baseline else own
        scored = is_baseline or rnd.random() < 0.88
        stopped = not scored and rnd.random() < 0.3
        score = score_of(knobs, rnd)
        began = 1.7e9 + 13.0 * number
        seconds = {"startup": 3.1, "training": 20.0, "evaluation": 2.2, "held": 25.9, "training_wall": 20.6}
        measures = {"steps": 118 + number % 5, "tokens": 245760, "parameters": 900_000 + number % 7, "peak_memory_bytes": 4e8}
        result: dict[str, object] = {
            "seconds": seconds,
            "measures": measures,
            "device": {"kind": "cpu", "torch": "2.13.0"},
            "flags": [],
        }
        failed = {"message": "The command ended with status 1: KeyError", "lines": ["Traceback"], "next_step": "Read."}
        yield (
            number,
            commit,
            tree,
            "baseline" if is_baseline else "idea",
            "wider models with warmup learn faster when their learning rate decays later, says the literature",
            rnd.choice(("depth", "schedule", "optimiser")),
            "LR 0.001→0.002",
            "{}",
            "claude",
            began,
            1,
            1_716_000_724 if not is_baseline else number,
            0,
            SETTING,
            "cpu",
            "cpu",
            20.0,
            "succeeded" if scored else "stopped" if stopped else "failed",
            1,
            25.9,
            0.0,
            score if scored else None,
            1 if scored else None,
            rnd.choice(("worse", "inconclusive", "promising")) if scored else "none",
            "within_noise: a gain of +0.0013 ± 0.009 (95 %, 1 seed against 4); about 12 more runs would decide",
            1.96 - score if scored else None,
            None if scored or stopped else "crashed",
            None if scored or stopped else json.dumps(failed),
            began,
            began + 25.9,
            number,
            json.dumps(result) if scored else "{}",
        )


def answers(lab: Lab, *, with_report: bool) -> Iterator[tuple[str, float, Callable[[], Awaitable[object]]]]:
    """Each answer by name, with the CPU seconds that it may take."""
    for what in get_args(Aspect):
        if what != "ablation":
            yield f"analyze({what})", MAX_CPU_SECONDS, partial(analyze, lab, what)
    for picture in get_args(Picture):
        if picture not in {"curves", "horizons"}:
            yield f"plot({picture})", MAX_CPU_SECONDS, partial(plot, lab, picture)
    yield "get_results()", MAX_CPU_SECONDS, partial(get_results, lab, ResultsQuery())
    yield "attention of wait()", MAX_CPU_SECONDS, partial(scan, lab)
    yield "get_briefing()", MAX_CPU_SECONDS, partial(get_briefing, lab)
    if with_report:
        yield "report", MAX_REPORT_SECONDS, partial(gather, lab)


async def measure(answer: Callable[[], Awaitable[object]]) -> tuple[float, float, float]:
    """Seconds of CPU (children included), of waiting, and for which the event loop was held at the longest."""
    used = waited = held = 0.0

    async def watch() -> None:
        nonlocal held
        while True:
            before = time.perf_counter()
            await anyio.sleep(0.005)
            held = max(held, time.perf_counter() - before - 0.005)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        start, used = time.perf_counter(), _cpu()
        await answer()
        used, waited = _cpu() - used, time.perf_counter() - start
        tasks.cancel_scope.cancel()
    return used, waited, held


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def memory() -> float:
    """Megabytes that this process holds of its own, without the pages of the database that it maps."""
    _, resident, shared, *_ = Path("/proc/self/statm").read_text("ascii").split()
    return (int(resident) - int(shared)) * resource.getpagesize() / 1e6


async def dispatch_simulated(root: Path, count: int) -> float:
    """Let a dispatcher run so many simulated experiments; returns its CPU milliseconds for each."""
    (root / "trainer").mkdir()
    (root / "trainer" / "trainer.toml").write_text(TRAINER, "utf-8")
    (root / "trainer" / "train.py").write_text("A = 1.0\nB = 1.0\n", "utf-8")
    (root / "labhand.toml").write_text(SIMULATED, "utf-8")
    lab = await Lab.open(root, wake=lambda _: None)
    try:
        factors: dict[str, list[JsonValue]] = {
            "A": [1 + place / 100 for place in range(40)],
            "B": [1 + place / 100 for place in range(count // 40)],
        }
        await launch_grid(lab, GridLaunch(hypothesis="Both may matter", factors=factors), "benchmark")
        settings = load_settings(root)
        pools = PoolBackends.of_settings(settings.pools, lab.folder / RUNS)
        async with pools:
            settler = Settler(lab.trainer.metric, FollowUps(lab.sources, settings.allowance))
            loop = Dispatcher(lab.db, pools, RunFolders(lab.folder, lab.sources, lab.identity), settler, settings.allowance)
            used = _cpu()
            while await loop.tick():
                pass
            used = _cpu() - used
        done = await lab.db.row("SELECT count(*) FROM experiments WHERE finished_seq IS NOT NULL")
        return 1000 * used / (done[0] if done else 1)
    finally:
        await lab.close()


async def main(counts: Sequence[int], only: str) -> bool:
    """Print the figures for each length of the ledger; False if an answer took longer than it may."""
    fits = True
    if only in DISPATCHER:
        with tempfile.TemporaryDirectory(prefix="labhand-benchmark-") as folder:
            each = await dispatch_simulated(Path(folder), 1000)
        fits = each <= MAX_DISPATCH_MS
        print(f"{DISPATCHER}: {each:.1f} ms of CPU for each of 1,000 simulated experiments\n", flush=True)
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="labhand-benchmark-") as folder:
            async with filled(Path(folder), count) as lab:
                gc.collect()
                print(f"{count:,} experiments; {memory():.0f} MB")
                print(f"{'':22} {'CPU':>8} {'waiting':>8} {'held':>8}")
                for name, limit, answer in answers(lab, with_report=True):
                    if only not in name:
                        continue
                    cpu, waiting, held = await measure(answer)
                    fits = fits and cpu <= limit
                    over = "" if cpu <= limit else f"  over {limit:g} s"
                    print(f"{name:22} {cpu:6.2f} s {waiting:6.2f} s {held:6.2f} s{over}", flush=True)
                gc.collect()
                print(f"{memory():.0f} MB after all\n")
    return fits


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS, help="experiments in the ledger")
    parser.add_argument("--only", default="", help="only answers with this in their name")
    chosen = parser.parse_args()
    raise SystemExit(0 if anyio.run(main, chosen.counts, chosen.only) else 1)
