"""A run gets the data of its device; one on a processor gets what it got before `[data.gpu]` was there.

There is no GPU in these tests: `nvidia-smi` is a script, and a run ends when it has told what it was given.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer
from labhand.trainer.prepare import prepare_corpus
from labhand.trainer.run import preparation

from ..running import EVALUATED_TRAINER, MakeRun, RunFolder, lay_out

GPT = Path(preparation.__file__).parents[1] / "gpt"
TELL = (
    "\n    tokens = session.ready()",
    "\n    print(session.device, session.vocabulary_size, session.context); raise SystemExit",
)


def with_gpu_data(run: RunFolder, table: str) -> RunFolder:
    with (run.source / "trainer.toml").open("a", encoding="utf-8") as file:
        file.write(f"[data.gpu]\n{table}\n")
    return run


def with_a_gpu(place: Path) -> dict[str, str]:
    """Variables under which a machine seems to have a GPU."""
    command = place / "bin" / "nvidia-smi"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\necho '0, NVIDIA H100 80GB HBM3, 81559, 570.86'\n")
    command.chmod(0o755)
    return {"PATH": f"{command.parent}:{os.environ['PATH']}", "CUDA_VISIBLE_DEVICES": "0"}


@pytest.mark.slow
def test_a_run_on_a_processor_keeps_its_stratum_when_the_table_comes(make_run: MakeRun) -> None:
    before = make_run(name="e0001-1").run()
    after = with_gpu_data(make_run(name="e0002-1"), 'corpus = "/no/such/folder"\nvocabulary = 8192\ncontext = 2048').run()
    assert (before["status"], after["status"]) == ("succeeded", "succeeded")
    assert after["evaluator"] == before["evaluator"]
    assert after["evaluator"] is not None


@pytest.mark.slow
def test_a_run_on_a_gpu_gets_the_data_of_the_table(make_run: MakeRun, small_corpus: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    prepare_corpus(str(small_corpus / "texts"), 320, cache)
    run = with_gpu_data(make_run(TELL, device="cuda", clock="wall", gpu="0"), "vocabulary = 320\ncontext = 48")
    run.environment |= {**with_a_gpu(tmp_path), "LABHAND_CACHE": str(cache)}
    result = run.run()
    assert "cuda 320 48" in run.log(), result["failure"]


@pytest.mark.slow
def test_a_corpus_that_only_a_gpu_lacks_is_named_with_its_vocabulary(make_run: MakeRun, tmp_path: Path) -> None:
    run = with_gpu_data(make_run(TELL, device="cuda", clock="wall", gpu="0"), "vocabulary = 310")
    run.environment |= with_a_gpu(tmp_path)
    assert "with a vocabulary of 310 is not prepared" in run.run()["failure"]["message"]


def test_what_is_prepared_for_a_gpu_lies_apart_and_elsewhere_where_it_lay_before(tmp_path: Path) -> None:
    run = lay_out(tmp_path / "run", EVALUATED_TRAINER.format(corpus="sotu", startup=60) + "[prepare]\ncommand = ['true']\n", "")
    plain = read_trainer(run.source)
    places = preparation.places_of
    assert places(plain.on_device("cuda"), run.source, None) == places(plain.on_device("cpu"), run.source, None)
    split = read_trainer(with_gpu_data(run, "vocabulary = 8192").source)
    on_gpu, on_cpu = (places(split.on_device(device), run.source, None) for device in ("cuda", "cpu"))
    assert on_gpu.done != on_cpu.done
    assert on_cpu == places(split, run.source, None)


@pytest.mark.slow
@pytest.mark.parametrize(("device", "told"), [("cpu", "sotu 1024"), ("cuda", "climbmix 8192")])
def test_the_built_in_trainer_prepares_what_the_device_needs(device: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INSTEAD_OF_PREPARING)
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "LABHAND_DEVICE": device}
    command = [sys.executable, str(GPT / "prepare.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == told


INSTEAD_OF_PREPARING = """
import labhand.trainer.prepare as prepare
prepare.main = lambda arguments: print(arguments[1], arguments[3])
"""
