"""The bed is what it says: a real Slurm, a real SkyPilot, nothing pretended but the GPUs."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from .bed.control import Bed
from .bed.running import wait_until

CLUSTER = "smoke"
GPUS = 2
WHAT_AM_I = "nvidia-smi --query-gpu=name,driver_version --format=csv,noheader --id=0"


@pytest.fixture(scope="module", autouse=True)
def cluster(bed: Bed) -> Generator[None]:
    """A cluster of the bed, up."""
    from .bed import skypilot

    skypilot.launch(CLUSTER, "H100", GPUS)
    yield
    skypilot.down(CLUSTER)
    assert bed.jobs() == []


def test_a_cluster_is_a_job_of_slurm_on_a_node_of_its_kind(bed: Bed) -> None:
    (job,) = bed.jobs()

    assert job.name.startswith(CLUSTER)
    assert (job.state, job.node) == ("RUNNING", "h100")


def test_jobs_of_a_cluster_run_at_once_on_a_gpu_each_and_see_what_it_is(bed: Bed) -> None:
    from .bed import skypilot

    waits = f"touch {bed.shared}/$SKYPILOT_INTERNAL_JOB_ID; until [ -e {bed.shared}/go ]; do sleep 0.1; done; {WHAT_AM_I}"
    jobs = [skypilot.start(CLUSTER, "H100", waits) for _ in range(GPUS)]
    wait_until(lambda: len(list(bed.shared.iterdir())) == GPUS, "all of them to run")
    (bed.shared / "go").touch()

    assert "NVIDIA H100 80GB HBM3, 570.86.15" in skypilot.log(CLUSTER, jobs[0])
    wait_until(lambda: all(step.ended for step in bed.steps()), "Slurm to see them end")
    steps = bed.steps()
    assert {step.name for step in steps} == {f"sky-{job}" for job in jobs}
    assert sorted(step.gpus for step in steps) == [(number,) for number in range(GPUS)]
    assert {step.node for step in steps} == {"h100"}
    wait_until(lambda: set(skypilot.states(CLUSTER).values()) == {"SUCCEEDED"}, "SkyPilot to see them end")


def test_a_cancelled_job_ends_in_slurm_too(bed: Bed) -> None:
    from .bed import skypilot

    job = skypilot.start(CLUSTER, "H100", "sleep 600")
    wait_until(lambda: bed.steps()[-1].name == f"sky-{job}", "the job to start")
    wait_until(lambda: skypilot.states(CLUSTER)[job] == "RUNNING", "SkyPilot to see it")  # it lets go of one that it didn't see
    skypilot.cancel(CLUSTER, job)

    wait_until(lambda: bed.steps()[-1].ended is not None, "Slurm to see it end")
    assert skypilot.states(CLUSTER)[job] == "CANCELLED"


def test_a_killed_api_server_and_a_cut_connection_are_mended(bed: Bed) -> None:
    from .bed import skypilot

    before = skypilot.states(CLUSTER)
    bed.kill_api_server()
    bed.start_api_server()
    with bed.cut_connection(), pytest.raises(Exception, match=CLUSTER):
        skypilot.states(CLUSTER)

    assert skypilot.states(CLUSTER) == before


def test_a_node_that_is_set_down_ends_its_jobs_and_takes_new_ones_when_it_is_up_again(bed: Bed) -> None:
    bed.set_down("h100")

    wait_until(lambda: bed.jobs() == [], "Slurm to end the job")
    assert bed.ended_jobs()[-1].state == "NODE_FAIL"
    bed.set_up("h100")
