"""Commands that start several processes: they train together over a network that nobody else is in."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from labhand.trainer.contract.trainer_toml.trainer_file import parse_trainer
from labhand.trainer.run.several_processes import with_launcher
from labhand.trainer.sandbox import private_network, seccomp

from ..running import lay_out

needs_filter = pytest.mark.skipif(not seccomp.is_possible(), reason="this machine's system calls aren't known")
needs_namespace = pytest.mark.skipif(not private_network.can_be_private(), reason="no network namespace is allowed here")

TRAINER = """
name = "parallel"
editable = ["train.py"]
command = {command}
[metric]
name = "loss"
source = "output"
"""
TORCHRUN = '["torchrun", "--standalone", "--nproc-per-node={processes}", "train.py"]'
TRAIN = """
import os
import socket
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
torch.manual_seed(int(os.environ["LABHAND_SEED"]))
model = DistributedDataParallel(torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1)))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
generator = torch.Generator().manual_seed(1)
for _ in range(20):
    x = torch.randn(64, 8, generator=generator)
    y = torch.sin(x).sum(1, keepdim=True)
    mine = slice(rank * 64 // world, (rank + 1) * 64 // world)
    loss = torch.nn.functional.mse_loss(model(x[mine]), y[mine])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
total = loss.detach().clone()
dist.all_reduce(total)
if rank == 0:
    for address in (("127.0.0.1", PORT), ("1.1.1.1", 80)):
        try:
            socket.create_connection(address, timeout=5)
            print("reached", address)
        except OSError as error:
            print("closed", type(error).__name__)
    print("threads", torch.get_num_threads())
    print(f"num_processes: {world}")
    print(f"loss: {total.item() / world:.6f}")
dist.destroy_process_group()
"""


@pytest.mark.slow
@needs_namespace
@needs_filter
def test_two_processes_of_torchrun_give_the_loss_of_one_and_reach_nobody(tmp_path: Path) -> None:
    losses: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as service:
        train = TRAIN.replace("PORT", str(service.getsockname()[1]))
        for count in (1, 2):
            trainer = TRAINER.format(command=TORCHRUN) + f"[processes]\ncount = {count}\n"
            run = lay_out(tmp_path / f"e000{count}-1", trainer, train, budget_seconds=60.0)
            result = run.run()
            assert result["status"] == "succeeded", (result["failure"], run.log())
            assert result["sandbox"]["network"] == "namespace"
            assert "closed ConnectionRefusedError" in run.log()  # the machine's service
            assert "closed OSError" in run.log()  # the internet
            assert "reached" not in run.log()
            assert f"num_processes: {count}" in run.log()
            losses.append(result["score"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


@needs_filter
def test_torchrun_without_processes_fails_at_once_with_the_table_to_add(tmp_path: Path) -> None:
    command = '["torchrun", "--standalone", "--nproc-per-node=2", "train.py"]'
    run = lay_out(tmp_path / "e0001-1", TRAINER.format(command=command), TRAIN)
    failure = run.run()["failure"]
    assert failure["kind"] == "sandbox_refused"
    assert "loopback network, and it is closed" in failure["message"]
    assert "[processes] with count = 2" in failure["next_step"]
    assert not run.log()


@pytest.mark.slow
@needs_filter
def test_processes_that_the_source_starts_itself_fail_as_soon_as_they_are_refused(tmp_path: Path) -> None:
    train = """
import os
import torch.distributed as dist
os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29511", "RANK": "1", "WORLD_SIZE": "2"}
dist.init_process_group("gloo")
"""
    run = lay_out(tmp_path / "e0001-1", TRAINER.format(command='["python", "train.py"]'), train, budget_seconds=100.0)
    result = run.run()
    assert result["failure"]["kind"] == "sandbox_refused"
    assert "[processes] with count = 2" in result["failure"]["next_step"]
    assert result["seconds"]["training"] < 30  # CPU seconds, most of them to import torch; torch itself tries for a minute


COUNT_CPU = """
import subprocess, sys, os
spin = "import time\\nuntil = time.process_time() + 1.5\\nwhile time.process_time() < until: pass"
children = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(int(os.environ["LABHAND_PROCESSES"]))]
assert not any([child.wait() for child in children])
[threads] = {os.environ[f"{library}_NUM_THREADS"] for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")}
print("loss:", threads)
"""


@pytest.mark.slow
@needs_namespace
def test_the_clock_counts_all_processes_and_threads_are_shared_out(tmp_path: Path) -> None:
    trainer = TRAINER.format(command='["python", "train.py"]') + "[processes]\ncount = 2\n"

    cores = sorted(os.sched_getaffinity(0))[:2]
    result = lay_out(tmp_path / "e0001-1", trainer, COUNT_CPU, budget_seconds=60.0, cores=cores).run()
    assert result["status"] == "succeeded", result["failure"]
    assert 2.9 < result["seconds"]["training"] < 6
    assert result["score"] == 1


def test_torchrun_is_the_module_of_the_trainers_interpreter() -> None:
    trainer = parse_trainer((TRAINER.format(command=TORCHRUN) + "[processes]\ncount = 3").encode(), Path("trainer.toml"))
    assert with_launcher(trainer).command == (
        *("python", "-m", "torch.distributed.run"),
        *("--standalone", "--nproc-per-node=3", "train.py"),
    )


@needs_filter
def test_a_machine_without_namespaces_refuses_with_what_to_enable(tmp_path: Path) -> None:
    trainer = TRAINER.format(command=TORCHRUN) + "[processes]\ncount = 2\n"
    run = lay_out(tmp_path / "e0001-1", trainer, TRAIN)
    # A real refusal of the kernel: a filter that a parent has set lets no descendant make a namespace.
    run.environment["PYTHONPATH"] = str(tmp_path)
    (tmp_path / "sitecustomize.py").write_text(NO_NAMESPACES)
    failure = run.run()["failure"]
    assert failure["kind"] == "sandbox_refused"
    assert "allows no network namespace" in failure["message"]
    assert "sysctl" in failure["next_step"]


NO_NAMESPACES = """
import ctypes
from labhand.trainer.sandbox import seccomp
seccomp._CALLS = {"unshare": (272, 97)}
seccomp.restrict(network=True, connect=True)
"""
