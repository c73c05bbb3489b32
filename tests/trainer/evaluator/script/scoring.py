"""Runs of a trainer that an evaluator of the person's own scores: a line is fitted, and secret points score it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...running import RunFolder, lay_out

TRAINER = """
name = "line"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "error"
[budget]
startup_seconds = 20
evaluation_seconds = 20
[evaluator]
command = ["python", "evaluate.py"]
artifacts = ["model.json"]
read = ["{data}/test"]
sealed_read = ["{data}/sealed"]
"""
TRAIN = """
import json
slope = 2.5
with open("model.json", "w") as file:
    json.dump({"slope": slope}, file)
"""
EVALUATE = """
import json
import os
from pathlib import Path
from statistics import fmean

model = json.loads(Path(os.environ["LABHAND_ARTIFACTS"], "model.json").read_text())
points = json.loads(Path(os.environ["LABHAND_DATA"], "points.json").read_text())
print(f"error: {fmean((model['slope'] * x - y) ** 2 for x, y in points):.6f}")
print(f"points: {len(points)}")
"""
HONEST = 1.166667
"""The score of `TRAIN`: the mean of (2.5 x − 2 x)² over x = 1, 2, 3."""
HONEST_SEALED = 4.666667


@dataclass(frozen=True)
class Scored:
    """A run that is over, and its folder."""

    folder: RunFolder
    result: dict[str, Any]

    @property
    def failure(self) -> dict[str, Any]:
        failure: dict[str, Any] = self.result["failure"]
        return failure


ScoreLine = Callable[..., Scored]


def make_data(place: Path) -> Path:
    """Points on y = 2 x: a split that every evaluation reads, and a sealed one."""
    for split, slope in (("test", 2.0), ("sealed", 1.5)):
        (place / split).mkdir(parents=True)
        (place / split / "points.json").write_text(json.dumps([[x, slope * x] for x in (1, 2, 3)]))
    return place


def run_line(
    place: Path,
    train: str = TRAIN,
    evaluate: str | None = EVALUATE,
    trainer: str = TRAINER,
    environment: dict[str, str] | None = None,
    **spec: object,
) -> Scored:
    """Run the trainer to its result, in a folder of its own below a place with data and a cache."""
    number = len(list((place / "runs").glob("*")))
    folder = lay_out(place / "runs" / f"e{number:04}-1", trainer.replace("{data}", str(place / "data")), train, **spec)
    if evaluate is not None:
        (folder.source / "evaluate.py").write_text(evaluate)
    folder.environment |= {"LABHAND_CACHE": str(place / "cache")} | (environment or {})
    return Scored(folder, folder.run())
