"""A metric is recognised in the files that a run has written."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.onboarding.written_metrics import written_metrics

from tests.trackio_project import write_project


@pytest.mark.parametrize(
    ("file", "content", "found"),
    [
        (
            "results/metrics.json",
            '{"test": {"accuracy": 0.91, "n": 500}}',
            ("test_accuracy", "results/metrics.json", "test.accuracy"),
        ),
        ("log.jsonl", '{"step": 1, "val_loss": 2}\n{"step": 2, "val_loss": 1.5}\n', ("val_loss", "log.jsonl", "val_loss")),
        (
            "lightning_logs/version_0/metrics.csv",
            "epoch,train_loss,val_loss\n0,0.9,\n0,,0.8\n1,0.5,\n1,,0.7\n",
            ("val_loss", "lightning_logs/version_0/metrics.csv", "val_loss"),
        ),
        ("runs/2026-11-28_17-20/m.csv", "rmse\n3\n", ("rmse", "runs/*/m.csv", "rmse")),
    ],
    ids=["json", "jsonl", "csv", "stamp"],
)
def test_a_file_that_a_run_wrote_names_the_metric(tmp_path: Path, file: str, content: str, found: tuple[str, str, str]) -> None:
    path = tmp_path / "work" / file
    path.parent.mkdir(parents=True)
    path.write_text(content, "utf-8")
    best = written_metrics(tmp_path / "work", tmp_path / "source")[0]
    assert (best.name, best.file, best.key) == found
    assert best.pattern == ""


def test_a_project_of_trackio_names_the_metric_and_its_format(tmp_path: Path) -> None:
    write_project(tmp_path / "work" / "trackio" / "demo.db", [("a", {"val/loss": 2, "lr": 0.1}), ("a", {"val/loss": 1.5})])
    (tmp_path / "work" / "trackio" / "other.db").write_bytes(b"no database")
    (best,) = written_metrics(tmp_path / "work", tmp_path / "source")
    assert (best.name, best.file, best.key, best.format) == ("val_loss", "trackio/demo.db", "val/loss", "trackio")
    assert best.line == "trackio/demo.db: val/loss = 1.5"


def test_what_came_with_the_source_or_is_no_number_is_no_metric(tmp_path: Path) -> None:
    for folder in ("work", "source"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "old.json").write_text('{"loss": 1}', "utf-8")
    (tmp_path / "work" / "broken.json").write_text('{"loss": ', "utf-8")
    (tmp_path / "work" / "words.json").write_text('{"loss": "low", "accuracy": true}', "utf-8")
    (tmp_path / "work" / "link.json").symlink_to("old.json")
    assert written_metrics(tmp_path / "work", tmp_path / "source") == []
