"""Processes that train one model together compute what one process would, see the same progress, and fail together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from labhand.trainer.gpt import train
from labhand.trainer.ranks import Ranks
from labhand.trainer.sandbox import private_network

from .running import EVALUATED_TRAINER, PATIENCE, lay_out

pytestmark = pytest.mark.slow
needs_namespace = pytest.mark.skipif(not private_network.can_be_private(), reason="no network namespace is allowed here")

GPT = Path(train.__file__).read_text("utf-8")
COMPARE = """
import json
import torch
from labhand.trainer.session import Session

session = Session.connect(parallel=True)
ranks = session.ranks
torch.manual_seed(session.seed)
model = torch.nn.Sequential(torch.nn.Embedding(9, 4, sparse=True), torch.nn.Linear(4, 3), torch.nn.Linear(3, 1).double())
model[2].requires_grad_(False)
batch, stack = torch.randint(9, (12,)), torch.randn(5, 4, 4)

def gradients(tokens):
    model.zero_grad()
    model[:2](tokens).square().mean().backward()
    return [parameter.grad for parameter in model[:2].parameters()]

alone = [gradient.to_dense().clone() for gradient in gradients(batch)]
gradients(batch[ranks.rank :: ranks.count])
ranks.average_gradients(model.parameters())
together = [parameter.grad.to_dense() for parameter in model[:2].parameters()]
shards = ranks.map_shards(lambda part: (part @ part).mT, stack)  # as a view
tokens = session.ready()
seen = []
while (progress := session.progress()) < 1:
    seen.append(progress)
    session.report(step=len(seen), loss=1.0, tokens=len(seen))
error = max((one - other).abs().max().item() for one, other in zip(alone, together, strict=True))
told = {"rank": ranks.rank, "error": error}
told |= {"shards": (shards - (stack @ stack).mT).abs().max().item(), "tokens": int(tokens.sum())}
print(json.dumps(told | {"progress": seen[-1], "looks": len(seen)}) + "\\n", end="", flush=True)  # one write for each process
session.save(model, {})
"""


@pytest.fixture
def folder(tmp_path: Path, small_corpus: Path) -> Path:
    """A trainer folder whose script compares what three processes compute with what one computes."""
    (tmp_path / "trainer.toml").write_text(EVALUATED_TRAINER.format(corpus=small_corpus / "texts", startup=60), "utf-8")
    (tmp_path / "train.py").write_text(COMPARE, "utf-8")
    return tmp_path


def by_hand(folder: Path, small_corpus: Path, processes: int) -> subprocess.CompletedProcess[str]:
    variables = {"LABHAND_PROCESSES": str(processes), "LABHAND_CACHE": str(small_corpus / "cache"), "OMP_NUM_THREADS": "1"}
    budget = {"LABHAND_BUDGET_SECONDS": "0.5", "CUDA_VISIBLE_DEVICES": ""}
    run = [sys.executable, "train.py"]
    return subprocess.run(
        run, cwd=folder, env=os.environ | variables | budget, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_three_processes_have_the_gradients_the_shards_and_the_progress_of_one(folder: Path, small_corpus: Path) -> None:
    ended = by_hand(folder, small_corpus, 3)
    assert ended.returncode == 0, ended.stderr
    told = sorted((json.loads(line) for line in ended.stdout.splitlines()), key=lambda each: each["rank"])
    assert [each["rank"] for each in told] == [0, 1, 2]
    assert {each["tokens"] for each in told} == {told[0]["tokens"]}
    assert {(each["progress"], each["looks"]) for each in told} == {(told[0]["progress"], told[0]["looks"])}
    assert max(each["shards"] for each in told) < 1e-6
    assert (folder / "model.pt").is_file()


def test_the_mean_of_gradients_is_the_gradient_of_the_whole_batch(folder: Path, small_corpus: Path) -> None:
    ended = by_hand(folder, small_corpus, 2)
    assert ended.returncode == 0, ended.stderr
    assert max(json.loads(line)["error"] for line in ended.stdout.splitlines()) < 1e-6


def test_a_process_that_fails_ends_all_with_its_own_error(folder: Path, small_corpus: Path) -> None:
    script = COMPARE.replace("tokens = session.ready()", "assert ranks.rank == 0, 'no memory left'\ntokens = session.ready()")
    (folder / "train.py").write_text(script, "utf-8")
    ended = by_hand(folder, small_corpus, 2)
    assert ended.returncode == 1
    assert "no memory left" in ended.stderr
    assert "process 1 of those that train together has ended" in ended.stderr


def test_one_process_computes_by_itself() -> None:
    alone = Ranks()
    assert torch.equal(alone.map_shards(lambda stack: stack + 1, torch.zeros(2, 1, 1)), torch.ones(2, 1, 1))
    assert alone.total(3.5) == 3.5


@needs_namespace
def test_the_built_in_trainer_trains_in_two_processes_within_a_run(tmp_path: Path, small_corpus: Path) -> None:
    trainer = EVALUATED_TRAINER.format(corpus=small_corpus / "texts", startup=60) + "[processes]\ncount = 2\n"
    script = GPT
    for knob, value in {"DEPTH = 1": "DEPTH = 3", "BIGRAM_ROWS = 0": "BIGRAM_ROWS = 64"}.items():
        assert f"\n{knob} " in script
        script = script.replace(f"\n{knob} ", f"\n{value} ")
    cores = sorted(os.sched_getaffinity(0))[:2]
    run = lay_out(tmp_path / "e0001-1", trainer, script, budget_seconds=4.0, cores=cores)
    run.environment["LABHAND_CACHE"] = str(small_corpus / "cache")
    result = run.run()
    assert result["status"] == "succeeded", (result["failure"], run.log())
    assert result["score"] < 4.0
    assert not result["flags"]
    assert result["measures"]["tokens"] == result["measures"]["steps"] * 8 * 128
    assert result["seconds"]["training"] == pytest.approx(4.0, abs=1.5)  # CPU time of both
