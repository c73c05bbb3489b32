"""What a run says about integrity: flags, exceptions, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..running import OUTPUT_TRAINER, MakeRun, RunFolder, lay_out


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Lays out a run of a script that prints its metric, with more in its trainer.toml."""

    def make(train: str, more: str = "", **spec: object) -> RunFolder:
        run = lay_out(tmp_path / "runs" / "e0001-1", OUTPUT_TRAINER + more, train, **spec)
        run.environment["LABHAND_CACHE"] = str(tmp_path / "cache")
        return run

    return make


def test_what_a_trainer_may_read_besides_stands_in_its_result(make_run: MakeRun, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "text").write_text("here")
    run = make_run(f"print(open('{tmp_path}/data/text').read()); print('loss: 1')", f"[sandbox]\nread = ['{tmp_path}/data']\n")
    result = run.run()
    assert result["status"] == "succeeded"
    assert result["sandbox"]["exceptions"] == [f"{tmp_path}/data"]
    assert "here" in run.log()


@pytest.mark.parametrize("opened", ["/", "{tmp_path}", "{tmp_path}/cache", "{tmp_path}/runs"])
def test_an_exception_that_opens_what_has_to_stay_closed_is_refused(make_run: MakeRun, tmp_path: Path, opened: str) -> None:
    run = make_run("print('loss: 1')", f"[sandbox]\nread = ['{opened.format(tmp_path=tmp_path)}']\n")
    failure = run.run()["failure"]
    assert failure["kind"] == "contract_broken"
    assert "can't be read by experiments" in failure["message"]
    assert run.log() == ""


def test_a_claim_that_the_clock_does_not_bear_out_is_flagged(make_run: MakeRun) -> None:
    result = make_run("print('training_seconds: 300.0'); print('loss: 1')").run()
    assert result["flags"] == ["clock_mismatch"]
    assert result["claimed"] == {"training_seconds": 300.0}


def test_a_preparation_meets_no_file_that_experiments_change(make_run: MakeRun) -> None:
    run = make_run("print('loss: 1')", "[prepare]\ncommand = ['python', 'prepare.py']\n")
    (run.source / "prepare.py").write_text("import os; assert not os.path.exists('train.py'); print('prepared')")
    assert run.run()["status"] == "succeeded"
    assert run.log().startswith("prepared\n")


def test_what_was_written_in_all_is_bounded(make_run: MakeRun) -> None:
    write = """
import os, time
for number in range(5):
    with open(str(number), 'wb') as file:
        os.posix_fallocate(file.fileno(), 0, 2**30 - 1)  # takes the space, without the seconds that writing it takes
time.sleep(60)
"""
    failure = make_run(write).run()["failure"]
    assert failure["kind"] == "sandbox_refused"
    assert "GiB are allowed" in failure["message"]


@pytest.mark.parametrize(
    "harm",
    [
        "os.mkdir('../result.json'); os.mkdir('../result.json.new')",
        "os.mkfifo('../result.json'); os.symlink('/dev/zero', '../result.json.new')",
        "os.remove('../log.txt'); os.mkfifo('../log.txt')",
        "os.remove('../phase'); os.mkdir('../phase')",
    ],
)
def test_nothing_that_an_experiment_without_a_sandbox_puts_into_its_run_folder_keeps_the_runner_from_its_result(
    make_run: MakeRun, harm: str
) -> None:
    run = make_run(f"import os; {harm}; print('loss: 2.5')")
    run.environment["LABHAND_NO_LANDLOCK"] = "1"
    assert run.run()["score"] == 2.5
