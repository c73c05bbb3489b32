"""The demonstration; `make demo` runs all of it."""

from __future__ import annotations

from pathlib import Path

from labhand.server.commands.demo import copy_trainer
from labhand.server.source.trainer_folder import load_trainer


def test_its_trainer_is_the_built_in_one_on_the_small_corpus_also_on_a_gpu(tmp_path: Path) -> None:
    copy_trainer(tmp_path / "gpt")

    copy, original = load_trainer("./gpt", tmp_path), load_trainer("gpt", tmp_path)
    assert (tmp_path / "gpt" / "train.py").read_bytes() == (original.folder / "train.py").read_bytes()
    assert copy.file.on_device("cuda").data == copy.file.data == original.file.data
    assert original.file.on_device("cuda").data != original.file.data
