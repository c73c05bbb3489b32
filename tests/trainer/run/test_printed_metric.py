"""The metric of a trainer that prints it: which line gives it, which texts are numbers, and how long the search may take."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from types import FrameType

import pytest
from labhand.trainer.contract.trainer_toml.metric import Metric
from labhand.trainer.contract.trainer_toml.trainer_file import parse_trainer
from labhand.trainer.run.bounded_child import SEARCH_CPU_SECONDS
from labhand.trainer.run.child import CancelledError
from labhand.trainer.run.failures.classify import RunFailedError
from labhand.trainer.run.metrics.score import Left, read_score
from labhand.trainer.run.output.log import HEAD_BYTES, TAIL_BYTES, Log
from labhand.trainer.run.output.printed_lines import as_number
from labhand.trainer.run.output.printed_summary import read_summary

from ..running import OUTPUT_TRAINER


def metric(name: str = "val_bpb", pattern: str | None = None) -> Metric:
    """The metric of a trainer that prints it."""
    text = OUTPUT_TRAINER.replace('"loss"', f'"{name}"') + (f"pattern = '{pattern}'\n" if pattern else "")
    return parse_trainer(text.encode(), Path("trainer.toml")).metric


def score_of(output: str, pattern: str | None = None) -> float:
    return read_score(metric(pattern=pattern), Left.by(output, lambda: None))


def test_a_metric_is_one_lines_and_a_number_on_the_next_line_is_none_of_it() -> None:
    with pytest.raises(RunFailedError, match="val_bpb has no value on its line") as failed:
        score_of("val_bpb: 1.5\nval_bpb:\n3 files saved\n")
    assert failed.value.failure.lines == ("val_bpb:",)
    assert read_summary("num_steps:\n5\nnum_params_M: 1\n")[0] == {"parameters": 1_000_000}


def test_a_pattern_that_reaches_over_a_line_end_is_refused_in_the_trainer_file() -> None:
    with pytest.raises(Exception, match="has to match within one line"):
        metric(pattern=r"result:\nloss (\S+)")


@pytest.mark.parametrize(
    "output",
    [
        "\x1b[32mval_bpb:\x1b[0m \x1b[1m2.5\x1b[0m\n",
        "\x1b[2K\x1b[1Gval_bpb: 2.5\n",
        "\x1b]0;training\x07val_bpb: 2.5\n",
        " 50%|█████     | 5/10\r100%|██████████| 10/10 [00:01<00:00,  9.93it/s]val_bpb: 2.5\n",
        "epoch 3: 100%|##########| 10/10 [00:01<00:00, 9.93it/s, val_bpb=9]val_bpb: 2.5\nbye\n",
        "  [####################################]  100%val_bpb: 2.5",
        "\r 10/10 [==========]\rval_bpb: 2.5\r\n",
        "step 1\x08\x08\x08\x08\x08\x08val_bpb: 2.5\n",
    ],
)
def test_colours_and_progress_bars_before_a_metric_do_not_hide_it(output: str) -> None:
    assert score_of(output) == 2.5


@pytest.mark.parametrize("output", ["best val_bpb: 1\n", "[train] val_bpb: 1\n", "a 50% b] val_bpb: 1\n", "=== val_bpb: 1\n"])
def test_another_lines_number_is_not_taken_for_the_metric(output: str) -> None:
    assert score_of(f"val_bpb: 2.5\n{output}") == 2.5


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2), ("-2.5", -2.5), ("+.5", 0.5), ("3.", 3), ("1e-3", 0.001), ("2.5E+2", 250), ("1e999", float("inf"))],
)
def test_a_number_in_its_usual_form_is_one(text: str, value: float) -> None:
    assert as_number(text) == value


@pytest.mark.parametrize(
    "text",
    ["1_000", "\u0663.\u0665", "\uff13", "²", "2,5", "0x10", "1e", "", ".", "2.5,", "tensor(2.5)", "1" * 101, "\u0661e\u0662"],
)
def test_digits_that_are_not_a_numbers_usual_form_do_not_pass_as_numbers(text: str) -> None:
    assert as_number(text) is None
    if text:
        with pytest.raises(RunFailedError, match="no number in its usual form"):
            score_of(f"val_bpb: {text}\n")
    assert read_summary(f"num_steps: {text}\n") == ({}, {})


def test_a_measure_that_no_counter_can_hold_is_left_out() -> None:
    assert read_summary(f"num_steps: {'9' * 99}\ntotal_tokens_M: 9e15\ntraining_seconds: 1e999\n") == ({}, {})


def test_a_line_that_was_cut_off_in_a_long_log_gives_no_metric(tmp_path: Path) -> None:
    begin, end = b"\nval_bpb: 1", b"val_bpb: 70\n"
    with Log(tmp_path / "log.txt") as log:
        log.write(b"x" * (HEAD_BYTES - len(begin)) + begin)  # of 1.25
        log.write(b".25\n" + b"z" * 2 * TAIL_BYTES + b"best_" + end + b"y\n" * ((TAIL_BYTES - len(end)) // 2))
        with pytest.raises(RunFailedError, match="no line that matches"):
            score_of(log.text())
        log.write(b"val_bpb: 2.5\n")
        assert score_of(log.text()) == 2.5


def test_a_line_of_300000_digits_does_not_hold_the_runner() -> None:
    began = time.process_time()
    digits = "1" * 300_000
    assert read_summary(f"num_steps: {digits}x\n{digits}\nnum_steps: 7\n") == ({"steps": 7}, {})
    with pytest.raises(RunFailedError, match="no number in its usual form"):
        score_of(f"val_bpb: {digits}\n")
    assert score_of(f"val_bpb: 2\n{digits}: {digits}x\n") == 2
    assert time.process_time() - began < 20


SLOW_PATTERN = r"(a+)+: (\S+)"
"""Takes time that doubles with each letter of a line of `a`."""


@pytest.mark.slow
def test_a_metrics_pattern_that_takes_exponential_time_is_ended_and_named() -> None:
    began = time.monotonic()
    with pytest.raises(RunFailedError, match="took more than 5 s to search the output") as failed:
        score_of("a" * 60 + "\n", SLOW_PATTERN)
    assert time.monotonic() - began > SEARCH_CPU_SECONDS - 1
    assert failed.value.failure.kind == "contract_broken"
    assert "simplify pattern under [metric]" in failed.value.failure.next_step


def test_a_search_that_takes_long_is_left_when_the_runner_is_asked_to_end() -> None:
    is_asked = threading.Event()

    def check() -> None:
        if is_asked.is_set():
            raise CancelledError

    def note(_number: int, _frame: FrameType | None) -> None:
        is_asked.set()

    previous = signal.signal(signal.SIGUSR1, note)
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        with pytest.raises(CancelledError):
            read_score(metric(pattern=SLOW_PATTERN), Left.by("a" * 60 + "\n", check))
    finally:
        signal.signal(signal.SIGUSR1, previous)


def test_a_group_that_took_no_part_in_the_match_is_no_value() -> None:
    with pytest.raises(RunFailedError, match="has no value on its line"):
        score_of("val_bpb\n", r"val_bpb(: \S+)?")
