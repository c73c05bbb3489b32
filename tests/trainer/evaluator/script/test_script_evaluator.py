"""A person's own evaluator scores what training left, through the real runner and the real sandbox."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ...running import BIGRAM, EVALUATED_TRAINER, core_of_this_worker, lay_out
from .scoring import EVALUATE, HONEST, HONEST_SEALED, TRAIN, TRAINER, ScoreLine


def test_the_script_scores_what_training_left(score_line: ScoreLine) -> None:
    scored = score_line()
    result = scored.result
    assert (result["status"], result["score"], result["self_reported"]) == ("succeeded", HONEST, False), result["failure"]
    assert result["measures"]["points"] == 3
    assert len(result["evaluator"]["version"]) == len(result["evaluator"]["data"]) == 12
    assert 0 < result["seconds"]["evaluation"] < 20
    assert "[evaluator]\nerror: 1.166667" in scored.folder.log()
    assert json.loads((scored.folder.path / "artifacts" / "model.json").read_text()) == {"slope": 2.5}
    assert not (scored.folder.path / "evaluation").exists()


def test_the_version_stands_for_the_script_and_its_data(score_line: ScoreLine, tmp_path: Path) -> None:
    first, same = score_line().result["evaluator"], score_line(TRAIN + "\n# another experiment\n").result["evaluator"]
    assert first == same
    other_script = score_line(evaluate=EVALUATE + "\n# changed\n").result["evaluator"]
    assert (other_script["version"] != first["version"], other_script["data"]) == (True, first["data"])
    points = tmp_path / "data" / "test" / "points.json"
    status = points.stat()
    points.write_text(points.read_text().replace("6.0", "7.0"))
    os.utime(points, ns=(status.st_atime_ns, status.st_mtime_ns))  # the same size and time of modification
    other_data = score_line().result["evaluator"]
    assert (other_data["version"], other_data["data"] != first["data"]) == (first["version"], True)


def test_the_sealed_split_is_scored_into_the_sealed_file_alone(score_line: ScoreLine) -> None:
    scored = score_line(sealed=True)
    sealed = json.loads((scored.folder.path / "sealed.json").read_text())
    assert (scored.result["score"], sealed["score"], sealed["failure"]) == (HONEST, HONEST_SEALED, None)
    assert sealed["version"] == scored.result["evaluator"]["version"]
    assert sealed["data"] != scored.result["evaluator"]["data"]
    texts = [path.read_bytes() for path in scored.folder.path.rglob("*") if path.is_file() and path.name != "sealed.json"]
    assert not any(str(HONEST_SEALED).encode() in text for text in texts)


def test_what_fails_on_the_sealed_split_is_sealed_too(score_line: ScoreLine) -> None:
    falls = EVALUATE + "\nassert os.environ['LABHAND_SPLIT'] == 'validation', 'sealed text'\n"
    scored = score_line(evaluate=falls, sealed=True)
    sealed = json.loads((scored.folder.path / "sealed.json").read_text())
    assert (scored.result["score"], sealed["score"], sealed["failure"]) == (HONEST, None, "contract_broken")
    assert "sealed text" not in scored.folder.log()


def test_without_a_sealed_split_nothing_is_sealed(score_line: ScoreLine) -> None:
    without = TRAINER.replace('sealed_read = ["{data}/sealed"]\n', "")
    scored = score_line(trainer=without, sealed=True)
    assert scored.result["score"] == HONEST
    assert not (scored.folder.path / "sealed.json").exists()


COUNTING = (
    EVALUATE
    + """
from random import random
print(f"error: {random()}")
"""
)


def test_a_score_that_does_not_repeat_breaks_the_contract(score_line: ScoreLine) -> None:
    failure = score_line(evaluate=COUNTING).failure
    assert failure["kind"] == "contract_broken"
    assert "gave the same artifacts two scores" in failure["message"]
    assert "tolerance under [evaluator]" in failure["next_step"]


def test_a_second_score_is_asked_for_once_a_machine_and_where_the_spec_says_so(score_line: ScoreLine) -> None:
    calls = [score_line(evaluate_twice=twice).folder.log().count("[evaluator]") for twice in (False, False, True)]
    assert calls == [2, 1, 2]


def test_a_tolerance_allows_scores_to_differ(score_line: ScoreLine) -> None:
    wide = TRAINER.replace("artifacts =", "tolerance = 1.5\nartifacts =")
    assert score_line(evaluate=COUNTING, trainer=wide).result["status"] == "succeeded"


def test_an_artifact_that_is_missing_is_named(score_line: ScoreLine) -> None:
    failure = score_line("open('modle.json', 'w').close()").failure
    assert failure["kind"] == "contract_broken"
    assert "Training left no file that matches model.json" in failure["message"]
    assert failure["lines"] == ["It left modle.json."]


def test_an_old_artifact_beside_the_script_is_not_scored(score_line: ScoreLine) -> None:
    old = TRAINER.replace('"model.json"', '"evaluate.py"')
    failure = score_line(trainer=old).failure
    assert "left no file that matches evaluate.py" in failure["message"]


def test_an_artifact_that_the_script_cannot_use_is_at_fault(score_line: ScoreLine) -> None:
    failure = score_line("open('model.json', 'w').write('{}')").failure
    assert failure["kind"] == "evaluator_failed"  # nothing tells yet whether the script works at all
    assert "has never given a score on this machine" in failure["message"]
    assert score_line().result["score"] == HONEST
    failure = score_line("open('model.json', 'w').write('{}')").failure
    assert failure["kind"] == "contract_broken"
    assert "it has scored other artifacts" in failure["message"]
    named = EVALUATE.replace("model =", "raise ValueError('model.json has no slope')\nmodel =")
    failure = score_line(evaluate=named).failure
    assert (failure["kind"], "while it used the artifact model.json" in failure["message"]) == ("contract_broken", True)


@pytest.mark.parametrize(
    ("evaluate", "message", "line"),
    [
        ("x = 1 / 0", "ended with status 1: ZeroDivisionError", "ZeroDivisionError: division by zero"),
        ("import train", "imports train.py, which experiments can change", "ModuleNotFoundError: No module named 'train'"),
        ("print('eror: 1')", "The evaluator gave no score. The output has no line that matches", "eror: 1"),
        ("open('/etc/shadow')", "has never given a score", "PermissionError"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "has never given a score", "PermissionError"),
        ("import os; open(os.environ['LABHAND_ARTIFACTS'] + '/new', 'w')", "has never given a score", "PermissionError"),
    ],
)
def test_a_script_that_fails_is_at_fault_itself(score_line: ScoreLine, evaluate: str, message: str, line: str) -> None:
    failure = score_line(evaluate=evaluate).failure
    assert failure["kind"] == "evaluator_failed"
    assert message in failure["message"]
    assert any(line in text for text in failure["lines"])
    assert "Tell the person" in failure["next_step"]


def test_a_score_that_is_not_finite_is_the_artifacts_fault(score_line: ScoreLine) -> None:
    failure = score_line(evaluate="print('error: nan')").failure
    assert (failure["kind"], failure["message"]) == ("diverged", "The evaluator's error is nan")


def test_a_script_that_runs_for_too_long_is_ended(score_line: ScoreLine) -> None:
    brief = TRAINER.replace("evaluation_seconds = 20", "evaluation_seconds = 1")
    failure = score_line(evaluate="while True: pass", trainer=brief).failure
    assert failure["kind"] == "timeout"
    assert "evaluation_seconds = 1 under [budget]" in failure["message"]


def test_data_that_is_missing_is_told_before_training(score_line: ScoreLine) -> None:
    elsewhere = TRAINER.replace("{data}/test", "{data}/nowhere")
    scored = score_line(trainer=elsewhere)
    assert scored.failure["kind"] == "evaluator_failed"
    assert "data/nowhere on this machine" in scored.failure["message"]
    assert "training" not in scored.result["seconds"]


def test_a_script_that_is_missing_is_told_before_training(score_line: ScoreLine) -> None:
    scored = score_line(evaluate=None)
    assert "names no file of the trainer folder" in scored.failure["message"]
    assert "training" not in scored.result["seconds"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[evaluator]", '[sandbox]\nread = ["{data}"]\n[evaluator]', "which training can read"),
        ('sealed_read = ["{data}/sealed"]', 'sealed_read = ["{data}/test/points.json"]', "Keep the two splits in two folders"),
    ],
)
def test_data_that_could_be_read_too_early_is_refused(score_line: ScoreLine, old: str, new: str, message: str) -> None:
    failure = score_line(trainer=TRAINER.replace(old, new)).failure
    assert (failure["kind"], message in failure["message"]) == ("contract_broken", True)


def test_folders_of_artifacts_are_taken_whole(score_line: ScoreLine) -> None:
    writes = "import os\nos.makedirs('saved/deep')\nopen('saved/deep/a b.json', 'w').write('{}')\n"
    scored = score_line(writes + TRAIN, trainer=TRAINER.replace('["model.json"]', '["model.json", "saved"]'))
    assert scored.result["status"] == "succeeded"
    assert (scored.folder.path / "artifacts" / "saved" / "deep" / "a b.json").read_text() == "{}"


def test_other_metrics_and_their_limits_are_read_from_the_script(score_line: ScoreLine) -> None:
    guarded = TRAINER.replace("[budget]", '[[metrics]]\nname = "points"\nsource = "evaluator"\nat_least = 2\n[budget]')
    lie = 'print("points: 99")\n' + TRAIN
    assert score_line(lie, trainer=guarded).result["metrics"] == {"points": 3}


def test_a_metric_that_the_script_does_not_print_is_missing(score_line: ScoreLine) -> None:
    more = TRAINER.replace("[budget]", '[[metrics]]\nname = "spread"\nsource = "evaluator"\n[budget]')
    result = score_line('print("spread: 1")\n' + TRAIN, trainer=more).result
    assert (result["score"], result["metrics"]) == (HONEST, {"spread": None})
    assert any(flag.startswith("metric_missing: spread") for flag in result["flags"])


MODEL = """
import os
size = os.path.getsize(os.path.join(os.environ["LABHAND_ARTIFACTS"], "model.pt"))
print("val_bpb: 2.5" if size > 300 * 300 * 4 else "val_bpb: 9")
"""


@pytest.mark.slow
def test_a_trainer_on_a_corpus_may_have_an_evaluator_of_its_own(small_corpus: Path, tmp_path: Path) -> None:
    script = '[evaluator]\ncommand = ["python", "evaluate.py"]\nartifacts = ["model.pt", "config.json"]\n'
    trainer = EVALUATED_TRAINER.format(corpus=small_corpus / "texts", startup=300) + script
    run = lay_out(tmp_path / "e0001-1", trainer, BIGRAM, budget_seconds=1.0, cores=[core_of_this_worker()])
    (run.source / "evaluate.py").write_text(MODEL)
    run.environment["LABHAND_CACHE"] = str(small_corpus / "cache")
    result = run.run()
    assert (result["status"], result["score"], result["self_reported"]) == ("succeeded", 2.5, False), result["failure"]
    assert result["measures"]["steps"] > 0
    assert sorted(path.name for path in (run.path / "artifacts").iterdir()) == ["config.json", "model.pt"]
