"""Prepare the corpus that `trainer.toml` names for this device; done once a machine, and at once when it was done before."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from labhand.trainer.contract.run_spec import DeviceKind
from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer
from labhand.trainer.prepare import main

if __name__ == "__main__":
    device: DeviceKind = "cuda" if os.environ.get("LABHAND_DEVICE") == "cuda" else "cpu"
    data = read_trainer(Path(__file__).parent).on_device(device).data
    if data is None:
        sys.exit("trainer.toml names no corpus")
    main(["--corpus", data.corpus, "--vocabulary", str(data.vocabulary)])
