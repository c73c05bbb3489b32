"""The JSON file and the table: what stands where, and which exit status follows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.gpu_check.peaks import peak_flops
from benchmarks.gpu_check.report import FORMAT, Figure, PartResult, Place, Report, at_least, at_most

PLACE = Place("H100-SXM", 1, "580.1", "2.13.0", "13.0", "3.11.7", "Linux 6.18 x86_64", "b557afd", on_cpu=False)


def report(*parts: PartResult) -> Report:
    return Report("2026-11-29T10:31:00+00:00", PLACE, parts, 61.26)


def test_the_file_says_where_when_and_what_each_part_found(tmp_path: Path) -> None:
    figures = {"tokens_per_second": 1_750_000, "mfu": 0.31}
    part = PartResult("training", "tokens a second and MFU", "passed", "", 12.5, figures, [at_least(figures, "mfu", 0.45)])
    report(part, PartResult("two", "two experiments", "failed", "both have the GPU")).write(tmp_path / "check.json")
    written = json.loads((tmp_path / "check.json").read_text("utf-8"))
    assert {"format": FORMAT, "passed": False, "seconds": 61.3, "date": "2026-11-29T10:31:00+00:00"}.items() <= written.items()
    expected = {"device": "H100-SXM", "driver": "580.1", "torch": "2.13.0", "cuda": "13.0", "on_cpu": False}
    assert expected.items() <= written.items()
    training, two = written["parts"]
    assert (training["name"], training["status"], training["figures"]) == ("training", "passed", figures)
    assert training["targets"] == [{"figure": "mfu", "bound": "at least", "limit": 0.45, "is_met": False}]
    assert (two["status"], two["why"], two["figures"]) == ("failed", "both have the GPU", {})


def test_a_part_that_was_not_run_or_misses_a_target_is_no_failure() -> None:
    figures = {"warm_seconds": 27.6}
    missed = PartResult("startup", "start-up", "passed", "", 1, figures, [at_most(figures, "warm_seconds", 10)])
    assert report(missed, PartResult("overlap", "overlap", "not run", "no time")).failed == []


def test_the_table_names_the_machine_and_has_a_row_a_part() -> None:
    figures: dict[str, Figure] = {"warm_seconds": 27.6, "flags": ["shared_gpu"]}
    part = PartResult("startup", "start-up", "passed", "a | b", 1, figures, [at_most(figures, "warm_seconds", 10)])
    first, *_, row = report(part).as_table().splitlines()
    assert first.startswith("1 × H100-SXM, driver 580.1. torch 2.13.0,")
    assert row.count("|") - row.count("\\|") == 4
    assert "warm seconds: 27.6; flags: shared_gpu; target: warm seconds at most 10, missed" in row


@pytest.mark.parametrize(
    ("kind", "peak"),
    [
        ("H100-SXM", 989.4e12),
        ("A100-SXM-80GB", 312e12),
        ("H100-MIG-1g.10gb", None),
        ("RTX4090-Laptop", None),
        ("unknown", None),
    ],
)
def test_a_peak_is_that_of_a_model_whatever_its_memory(kind: str, peak: float | None) -> None:
    assert peak_flops(kind) == peak
