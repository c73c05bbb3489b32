"""The built-in trainer as the check runs it: on another corpus, with knobs set, and text that is made up."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer
from labhand.trainer.data.sources import SPLITS
from labhand.trainer.data.sources.folder import Folder

from benchmarks.gpu_check.report import PartFailedError
from benchmarks.gpu_check.runs import copy_gpt
from benchmarks.gpu_check.text import write_text


def test_the_trainer_gets_another_corpus_and_other_knobs(tmp_path: Path) -> None:
    copy_gpt(tmp_path / "source", tmp_path / 'odd "name"', {"MUON_ITERATIONS": "2"})
    data = read_trainer(tmp_path / "source").data
    assert data is not None
    assert data.corpus == f'{tmp_path}/odd "name"'
    lines = (tmp_path / "source" / "train.py").read_text("utf-8").splitlines()
    assert [line.split("#")[0].strip() for line in lines if line.startswith("MUON_ITERATIONS")] == ["MUON_ITERATIONS = 2"]


def test_a_knob_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(PartFailedError, match="no knob DEPHT"):
        copy_gpt(tmp_path / "source", tmp_path, {"DEPHT": "2"})


def test_made_up_text_is_the_same_each_time_and_has_documents_in_every_split(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_text(tmp_path / name, 300_000)
    texts = [[path.read_text("utf-8") for path in sorted((tmp_path / name).iterdir())] for name in ("one", "two")]
    assert texts[0] == texts[1]
    assert 200_000 < sum(map(len, texts[0])) < 450_000
    assert all(Folder(tmp_path / "one").parts(tmp_path, split) for split in SPLITS)
