"""Labs with experiments in them that nobody had to run: real rows, real sources."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from labhand.server.domain import FINISHED, Experiment, Failure, FailureDetail, Purpose, Status, Verdict
from labhand.server.ids import run_id
from labhand.server.lab.lab import Lab
from labhand.server.settings import LOCK
from labhand.server.source.repository import NewCommit, delta
from labhand.server.store import grids, sources
from labhand.server.store.comparison import champions
from labhand.server.store.experiments import rows

TRAINERS = Path(__file__).parents[2] / "trainers"
SETTING = "parabola-0/cpu/5s"
WORDS = ("wider", "models", "with", "warmup", "learn", "faster", "when", "their", "learning", "rate", "decays", "later")
RESULT = json.dumps(
    {
        "seconds": {"startup": 3.1, "training": 20.0, "evaluation": 2.2, "held": 25.9, "training_wall": 20.6},
        "measures": {"steps": 120, "tokens": 245760, "parameters": 900000, "peak_memory_bytes": 401000000},
        "device": {"kind": "cpu", "torch": "2.13.0", "driver": None},
        "flags": [],
    }
)


@contextmanager
def dispatcher(lab: Lab) -> Generator[None, None, None]:
    """Stands for a dispatcher that is alive: holds its lock, and does nothing."""
    with (lab.folder / LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass
class Woken:
    """Stands for starting the dispatcher: counts, and starts nothing."""

    times: int = 0
    roots: list[Path] = field(default_factory=list[Path])

    def __call__(self, root: Path) -> None:
        self.times += 1
        self.roots.append(root)


@asynccontextmanager
async def lab(
    root: Path, *, trainer: Path = TRAINERS / "parabola", slots: int = 2, more: str = "", woken: Woken | None = None
) -> AsyncGenerator[Lab, None]:
    """An open lab with one local pool; `more` is put at the top of its `labhand.toml`."""
    (root / "labhand.toml").write_text(f'trainer = "{trainer}"\n{more}\n[pools.local]\nbackend = "local"\n', "utf-8")
    opened = await Lab.open(root, wake=woken or Woken())
    async with opened.db.transaction() as tx:
        await tx.execute("UPDATE pools SET slots = ?", (slots,))  # whatever this machine has
    try:
        yield opened
    finally:
        await opened.close()


async def source(lab: Lab, files: Mapping[str, str], parents: Sequence[str] = ()) -> tuple[str, str]:
    """Keep a source that differs from the baseline, or from its first parent, in these files; gives commit and tree."""
    baseline = await champions.baseline(lab.db)
    assert baseline is not None
    before = await lab.sources.read(parents[0] if parents else baseline.commit)
    after = {**before, **{path: text.encode() for path, text in files.items()}}
    [commit] = await lab.sources.commit(
        [NewCommit(delta(before, after), tuple(parents) or (baseline.commit,), "made for a test")]
    )
    async with lab.db.transaction() as tx:
        await sources.save_sources(tx, [sources.SourceRow(commit.hash, commit.tree, "", "", {})])
    return commit.hash, commit.tree


async def stratum(
    lab: Lab, *, reference: float | None = 2.0, noise: float | None = 0.003, replicates: int = 4, **facts: object
) -> int:
    """Make a stratum whose reference is the champion; gives its number."""
    told = json.dumps({"trainer": "parabola", "device": "cpu", "budget_seconds": 5.0, **facts}, sort_keys=True)
    async with lab.db.transaction() as tx:
        return await tx.insert(
            "INSERT INTO strata (facts, reference, replicates, noise, degrees, champion)"
            " VALUES (?, ?, ?, ?, ?, (SELECT max(number) FROM champions))",
            (told, reference, replicates, noise, replicates - 1),
        )


async def experiment(
    lab: Lab,
    *,
    score: float | None = None,
    status: str | None = None,
    stratum: int | None = None,
    gain: float | None = None,
    verdict: str | None = None,
    reason: str | None = None,
    failed: FailureDetail | None = None,
    commit: tuple[str, str] | None = None,
    held: float = 6.0,
    usd: float = 0.0,
    result: Mapping[str, Any] | None = None,
    **about: Any,  # noqa: ANN401
) -> int:
    """Put an experiment in the lab; gives its number.

    Args:
        lab: The lab.
        score: Given, it has succeeded, in `stratum` (the first one that there is, made if there is none).
        status: Queued unless there is a score or `failed`.
        stratum: See `score`.
        gain: Against a reference of 2.0 unless told.
        verdict: What its end allows unless told.
        reason: Of the verdict.
        failed: Why it gave no score.
        commit: Commit and tree; the baseline's unless told.
        held: GPU-seconds.
        usd: What it cost.
        result: The runner's.
        about: Any other field of `domain.Experiment`.
    """
    state = Status(status or ("succeeded" if score is not None else "failed" if failed else "queued"))
    made = await _made(lab, state, commit, held, usd, about)
    if score is not None and stratum is None:
        stratum = await _any_stratum(lab)
    async with lab.db.transaction() as tx:
        await rows.save_experiments(tx, [made])
        if state in FINISHED:
            known = Verdict(verdict) if verdict else Verdict.INCONCLUSIVE if score is not None else Verdict.NONE
            told = failed and json.dumps({"message": failed.message, "lines": failed.lines, "next_step": failed.next_step})
            await tx.execute(
                "UPDATE experiments SET score = ?, stratum = ?, gain = ?, verdict = ?, reason = ?, failure = ?, failed = ?,"
                " result = ?, started_at = launched_at, finished_at = launched_at + ?,"
                " finished_seq = (SELECT coalesce(max(finished_seq), 0) + 1 FROM experiments) WHERE number = ?",
                (
                    score,
                    stratum,
                    gain if gain is not None or score is None else 2.0 - score,
                    known,
                    reason,
                    failed and failed.kind,
                    told,
                    json.dumps(result or {}),
                    held,
                    made.number,
                ),
            )
    return made.number


async def many(lab: Lab, count: int) -> None:
    """Put many experiments in the lab, told as wordily as real ones: four of five succeeded, the others failed."""
    rnd = Random(7)  # noqa: S311
    place = await stratum(lab)
    async with lab.db.transaction() as tx:
        for number in range(1, count + 1):
            made = await _made(
                lab, Status.QUEUED, None, 25.9, 0.0, {"number": number, "seed": rnd.getrandbits(31)} | wordy(rnd)
            )
            await rows.save_experiments(tx, [made])
            scored = number % 5 > 0
            score = rnd.gauss(2.0, 0.05)
            await tx.execute(
                "UPDATE experiments SET status = ?, score = ?, gain = ?, stratum = ?, verdict = ?, reason = ?, failure = ?,"
                " failed = ?, result = ?, finished_at = launched_at, finished_seq = number WHERE number = ?",
                (
                    "succeeded" if scored else "failed",
                    score if scored else None,
                    2.0 - score if scored else None,
                    place if scored else None,
                    rnd.choice(["worse", "inconclusive", "promising"]) if scored else "none",
                    "few_seeds: a gain of +0.0123 ± 0.014 (95 %, 1 seed against 4); about 3 more runs would decide",
                    None if scored else "crashed",
                    None if scored else json.dumps({"message": "The command ended with status 1: " + "KeyError " * 9}),
                    RESULT if scored else "{}",
                    number,
                ),
            )


def wordy(rnd: Random) -> dict[str, object]:
    """What a talkative agent says of an experiment."""
    knobs = ["DEPTH", "ASPECT_RATIO", "MATRIX_LR", "EMBEDDING_LR", "WEIGHT_DECAY", "WARMDOWN_RATIO", "TOTAL_BATCH_SIZE"]
    return {
        "changes": ", ".join(f"{knob} {rnd.randrange(9)}→{rnd.randrange(9)}" for knob in rnd.sample(knobs, 4)),
        "hypothesis": " ".join(rnd.choices(WORDS, k=40)),
        "theme": rnd.choice(["depth", "schedule", "optimiser", "attention"]),
        "launched_by": rnd.choice(["claude", "codex"]),
    }


async def grid(lab: Lab) -> int:
    """Put a grid in the lab; gives its number."""
    async with lab.db.transaction() as tx:
        return await grids.save_grid(tx, grids.NewGrid("Depth matters", "full", {}, None, "me", time.time()))


async def storm(lab: Lab, grid: int) -> None:
    """Hold what is queued of a grid."""
    async with lab.db.transaction() as tx:
        await tx.insert(
            "INSERT INTO holds (scope, failure, reason, since) VALUES (?, 'crashed', 'Three crashed and none succeeded.', ?)",
            (f"g{grid}  cpu", time.time()),
        )


async def note(lab: Lab, text: str, experiments: Sequence[int] = (), theme: str | None = None) -> None:
    """Write in the notebook."""
    async with lab.db.transaction() as tx:
        await tx.insert(
            "INSERT INTO notes (written_by, written_at, text, theme, experiments) VALUES ('me', ?, ?, ?, ?)",
            (time.time(), text, theme, json.dumps(experiments)),
        )


async def failure(lab: Lab, kind: str = "crashed", message: str = "KeyError: 'depth'", **about: Any) -> int:  # noqa: ANN401
    """Put a failed experiment in the lab."""
    failed = FailureDetail(Failure(kind), message, ("Traceback (most recent call last):", message), "Read the lines.")
    return await experiment(lab, failed=failed, **about)


async def finish(lab: Lab, number: int, *, score: float) -> None:
    """Let a pending experiment succeed."""
    place = await _any_stratum(lab)
    async with lab.db.transaction() as tx:
        await tx.execute(
            "UPDATE experiments SET status = 'succeeded', score = ?, stratum = ?, verdict = 'inconclusive', finished_at = ?,"
            " finished_seq = (SELECT coalesce(max(finished_seq), 0) + 1 FROM experiments) WHERE number = ?",
            (score, place, time.time(), number),
        )


async def run(
    lab: Lab, number: int, *, attempt: int = 1, status: str = "running", silent: float = 0.0, log: str | None = None
) -> str:
    """Put a run of an experiment in the lab, with a folder; gives its id.

    Args:
        lab: The lab.
        number: The experiment.
        attempt: Its how manieth.
        status: `starting`, `running`, `evaluating`, `finished`, `lost`.
        silent: Seconds since it was last heard of.
        log: What it printed; None for no file.
    """
    name = run_id(number, attempt)
    now = time.time()
    async with lab.db.transaction() as tx:
        await tx.insert(
            "INSERT INTO runs (id, experiment, attempt, pool, handle, status, created_at, heartbeat_at)"
            " VALUES (?, ?, ?, 'local', '{}', ?, ?, ?)",
            (name, number, attempt, status, now - silent, now - silent),
        )
    folder = lab.folder / "runs" / name
    folder.mkdir(parents=True)
    if log is not None:
        (folder / "log.txt").write_text(log, "utf-8")
    return name


async def _made(
    lab: Lab, status: Status, commit: tuple[str, str] | None, held: float, usd: float, about: Mapping[str, object]
) -> Experiment:
    newest = await rows.newest_number(lab.db) or 0
    baseline = await champions.baseline(lab.db)
    assert baseline is not None
    made = Experiment(
        number=newest + 1,
        grid=None,
        variant="",
        commit=commit[0] if commit else baseline.commit,
        tree=commit[1] if commit else baseline.tree,
        base=None,
        purpose=Purpose.IDEA,
        hypothesis="It may help",
        theme=None,
        changes="DEPTH 4→6",
        overrides={},
        launched_by="me",
        launched_at=time.time(),
        priority=1,
        seed=newest + 1,
        replicate=newest,
        setting=SETTING,
        gpu="cpu",
        clock="cpu",
        budget_seconds=5.0,
        status=status,
        attempts=0 if status is Status.QUEUED else 1,
        gpu_seconds=held,
        usd=usd,
    )
    return replace(made, **about)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def _any_stratum(lab: Lab) -> int:
    row = await lab.db.row("SELECT number FROM strata ORDER BY number LIMIT 1")
    return row["number"] if row else await stratum(lab)
