"""How likely someone who looks ahead is to escape one evaluation, by what they gain: `python benchmarks/escape.py`.

The built-in trainer is run, and the losses of its model are taken for what an honest one has. Looks ahead are added to them on
paper, and the chance that no cut falls behind any is the product of what `trainer/evaluator/probes.py` gives each place.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from labhand.trainer import gpt
from labhand.trainer.contract.run_spec import DeviceKind
from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer
from labhand.trainer.data.corpus import load_corpus
from labhand.trainer.evaluator.evaluate import TOKENS, fixed_rows, nats
from labhand.trainer.evaluator.probes import MARGIN, MIN_PROBES, PROBES, WHOLE_IN
from labhand.trainer.evaluator.trigram import expected_nats
from labhand.trainer.prepare import prepare_corpus
from numpy.typing import NDArray

Losses = NDArray[np.float64]
CONTEXT, VOCABULARY = 256, 1024


def measured(folder: Path, budget: float) -> tuple[Losses, Losses]:
    """Losses of the built-in trainer's model, and what is expected, at every place behind which a cut may fall, nats."""
    prepare_corpus("sotu", VOCABULARY, None)
    shutil.copytree(Path(str(gpt.__file__)).parent, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    spec = {"run": folder.name, "experiment": "e0001", "seed": 1, "budget_seconds": budget, "clock": "cpu", "device": "cpu"}
    (folder / "spec.json").write_text(json.dumps(spec | {"cores": [min(os.sched_getaffinity(0))], "gpu": None}), "utf-8")
    subprocess.run([sys.executable, "-m", "labhand.trainer.runner", str(folder)], check=True, stdout=subprocess.DEVNULL)
    sys.path.insert(0, str(folder / "source"))
    model = importlib.import_module("train").build_model(json.loads((folder / "config.json").read_text("utf-8")))
    model.load_state_dict(torch.load(folder / "model.pt"))
    corpus = load_corpus("sotu", VOCABULARY)
    rows = fixed_rows(corpus.split("validation"), CONTEXT, TOKENS["cpu"], corpus.token_bytes)
    with torch.inference_mode():
        logits = [model(torch.tensor(row[None])).float().numpy() for row in rows.inputs]
    losses = np.concatenate([nats(row, target[None]) for row, target in zip(logits, rows.targets, strict=True)])
    expected = expected_nats(corpus.split("train").tokens, rows.inputs, rows.targets, VOCABULARY)
    return losses[:, :-1].ravel(), expected[:, :-1].ravel()


def weights(losses: Losses, expected: Losses) -> Losses:
    """As cuts are drawn, but for a factor."""
    return np.asarray(np.logaddexp(0.0, expected - losses + MARGIN) / (1.0 + losses))


def cuts_on(device: DeviceKind) -> int:
    """Cuts in one evaluation of the built-in trainer on a kind of device, whose rows and their number differ by it."""
    data = read_trainer(Path(str(gpt.__file__)).parent).on_device(device).data
    assert data is not None
    return max(MIN_PROBES, round(PROBES * (TOKENS[device] // data.context)))


def report(losses: Losses, expected: Losses, cuts: int, evaluations: int) -> None:
    """Print what can be gained, in shares of the loss, at some chances of escaping all of so many evaluations."""
    probes = evaluations * cuts * (1 - 1 / WHOLE_IN) / weights(losses, expected).sum()
    whole = (losses, probes * weights(np.zeros_like(losses), expected))
    parts = [(losses * (1 - left), probes * weights(losses * left, expected)) for left in np.linspace(0, 0.95, 20)]
    best = np.argmax([gain / cost for gain, cost in parts], axis=0)
    gain, cost = (np.choose(best, [part[which] for part in parts]) for which in (0, 1))
    order = np.argsort(-gain / cost)
    print(f"{evaluations} evaluation{'s' * (evaluations > 1)}, {cuts} cuts each:")
    for chance in (0.5, 0.01, 0.0001):
        allowed = -np.log(chance)
        anywhere = whole[0].sum() / whole[1].sum() * allowed / losses.sum()
        by_best = np.cumsum(gain[order])[np.searchsorted(np.cumsum(cost[order]), allowed)] / losses.sum()
        print(
            f"  {chance:6.2%} escape who gain {anywhere:.2%} by looks anywhere, {by_best:.2%} by the best looks that there are"
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=float, default=20.0, help="CPU seconds of the run")
    budget = parser.parse_args().budget
    with tempfile.TemporaryDirectory() as place:
        losses, expected = measured(Path(place) / "e0001-1", budget)
    print(f"{losses.mean():.2f} nats a token, a table of three {expected.mean():.2f}")
    for cuts in (cuts_on("cpu"), cuts_on("cuda")):
        for evaluations in (1, 9):
            report(losses, expected, cuts, evaluations)


if __name__ == "__main__":
    main()
