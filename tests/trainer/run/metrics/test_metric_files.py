"""The metrics that a run writes to files: formats as their own libraries write them, and files that must not be read."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from labhand.trainer.contract.run_folder import RunFolder
from labhand.trainer.contract.trainer_toml.metric import Metric
from labhand.trainer.contract.trainer_toml.trainer_file import parse_trainer
from labhand.trainer.run.failures.classify import RunFailedError
from labhand.trainer.run.metrics.score import Left, read_other, read_score

from tests.trackio_project import Logged, write_project

FILES = Path(__file__).parent / "files"
"""`events.out.tfevents…` was written by tensorboard 2.21, and the records of `history.wandb` by wandb 0.31."""


def metric(**keys: object) -> Metric:
    """A metric of `trainer.toml`."""
    table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in {"name": "loss", **keys}.items())
    table = table.replace("Infinity", "inf")
    text = f'name = "t"\neditable = ["train.py"]\ncommand = ["python", "train.py"]\n[[metrics]]\n{table}'
    return parse_trainer(text.encode(), Path("trainer.toml")).metric


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The folder of a run that has ended."""
    run = RunFolder(tmp_path / "e0001-1")
    run.source.mkdir(parents=True)
    run.work.mkdir()
    return run


def value(of: Metric, folder: RunFolder, output: str = "") -> tuple[float | None, str]:
    return read_other(of, Left.by(output, lambda: None, folder))


@pytest.mark.parametrize(
    ("name", "content", "keys", "expected"),
    [
        ("metrics.json", '{"eval": {"loss": 0.5}}', {"key": "eval.loss"}, 0.5),
        ("metrics.json", '{"eval/loss.mean": 0.5}', {"key": "eval/loss.mean"}, 0.5),
        ("metrics.json", '{"loss": "0.25"}', {}, 0.25),
        ("state.json", '{"log_history": [{"loss": 3}, {"lr": 1}, {"loss": 2}]}', {"key": "log_history.loss"}, 2),
        ("state.json", '{"runs": [{"loss": 3}, {"loss": 2}]}', {"key": "runs.0.loss"}, 3),
        ("log.jsonl", '{"loss": 3}\n\n{"loss": 1}\n{"loss": 2}\n', {"value": "best"}, 1),
        ("log.jsonl", '{"loss": 3}\n{"loss": 1}\n{"loss": 2}\n', {"value": "mean", "last_k": 2}, 1.5),
        ("log.csv", "step, loss,acc\n1,3,0.1\n2,,0.2\n3,2,0.3\n", {}, 2),
        ("log.csv", "\ufeffloss;acc\n1.5;2\n", {}, 1.5),
        ("out/log.tsv", "loss\tacc\n1\t0.5\n2\t0.75\n", {"key": "acc", "value": "best", "direction": "maximize"}, 0.75),
    ],
)
def test_a_file_gives_the_value_that_counts(
    folder: RunFolder, name: str, content: str, keys: dict[str, object], expected: float
) -> None:
    (folder.work / name).parent.mkdir(exist_ok=True)
    (folder.work / name).write_text(content)
    assert value(metric(file=name, **keys), folder) == (expected, "")


def test_event_files_of_tensorboard_are_read_as_it_writes_them(folder: RunFolder) -> None:
    (folder.work / "runs" / "a").mkdir(parents=True)
    shutil.copy(FILES / "events.out.tfevents.1795880362.host", folder.work / "runs" / "a")
    place = "runs/**/events.out.tfevents.*"
    assert value(metric(file=place, key="eval/loss"), folder) == (0.75, "")
    assert value(metric(file=place, key="eval/loss", value="best"), folder) == (0.25, "")
    assert value(metric(file=place, key="l0", value="mean", last_k=2), folder) == (32.5, "")
    tensor, _ = value(metric(file=place, key="eval/accuracy"), folder)  # as TensorFlow 2 writes scalars
    assert tensor == pytest.approx(0.8)
    missing, why = value(metric(file=place, key="nope"), folder)
    assert missing is None
    assert "has no scalar 'nope', but eval/accuracy, eval/loss, l0" in why


def test_an_event_file_whose_last_record_is_cut_off_has_the_others(folder: RunFolder) -> None:
    content = (FILES / "events.out.tfevents.1795880362.host").read_bytes()
    (folder.work / "events.out.tfevents.1").write_bytes(content[:-5])
    assert value(metric(file="events.out.tfevents.1", key="eval/loss"), folder) == (0.75, "")
    (folder.work / "events.out.tfevents.1").write_bytes(content[:40] + b"x" + content[41:])
    assert "damaged" in value(metric(file="events.out.tfevents.1", key="eval/loss"), folder)[1]
    (folder.work / "events.out.tfevents.1").write_bytes(b"loss 0.5\n" * 9)
    assert "is no event file" in value(metric(file="events.out.tfevents.1", key="eval/loss"), folder)[1]


def test_an_offline_run_of_wandb_is_read_without_its_library(folder: RunFolder) -> None:
    place = folder.work / "wandb" / "offline-run-20261128_153924-r5swe934"
    place.mkdir(parents=True)
    shutil.copy(FILES / "history.wandb", place / "run-r5swe934.wandb")
    assert value(metric(file="wandb/offline-run-*/run-*.wandb", key="eval/loss"), folder) == (0.75, "")
    assert value(metric(file="wandb/offline-run-*/run-*.wandb", key="sae.l0", value="best"), folder) == (30, "")


def test_the_newest_run_of_a_trackio_project_is_read_without_its_library(folder: RunFolder) -> None:
    logged: list[dict[str, object]] = [{"eval/loss": loss, "sae": {"l0": 30 + loss}} for loss in (0.25, 0.5, 1.0)]
    logged.append({"lr": 1e-3, "diverged": float("inf")})
    rows: list[Logged] = [("old", {"eval/loss": 0.01}), *(("new", values) for values in logged)]
    write_project(folder.work / "trackio" / "demo.db", rows)
    keys = {"file": "trackio/*.db", "format": "trackio"}
    assert value(metric(**keys, key="eval/loss"), folder) == (1, "")
    assert value(metric(**keys, key="eval/loss", value="best"), folder) == (0.25, "")
    assert value(metric(**keys, key="eval/loss", value="mean", last_k=2), folder) == (0.75, "")
    assert value(metric(**keys, key="sae.l0"), folder) == (31, "")
    assert value(metric(**keys, key="diverged"), folder) == (None, "its value is 'Infinity'")
    _, why = value(metric(**keys, key="nope"), folder)
    assert why == "the newest run in demo.db logged no 'nope', but diverged, eval/loss, lr, sae"
    (folder.work / "trackio" / "demo.db").write_bytes(b"loss: 1")
    assert value(metric(**keys), folder) == (None, "demo.db is no database of SQLite")


def test_what_the_command_prints_may_be_json_or_a_dictionary_of_python(folder: RunFolder) -> None:
    output = "start\n{'eval_loss': 0.5, 'epoch': 1.0}\n{'eval_loss': nan}\nINFO: {\"eval\": {\"loss\": 0.25}}\nbye {}\n"
    assert value(metric(json="eval.loss"), folder, output) == (0.25, "")
    assert value(metric(json="eval_loss", value="best"), folder, output) == (0.5, "")
    assert value(metric(json="eval_loss"), folder, output) == (None, "its value is 'nan'")
    with pytest.raises(RunFailedError, match=r"no line of JSON with eval\.acc") as failed:
        read_score(metric(json="eval.acc"), Left.by(output, lambda: None, folder))
    assert '{"eval": {"acc": 0.9979}}' in failed.value.failure.next_step


def test_the_best_of_printed_values_counts_where_it_is_asked_for(folder: RunFolder) -> None:
    output = "loss: 3\nloss: 1\nloss: nan\nloss: 2\n"
    assert value(metric(value="best"), folder, output) == (1, "")
    assert value(metric(value="best", direction="maximize"), folder, output) == (3, "")
    assert value(metric(value="mean", last_k=2), folder, output) == (None, "its value is 'nan'")


def test_of_several_files_the_one_that_was_written_last_counts(folder: RunFolder) -> None:
    for name, loss, written_at in (("a.json", 1, 3e9), ("b.json", 2, 2e9)):
        (folder.work / name).write_text(json.dumps({"loss": loss}))
        os.utime(folder.work / name, (written_at, written_at))
    assert value(metric(file="*.json"), folder) == (1, "")


def test_a_file_that_was_there_before_the_run_is_no_result_of_it(folder: RunFolder) -> None:
    (folder.source / "metrics.json").write_text('{"loss": 0.001}')
    folder.make_work()
    assert value(metric(file="metrics.json"), folder)[1] == "metrics.json was there before the run, which didn't write it"
    (folder.work / "metrics.json").write_text('{"loss": 2.5}')
    assert value(metric(file="metrics.json"), folder) == (2.5, "")


def test_nothing_but_plain_files_inside_the_folder_is_read(folder: RunFolder, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text('{"loss": 1}')
    (folder.work / "link.json").symlink_to(outside)
    (folder.work / "out").symlink_to(tmp_path)
    (folder.work / "hard.json").hardlink_to(outside)
    os.mkfifo(folder.work / "pipe.json")
    (folder.work / "folder.json").mkdir()
    (folder.work / "loop.json").symlink_to("loop.json")
    (folder.work / "huge.json").write_bytes(b"")
    os.truncate(folder.work / "huge.json", 1 << 40)
    (folder.work / "large.json").write_bytes(b"")
    os.truncate(folder.work / "large.json", 100 << 20)
    for name, why in {
        "link.json": "leads out of the run's folder",
        "out/outside.json": "leads out of the run's folder",
        "hard.json": "is a hard link",
        "pipe.json": "is no plain file",
        "folder.json": "is no plain file",
        "loop.json": "leads to nothing",
        "huge.json": "and 256 MiB are the most",
        "large.json": "has more than 32 MiB",
        "none.json": "is missing",
    }.items():
        found, problem = value(metric(file=name), folder)
        assert found is None
        assert why in problem
    (folder.work / "real.json").write_text('{"loss": 0.5}')
    (folder.work / "inside.json").symlink_to("real.json")
    assert value(metric(file="inside.json"), folder) == (0.5, "")


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("m.json", "{", "m.json is no JSON"),
        ("m.json", "[" * 100_000, "m.json is no JSON"),
        ("m.json", '{"acc": 1}', "m.json has no value of loss"),
        ("m.json", '{"loss": "good"}', "its value is 'good'"),
        ("m.json", '{"loss": 1e999}', "its value is 'inf'"),
        ("m.jsonl", '{"loss": 1}\nloss: 2\n', "line 2 of m.jsonl is no JSON: loss: 2"),
        ("m.csv", "step,acc\n1,2\n", "m.csv has no column 'loss': step, acc"),
        ("m.csv", "", "m.csv has no column 'loss': it is empty"),
        ("m.csv", "loss\n" + "9" * 2_000_000, "m.csv has a line of more than 1 MiB"),
        ("m.wandb", "no", "m.wandb is no record file of W&B"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_wrong(folder: RunFolder, name: str, content: str, why: str) -> None:
    (folder.work / name).write_text(content)
    found, problem = value(metric(file=name), folder)
    assert found is None
    assert why in problem


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"file": "/etc/passwd", "format": "csv"}, "metrics.1.file (line 6): is '/etc/passwd' and has to be a path inside"),
        ({"file": "../m.json"}, "has to be a path inside"),
        ({"file": "m.dat"}, "add format, one of json, jsonl, csv, tensorboard, wandb, trackio"),
        ({"key": "loss"}, "name the file too"),
        ({"file": "m.json", "pattern": "(.)"}, "a metric comes from one place"),
        ({"at_least": 2, "at_most": 1}, "no value keeps both"),
        ({"last_k": 3}, 'add value = "mean"'),
        ({"value": "median"}, "has to be one of last, best, mean"),
        ({"source": "run", "name": "joy"}, "has to be one of peak_memory_bytes, steps"),
        ({"at_most": float("inf")}, "has to be a finite number"),
        ({"source": "run", "name": "steps"}, "runs are judged by another metric"),
    ],
)
def test_a_metric_that_cannot_be_meant_so_is_refused_with_its_line(keys: dict[str, object], message: str) -> None:
    with pytest.raises(Exception, match="can't be used") as refused:
        metric(**keys)
    assert message in str(refused.value)
