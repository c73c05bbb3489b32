"""A metric is recognised among what training scripts print, and its pattern finds it again as the runner reads it."""

from __future__ import annotations

import re

import pytest
from labhand.server.onboarding.metric_candidates import CLOSE, metrics_in_code, printed_metrics, steps_after_last, steps_reached


@pytest.mark.parametrize(
    ("output", "name", "value", "direction"),
    [
        ("val_bpb:          0.997900\ntraining_seconds: 300.1\nmfu_percent: 39.80\n", "val_bpb", "0.997900", "minimize"),
        (
            "step 2: train loss 1.9, val loss 2.05\nstep 5: train loss 1.2, val loss 1.4697\n",
            "val_loss",
            "1.4697",
            "minimize",
        ),
        ("Epoch 3/3 - loss: 0.31 - val_accuracy: 0.9123", "val_accuracy", "0.9123", "maximize"),
        ("\x1b[32mepisode 10\x1b[0m mean reward = 12.5", "reward", "12.5", "maximize"),
        ("[100]\tvalid_0's rmse: 0.4321", "rmse", "0.4321", "minimize"),
        ("loss: nan", "loss", "nan", "minimize"),
        ("The RMSE of prediction is: 0.445", "rmse_of_prediction", "0.445", "minimize"),
        ("Accuracy on the test set = 0.91", "accuracy_on_the_test_set", "0.91", "maximize"),
        ("accuracy is 0.91", "accuracy", "0.91", "maximize"),
        ("nmse: 1e-3\nl0: 32", "nmse", "1e-3", "minimize"),
    ],
)
def test_what_a_person_would_call_the_metric_comes_first(output: str, name: str, value: str, direction: str) -> None:
    found = printed_metrics(output)[0]
    assert found.name == name
    assert (found.value, found.direction) == (value, direction)
    pattern = found.pattern or rf"^{re.escape(found.name)}:[ \t]*(\S*)"
    plain = re.sub(r"\x1b\[\d+m", "", output)
    assert re.findall(pattern, plain, re.MULTILINE)[-1] == value


@pytest.mark.parametrize(
    ("output", "names"),
    [
        ("{'eval_loss': 0.52, 'eval_accuracy': 0.81, 'epoch': 3.0}", ["eval_loss", "eval_accuracy"]),
        ("Test set: Average loss: 0.0312, Accuracy: 9901/10000 (99%)", ["loss", "accuracy"]),
    ],
)
def test_metrics_that_are_as_likely_are_both_offered(output: str, names: list[str]) -> None:
    candidates = printed_metrics(output)
    assert sorted(candidate.name.lower() for candidate in candidates) == sorted(names)
    assert abs(candidates[0].weight - candidates[1].weight) < CLOSE


@pytest.mark.parametrize(
    "output", ["", "done", "step 1/5 lr: 0.1 time: 3.2", "saved 3 files", "seconds: 12\nparams: 1e6", "accumulation steps: 8"]
)
def test_other_numbers_are_no_metric(output: str) -> None:
    assert printed_metrics(output) == []


def test_a_long_output_is_searched_in_bounded_time() -> None:
    assert printed_metrics("a " * 500_000 + "\n" + "loss " * 100_000 + "\nval_loss: 0.5\n")[0].value == "0.5"


def test_metrics_are_found_in_code_that_cannot_run() -> None:
    code = 'print(f"val_bpb:          {val_bpb:.6f}")\nprint(f"num_steps: {step}")\nlogger.info("train loss: {}", loss)\n'
    assert [candidate.name for candidate in metrics_in_code([code])] == ["val_bpb", "train_loss"]
    nano = "print(f\"step {it}: train loss {losses['train']:.4f}, val loss {losses['val']:.4f}\")"
    assert [candidate.name for candidate in metrics_in_code([nano])] == ["val_loss", "train_loss"]


def test_the_steps_that_were_reached_are_read() -> None:
    assert steps_reached("step 10/500\niter 20: loss 3\nepoch 7\nsteps: 473\n") == 473
    assert steps_reached("global_step=1234, episodic_return=12.0") == 1234
    assert steps_reached("{'max_steps': 1001, 'lr': 0.1}\nwarmup_iters=2000, total steps: 5000\nstep 480 | loss 2.3") == 480
    assert steps_reached("nothing") == 0


@pytest.mark.parametrize(
    ("output", "reached"),
    [
        ("iter 0: train loss 4.1\ntest score: 0.5\niter 10: train loss 3\niter 20: train loss 3\niter 190: loss 2\n", 190),
        ("iter 0: train loss 4.1\ntest score: 0.5\niter 10: train loss 3\niter 20: train loss 3\ntest score: 0.75\n", 0),
        ("test score: 0.5\nbest iteration: 57\n", 0),
        ("test score: 0.5\n", 0),
    ],
)
def test_a_metric_that_was_printed_before_training_alone_is_told_from_one_that_measures_it(output: str, reached: int) -> None:
    [metric] = [found for found in printed_metrics(output) if found.label == "test score"]
    assert steps_after_last(output, metric) == reached


def test_a_number_in_brackets_is_found_and_its_pattern_finds_it_again() -> None:
    output = "global_step=7963, episodic_return=[25.]\nglobal_step=7987, episodic_return=[27.]\n"
    [metric] = [found for found in printed_metrics(output) if found.label == "episodic_return"]
    assert (metric.value, metric.direction) == ("27.", "maximize")
    assert re.findall(metric.pattern, output) == ["25.", "27."]


def test_a_metric_whose_name_ends_another_is_not_taken_for_it() -> None:
    output = "step 10 | loss 2.5 | step time 5\nstep 20 train loss: 2.25 test loss: 2.75\nstep 30 | loss 2.125\ntest loss: 3\n"
    patterns = {metric.label: metric.pattern for metric in printed_metrics(output)}
    assert re.findall(patterns["loss"], output) == ["2.5", "2.125"]
    assert re.findall(patterns["test loss"], output) == ["2.75", "3"]
