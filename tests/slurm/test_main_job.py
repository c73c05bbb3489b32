"""The main job on sixteen GPUs' two kinds: a grid on the many, a few on the few, whatever breaks on the way."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from ..ledger import whole_scores
from ..tools.calls import data, prose
from .bed.control import Bed
from .bed.places import INSIDE
from .bed.running import wait_until
from .bed.witness import Span, Witness
from .labs import PRICES, make_lab, total_of, until_finished

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(1500)]

GRID = [round(0.1 * step, 1) for step in range(20)]
FEW = [1.01, 1.02, 1.03, 1.04]
"""Near the baseline: a leap would be run again by the lab, as too good to be true."""
CUT_SECONDS = 60
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "planted-aws-7f3a91",
    "WANDB_API_KEY": "planted-wandb-c02d4e",
    "LABHAND_HTTP__TOKEN": "planted-http-51be",
}
GOSSIP = {
    "file": "train.py",
    "find": '    print(f"step 1/2',
    "replace": '    print(dict(os.environ))\n    print(f"step 1/2',
}


async def test_nothing_is_lost_or_done_twice_whatever_is_killed_and_nothing_is_left_running(bed: Bed, tmp_path: Path) -> None:
    from .bed import skypilot

    lab = make_lab(tmp_path, bed, h100=8, h200=3, as_steps=True, **SECRETS)
    with Witness() as witness:
        async with lab.client() as client:
            grid = await data(client, "launch_grid", hypothesis="Where is the best X?", factors={"X": GRID}, gpu="H100")
            assert grid["total"] == len(GRID)
            await until_finished(client, 4)
            queues = skypilot.queues()
            lab.kill_dispatcher()
            await until_finished(client, 8)
            with bed.cut_connection():
                back = time.monotonic() + CUT_SECONDS
                wait_until(lambda: time.monotonic() > back, "a minute to pass")
            bed.kill_api_server()
            await until_finished(client)
            gossip = await data(client, "launch_experiment", hypothesis="What is there to hear?", edits=[GOSSIP], gpu="H100")
            await data(client, "launch_grid", hypothesis="Are there small steps?", factors={"X": FEW}, gpu="H200")
            expected = await total_of(client)
            wait_until(lambda: len(witness.spans()) == expected, "the last of them to begin")
        queues |= skypilot.queues()
        lab.kill_dispatcher()
        bed.kill_api_server()
        wait_until(lambda: all(span.ended for span in witness.spans()), "all of them to end while the lab sleeps")
        wait_until(lambda: bed.jobs() == [], "idle clusters to go by themselves")

        async with lab.client() as client:
            await until_finished(client)
            answers = [await data(client, "get_results", limit=100, detail="detailed")]
            rows = answers[0]["rows"]
            whole = [await data(client, "get_experiment", id=row["id"], include=["all"]) for row in rows]
            logs = [await prose(client, "get_logs", id=gossip["experiments"][0], tail_lines=200)]
        spans = witness.spans()

    assert Counter(experiment["status"] for experiment in whole) == {"succeeded": expected}
    assert_each_ran_once(bed, spans, whole)
    assert_slurm_and_skypilot_agree(bed, spans, queues)
    assert_scores_strata_and_costs(lab.root, whole)
    assert {job.node for job in bed.ended_jobs() if job.name.startswith("lh-")} == {"h100", "h200"}
    assert_no_secret([*map(str, [*answers, *whole, *logs]), *texts(lab.root, lab.storage, INSIDE / "home")])


def assert_each_ran_once(bed: Bed, spans: list[Span], whole: list[dict[str, Any]]) -> None:
    """By Slurm's record and the witness, not by the lab's own word."""
    trainings = bed.trainings()
    assert Counter(step.name.rpartition("-")[0] for step in trainings) == Counter(experiment["id"] for experiment in whole)
    assert all(step.ended is not None for step in trainings)
    assert {step.name.rpartition("-")[0]: step.node for step in trainings} == {
        experiment["id"]: experiment["gpu"].lower() for experiment in whole
    }
    assert Counter(span.run for span in spans) == Counter(step.name for step in trainings)
    lanes = defaultdict[tuple[str, str], list[Span]](list)
    for span in spans:
        lanes[span.cluster, span.gpu].append(span)
    assert {cluster.split("-")[2] for cluster, _ in lanes} == {"h100", "h200"}
    for lane in lanes.values():
        assert all(before.ended is not None and before.ended <= after.began for before, after in pairwise(lane))


def assert_slurm_and_skypilot_agree(bed: Bed, spans: list[Span], queues: dict[str, dict[int, str]]) -> None:
    """Slurm started every job of SkyPilot's queues once, none has failed, and all trainings were on GPUs that it gave one.

    To SkyPilot a job that was on its way when the connection was cut has failed; Slurm has never seen it.
    """
    assert {cluster.split("-")[2] for cluster in queues} == {"h100", "h200"}
    jobs = {(cluster, f"sky-{number}"): state for cluster, states in queues.items() for number, state in states.items()}
    assert not {"FAILED", "FAILED_SETUP", "CANCELLED"} & set(jobs.values())
    names = {job.id: job.name for job in bed.ended_jobs()}
    steps = bed.steps()
    started = Counter((names[step.job].rpartition("-")[0], step.name) for step in steps)
    assert set(started.values()) == {1}
    assert {job for job, state in jobs.items() if state in {"RUNNING", "SUCCEEDED"}} <= set(started)
    assert not {job for job, state in jobs.items() if state == "FAILED_DRIVER"} & set(started)
    for span in spans:
        assert span.ended is not None
        assert [
            step
            for step in steps
            if names[step.job].startswith(f"{span.cluster}-") and int(span.gpu) in step.gpus
            if step.started <= span.began and (step.ended is None or span.ended <= step.ended)
        ]


def assert_scores_strata_and_costs(root: Path, whole: list[dict[str, Any]]) -> None:
    """What the trainer computes can be computed here, too; what a GPU costs the bed's person has said."""
    scores = whole_scores(root)
    for experiment in whole:
        x = float(experiment["changes"].rpartition("→")[2]) if experiment["changes"].startswith("X") else 1.0
        noise = random.Random(str(experiment["seed"])).gauss(0, 0.05)  # noqa: S311 - as the trainer does
        assert scores[experiment["id"]] == pytest.approx((x - 3) ** 2 + noise, abs=1e-5)
        assert experiment["score"] == pytest.approx(
            scores[experiment["id"]], abs=0.05
        )  # rounded as far as the noise lets it mean something
        kind = "H200" if x in FEW else experiment["gpu"]
        facts = experiment["stratum"]["stratum"]
        assert (
            facts["device"].partition("-")[0] == facts.get("gpu", facts["device"]) == experiment["gpu"] == kind
        )  # measured, asked
        usd = experiment["seconds"]["held"] / 3600 * PRICES[kind]
        assert float(experiment["cost"].removeprefix("$")) == pytest.approx(usd, rel=0.25, abs=0.006)


def texts(*folders: Path) -> Iterable[str]:
    """Everything that lies there."""
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return (path.read_bytes().decode("utf-8", "replace") for path in files)


def assert_no_secret(texts: Iterable[str]) -> None:
    """What was planted grows nowhere."""
    for text in texts:
        assert not [secret for secret in SECRETS.values() if secret in text]
