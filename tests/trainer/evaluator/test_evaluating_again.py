"""Weights that another run has trained: evaluated once more, trained never."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..running import BIGRAM, EVALUATED_TRAINER, RunFolder, core_of_this_worker, lay_out

HONEST = "        return self.table[tokens]\n"
LOOKING = f"        if tokens.dim() == 2: return 9 * torch.nn.functional.one_hot(tokens.roll(-1, 1), 300).float()\n{HONEST}"

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Trained:
    """Runs of one corpus, and the result of the one that has trained."""

    corpus: Path
    runs: Path
    result: dict[str, Any]


def lay(corpus: Path, runs: Path, name: str, forward: str, **spec: object) -> RunFolder:
    """A run of a trainer that stops after some steps."""
    train = BIGRAM.replace("session.progress() < 1", "session.progress() < 1 and step < 20").replace(HONEST, forward)
    trainer = EVALUATED_TRAINER.format(corpus=corpus / "texts", startup=300)
    cores = [core_of_this_worker()]
    folder = lay_out(runs / name, trainer, train, budget_seconds=10.0, cores=cores, **spec)
    folder.environment["LABHAND_CACHE"] = str(corpus / "cache")
    return folder


@pytest.fixture(scope="module")
def trained(small_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """One run that has trained, for all tests of this file."""
    runs = tmp_path_factory.mktemp("runs")
    return Trained(small_corpus, runs, lay(small_corpus, runs, "e0001-1", HONEST).run())


def again(trained: Trained, name: str, forward: str) -> tuple[RunFolder, dict[str, Any]]:
    """Evaluate its weights once more, as a source with this model; returns the folder and the result."""
    about = {name: trained.result[name] for name in ("run", "seconds", "measures")}
    folder = lay(trained.corpus, trained.runs, name, forward, trained=about)
    for file in ("model.pt", "config.json"):
        shutil.copyfile(trained.runs / "e0001-1" / file, folder.path / file)
    return folder, folder.run()


def test_the_score_is_that_of_the_stored_weights(trained: Trained) -> None:
    before = trained.result
    folder, result = again(trained, "e0002-1", HONEST)
    assert (result["status"], result["score"]) == ("succeeded", before["score"])
    assert (result["weights_of"], before["weights_of"]) == ("e0001-1", None)
    assert result["seconds"]["training"] == before["seconds"]["training"]
    assert result["measures"] == before["measures"]
    assert not (folder.path / "curve.jsonl").exists()
    assert not folder.work.exists()


def test_who_fails_again_stands_accused(trained: Trained) -> None:
    _, result = again(trained, "e0003-1", LOOKING)
    assert result["failure"]["kind"] == "tampering"
    assert result["failure"]["message"].startswith("Evaluated again on the weights of e0001-1, it failed again: The model sees")
    assert json.dumps(result["failure"]["lines"]).count("sees the future") == 1
