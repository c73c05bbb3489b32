"""A whole run of a trainer that knows nothing of labhand, and all that can become of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from labhand.trainer.run.output.log import HEAD_BYTES, TAIL_BYTES

from ..running import OUTPUT_TRAINER, PATIENCE, MakeRun, RunFolder, eventually, is_alive, lay_out

TRACEBACK = "Traceback (most recent call last):"


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Lays out a run of a script that prints its metric."""

    def make(train: str, trainer: str = OUTPUT_TRAINER, **spec: object) -> RunFolder:
        run = lay_out(tmp_path / "e0001-1", trainer, train, **spec)
        run.environment["LABHAND_CACHE"] = str(tmp_path / "cache")
        return run

    return make


def pid_in(path: Path) -> int:
    """The number that an experiment writes there sooner or later."""
    eventually(lambda: path.exists() and path.read_text(encoding="utf-8").endswith("\n"))
    return int(path.read_text(encoding="utf-8"))


def test_the_last_line_that_gives_the_metric_is_the_score(make_run: MakeRun) -> None:
    run = make_run("print('loss: 3.5'); print('training_seconds: 0.3'); print('num_params_M: 1.5'); print('loss: 2.5')")
    result = run.run()
    assert (result["status"], result["score"], result["self_reported"]) == ("succeeded", 2.5, True)
    assert result["measures"].pop("peak_memory_bytes") > 1_000_000
    assert result["measures"] == {"parameters": 1_500_000}
    assert result["claimed"] == {"training_seconds": 0.3}
    assert result["device"]["kind"] == "cpu"
    assert result["seconds"]["held"] >= result["seconds"]["training_wall"] > 0


def test_the_runner_prints_its_result_as_one_line(make_run: MakeRun) -> None:
    run = make_run("print('LABHAND_RESULT {}'); print('loss: 1')")
    with run.start() as runner:
        printed, _ = runner.communicate(timeout=PATIENCE)
    (line,) = printed.splitlines()
    mark, _, result = line.partition(" ")
    assert mark == "LABHAND_RESULT"
    assert json.loads(result) == run.result()


def test_a_pattern_finds_the_metric_where_the_line_looks_otherwise(make_run: MakeRun) -> None:
    trainer = OUTPUT_TRAINER + "pattern = 'final \\w+ = (\\S+)'\n"
    assert make_run("print('\\rfinal loss = 0.25 after 3 steps')", trainer).run()["score"] == 0.25


def test_an_experiment_finds_its_seed_and_budget_and_little_else(make_run: MakeRun) -> None:
    run = make_run("import json, os; print(json.dumps(dict(os.environ))); print('loss: 1')", seed=11, budget_seconds=0.75)
    run.environment |= {"AWS_SECRET_ACCESS_KEY": "s3cret", "PYTHONPATH": "/nowhere", "LABHAND_TOKEN": "t0ken"}
    run.run()
    seen = json.loads(run.log().splitlines()[0])
    assert seen["LABHAND_SEED"] == "11"
    assert seen["LABHAND_BUDGET_SECONDS"] == "0.75"
    assert not {"AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "LABHAND_TOKEN", "LABHAND_CACHE"} & set(seen)


def test_an_experiment_is_pinned_to_its_cores_with_a_thread_each(make_run: MakeRun) -> None:
    core = min(os.sched_getaffinity(0))
    run = make_run("import os; print(os.sched_getaffinity(0), os.environ['OMP_NUM_THREADS']); print('loss: 1')", cores=[core])
    run.run()
    assert run.log().splitlines()[0] == f"{{{core}}} 1"


@pytest.mark.parametrize(
    ("train", "kind", "message", "line"),
    [
        ("def f():\n    raise ValueError('no good')\nf()", "crashed", "ValueError: no good", TRACEBACK),
        ("import torchvision_of_tomorrow", "import_error", "torchvision_of_tomorrow", TRACEBACK),
        ("raise MemoryError", "out_of_memory", "MemoryError", TRACEBACK),
        ("import sys; print('CUDA error: out of memory'); sys.exit(1)", "out_of_memory", "out of memory", "CUDA error"),
        ("print('FAIL'); exit(1)", "diverged", "FAIL", "FAIL"),
        ("print('loss: nan')", "diverged", "nan", "loss: nan"),
        ("print('loss: lots')", "contract_broken", "'lots'", "loss: lots"),
        ("print('Loss 2.5'); print('bye')", "contract_broken", "no line", "Loss 2.5"),
        ("import os; os.kill(os.getpid(), 11)", "crashed", "signal 11", ""),
        ("import os; os.kill(os.getpid(), 9)", "out_of_memory", "killed from outside", ""),
    ],
)
def test_a_failure_is_classified_with_the_lines_that_matter(
    make_run: MakeRun, train: str, kind: str, message: str, line: str
) -> None:
    result = make_run(train).run()
    assert (result["status"], result["score"]) == ("failed", None)
    failure = result["failure"]
    assert failure["kind"] == kind
    assert message in failure["message"]
    assert line in "\n".join(failure["lines"])
    assert failure["next_step"]


def test_a_command_that_is_not_there_is_said_to_be(make_run: MakeRun) -> None:
    failure = make_run("", OUTPUT_TRAINER.replace('"python", "train.py"', '"no-such-program"')).run()["failure"]
    assert failure["kind"] == "crashed"
    assert "no-such-program" in "\n".join(failure["lines"])


def test_a_trainer_file_that_cannot_be_used_is_named_with_its_key(make_run: MakeRun) -> None:
    failure = make_run("", OUTPUT_TRAINER.replace('"output"', '"oracle"')).run()["failure"]
    assert failure["kind"] == "contract_broken"
    assert "metric.source (line 7): is 'oracle'" in failure["message"]


def test_a_missing_spec_still_leaves_a_result(tmp_path: Path) -> None:
    result = RunFolder(tmp_path).run()
    assert result["failure"]["kind"] == "contract_broken"
    assert "spec.json" in result["failure"]["message"]


def test_an_endless_command_is_ended_when_its_time_is_over(make_run: MakeRun) -> None:
    trainer = OUTPUT_TRAINER + "[budget]\nstartup_seconds = 0.2\nevaluation_seconds = 0.2\n"
    result = make_run("while True: pass", trainer).run()
    assert result["failure"]["kind"] == "timeout"
    assert 0.8 <= result["seconds"]["training"] < 3


def test_a_second_runner_leaves_the_first_one_alone(make_run: MakeRun) -> None:
    run = make_run("import os; os.mkfifo('go'); open('go'); print('loss: 1')")
    with run.start() as first:
        eventually((run.path / "claim").exists)
        with run.start() as second:
            printed, errors = second.communicate(timeout=PATIENCE)
        assert (second.returncode, printed, errors) == (0, "", "")
        eventually((run.work / "go").exists)
        with (run.work / "go").open("w"):
            first.communicate(timeout=PATIENCE)
    assert run.result()["status"] == "succeeded"
    before = run.result()
    with run.start() as third:
        assert third.communicate(timeout=PATIENCE) == ("", "")
    assert run.result() == before


WITH_DAEMON = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open('daemon.new', 'w') as file:
            print(os.getpid(), file=file)
        os.rename('daemon.new', 'daemon')
        time.sleep(600)
    os._exit(0)
"""


def test_sigterm_cancels_and_ends_the_whole_tree(make_run: MakeRun) -> None:
    run = make_run(WITH_DAEMON + "time.sleep(600)")
    with run.start() as runner:
        daemon = pid_in(run.work / "daemon")
        runner.send_signal(signal.SIGTERM)
        runner.communicate(timeout=PATIENCE)
    assert run.result()["status"] == "cancelled"
    assert run.result()["failure"] is None
    assert not is_alive(daemon)


def test_the_tree_dies_with_a_runner_that_is_killed(make_run: MakeRun) -> None:
    run = make_run(WITH_DAEMON + "open('main', 'w').write(f'{os.getpid()}\\n'); time.sleep(600)")
    with run.start() as runner:
        daemon, main = pid_in(run.work / "daemon"), pid_in(run.work / "main")
        runner.kill()
        runner.communicate(timeout=PATIENCE)
    eventually(lambda: not is_alive(daemon) and not is_alive(main))
    assert not (run.path / "result.json").exists()


def test_the_tree_dies_with_a_guard_that_is_killed(make_run: MakeRun) -> None:
    run = make_run(WITH_DAEMON + "os.mkfifo('go'); open('go').read(); os.kill(os.getppid(), 9); time.sleep(600)")
    with run.start() as runner:
        daemon = pid_in(run.work / "daemon")
        eventually((run.work / "go").exists)
        (run.work / "go").write_text("now")
        runner.communicate(timeout=PATIENCE)
    assert run.result()["status"] == "failed"
    assert not is_alive(daemon)


def test_nothing_is_left_running_after_a_success(make_run: MakeRun) -> None:
    run = make_run(WITH_DAEMON + "\nwhile not os.path.exists('daemon'): time.sleep(0.01)\nprint('loss: 1')")
    assert run.run()["status"] == "succeeded"
    assert not is_alive(pid_in(run.work / "daemon"))


def test_a_flood_of_output_keeps_its_beginning_and_its_end(make_run: MakeRun) -> None:
    run = make_run("print('first')\nfor _ in range(100_000): print('y' * 99)\nprint('loss: 4')")
    assert run.run()["score"] == 4
    log = run.log()
    assert len(log) < HEAD_BYTES + TAIL_BYTES + 100
    assert log.startswith("first\n")
    assert "bytes left out" in log
    assert log.endswith("loss: 4\n")


def test_a_machine_is_prepared_once_for_all_ideas(tmp_path: Path) -> None:
    trainer = OUTPUT_TRAINER + "[prepare]\ncommand = ['python', 'prepare.py']\n"
    prepare = f"open({str(tmp_path / 'prepared')!r}, 'a').write('once\\n')"
    for number in (1, 2):
        run = lay_out(tmp_path / f"e000{number}-1", trainer, f"print('loss: {number}')")
        (run.source / "prepare.py").write_text(prepare)
        run.environment["LABHAND_CACHE"] = str(tmp_path / "cache")
        assert run.run()["score"] == number
    assert (tmp_path / "prepared").read_text() == "once\n"


def test_a_preparation_that_fails_is_tried_again(tmp_path: Path) -> None:
    trainer = OUTPUT_TRAINER + "[prepare]\ncommand = ['python', 'prepare.py']\n"
    for number in (1, 2):
        run = lay_out(tmp_path / f"e000{number}-1", trainer, "print('loss: 1')")
        (run.source / "prepare.py").write_text("raise OSError('no data here')")
        run.environment["LABHAND_CACHE"] = str(tmp_path / "cache")
        assert "no data here" in run.run()["failure"]["message"]


def test_the_runner_starts_without_numpy_and_torch() -> None:
    check = "import sys, labhand.trainer.runner; print(*({'numpy', 'torch', 'pydantic'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], check=True, capture_output=True, text=True).stdout.split() == []
