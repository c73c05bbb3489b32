"""Prepare the corpus that `trainer.toml` names; done once a machine, and at once when it was done before."""

from __future__ import annotations

import sys
from pathlib import Path

from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer
from labhand.trainer.prepare import main

if __name__ == "__main__":
    data = read_trainer(Path(__file__).parent).data
    if data is None:
        sys.exit("trainer.toml names no corpus")
    main(["--corpus", data.corpus, "--vocabulary", str(data.vocabulary)])
