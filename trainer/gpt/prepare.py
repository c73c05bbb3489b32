"""Prepare the corpus that `trainer.toml` names for this device; done once a machine, and at once when it was done before."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from labhand.trainer.contract import nvidia
from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer
from labhand.trainer.prepare import main


def has_gpu() -> bool:
    """Whether runs train on a GPU: the runner says so; by hand, it is what the driver says."""
    if device := os.environ.get("LABHAND_DEVICE"):
        return device == "cuda"
    return not nvidia.is_hidden() and bool(nvidia.gpus())


if __name__ == "__main__":
    data = read_trainer(Path(__file__).parent).on_device("cuda" if has_gpu() else "cpu").data
    if data is None:
        sys.exit("trainer.toml names no corpus")
    main(["--corpus", data.corpus, "--vocabulary", str(data.vocabulary)])
