"""A run that scores the test split, too: into a file of its own, and nothing else tells of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from labhand.trainer.data.corpus import load_corpus
from labhand.trainer.evaluator.evaluate import fixed_rows

from ..running import BIGRAM, EVALUATED_TRAINER, RunFolder, core_of_this_worker, lay_out

CHATTY = ("        return self.table[tokens]\n", "        print('scored', len(tokens))\n        return self.table[tokens]\n")

pytestmark = pytest.mark.slow


def run(small_corpus: Path, place: Path, name: str, train: str, *, sealed: bool) -> RunFolder:
    """A finished run."""
    train = train.replace("session.progress() < 1", "session.progress() < 1 and step < 20")
    trainer = EVALUATED_TRAINER.format(corpus=small_corpus / "texts", startup=300)
    cores = [core_of_this_worker()]
    folder = lay_out(place / name, trainer, train, budget_seconds=10.0, cores=cores, sealed=sealed)
    folder.environment["LABHAND_CACHE"] = str(small_corpus / "cache")
    folder.run()
    return folder


def told(folder: RunFolder, name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder.path / name).read_text("utf-8"))
    return found


def test_the_test_split_is_scored_into_the_sealed_file_alone(small_corpus: Path, tmp_path: Path) -> None:
    plain, sealed = (
        run(small_corpus, tmp_path, name, BIGRAM.replace(*CHATTY), sealed=name == "sealed") for name in ("plain", "sealed")
    )
    result, other = told(sealed, "result.json"), told(plain, "result.json")
    found = told(sealed, "sealed.json")
    assert (result["status"], result["score"]) == ("succeeded", other["score"])
    assert found["failure"] is None
    assert found["score"] == pytest.approx(result["score"], rel=0.05)
    assert found["score"] != result["score"]
    assert set(result) == set(other)
    assert {name: result[name] for name in ("evaluator", "sandbox", "flags")} == {
        name: other[name] for name in ("evaluator", "sandbox", "flags")
    }
    assert str(found["score"]) not in "".join(
        (sealed.path / name).read_text("utf-8", "replace") for name in ("log.txt", "result.json", "curve.jsonl", "phase")
    )
    assert set(plain.log().splitlines()) == set(sealed.log().splitlines())
    assert not (plain.path / "sealed.json").exists()


def test_what_goes_wrong_on_the_test_split_is_sealed_too(small_corpus: Path, tmp_path: Path) -> None:
    corpus = load_corpus(str(small_corpus / "texts"), 300, small_corpus / "cache")
    first = fixed_rows(corpus.split("test"), 32, 2**15, corpus.token_bytes).inputs[0, :16].tolist()
    met = f"tokens.dim() == 2 and (tokens[:, :16] == torch.tensor({first})).all(1).any()"
    falls = f"        if {met}: raise ValueError('met the test split')\n"
    folder = run(small_corpus, tmp_path, "falls", BIGRAM.replace(CHATTY[0], falls + CHATTY[0]), sealed=True)
    assert told(folder, "result.json")["status"] == "succeeded"
    found = told(folder, "sealed.json")
    assert (found["score"], found["failure"]) == (None, "contract_broken")
    assert "met" not in folder.log()
