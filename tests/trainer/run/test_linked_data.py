"""Data that trainer.toml names is linked read-only where the code expects it; files that were left out are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from labhand.trainer.sandbox import landlock

from ..running import OUTPUT_TRAINER, RunFolder, lay_out

needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


def lay_out_beside(tmp_path: Path, train: str, toml: str = "", **spec: object) -> RunFolder:
    """A run of a trainer whose folder, `home/project/trainer`, holds data beside it and in it."""
    trainer = tmp_path / "home" / "project" / "trainer"
    for name in ("data/train.txt", ".root", "../data/train.txt", "../../corpora/train.txt"):
        (trainer / name).resolve().parent.mkdir(parents=True, exist_ok=True)
        (trainer / name).resolve().write_text("0.5")
    run = lay_out(tmp_path / "runs" / "e0001-1", OUTPUT_TRAINER + toml, train, trainer_folder=str(trainer), **spec)
    run.environment |= {"LABHAND_CACHE": str(tmp_path / "cache"), "HOME": str(tmp_path / "home")}
    return run


def read_and_print(*paths: str) -> str:
    return f"print('loss:', sum(float(open(path).read()) for path in {list(paths)!r}))"


@pytest.mark.parametrize(
    ("named", "paths"),
    [
        (["data"], ["data/train.txt"]),
        (["data/train.txt"], ["data/train.txt"]),
        (["./data/"], ["data/train.txt"]),
        (["../data"], ["../data/train.txt"]),
        (["data", "../data/train.txt", "../../corpora"], ["data/train.txt", "../data/train.txt", "../../corpora/train.txt"]),
    ],
)
def test_data_is_linked_at_the_same_relative_path(tmp_path: Path, named: list[str], paths: list[str]) -> None:
    run = lay_out_beside(tmp_path, read_and_print(*paths), f"[data]\npaths = {named}\n".replace("'", '"'))
    result = run.run()
    assert result["score"] == 0.5 * len(paths), result["failure"]
    assert result["sandbox"]["exceptions"] == named


def test_data_at_a_path_of_its_own_is_readable_there(tmp_path: Path) -> None:
    place = tmp_path / "home" / "corpora"
    run = lay_out_beside(
        tmp_path, read_and_print(f"{place}/train.txt"), f'[data]\npaths = ["~/corpora", "{tmp_path}/home/project/data"]\n'
    )
    assert run.run()["score"] == 0.5


def test_data_below_home_is_found_where_the_code_looks_for_its_home(tmp_path: Path) -> None:
    train = "from pathlib import Path; print('loss:', Path('~/corpora/train.txt').expanduser().read_text())"
    assert lay_out_beside(tmp_path, train, '[data]\npaths = ["~/corpora"]\n').run()["score"] == 0.5


@needs_landlock
@pytest.mark.parametrize("path", ["data/train.txt", "data/new.txt"])
def test_linked_data_cannot_be_changed(tmp_path: Path, path: str) -> None:
    run = lay_out_beside(tmp_path, f"open({path!r}, 'w').write('0')", '[data]\npaths = ["data"]\n')
    failure = run.run()["failure"]
    assert failure["kind"] == "sandbox_refused"
    assert f"the sandbox refused to change {tmp_path}/home/project/trainer/{path}" in failure["message"]
    assert (tmp_path / "home" / "project" / "trainer" / "data" / "train.txt").read_text() == "0.5"


@needs_landlock
def test_only_the_data_that_is_named_is_readable(tmp_path: Path) -> None:
    secret = tmp_path / "home" / "project" / "secret.txt"
    run = lay_out_beside(tmp_path, f"open({str(secret)!r})", '[data]\npaths = ["../data"]\n')
    secret.write_text("")
    assert "the sandbox refused" in run.run()["failure"]["message"]


def test_data_that_is_not_on_this_machine_is_named(tmp_path: Path) -> None:
    run = lay_out_beside(tmp_path, "print('loss: 1')", '[data]\npaths = ["absent"]\n')
    failure = run.run()["failure"]
    assert failure["kind"] == "contract_broken"
    assert f"'absent': there is no {tmp_path}/home/project/trainer/absent on this machine" in failure["message"]
    assert "Data isn't copied to clusters" in failure["next_step"]


def failure_of(run: RunFolder) -> dict[str, Any]:
    failure: dict[str, Any] = run.run()["failure"]
    return failure


@pytest.mark.parametrize(
    ("train", "path", "line"),
    [
        ("open('data/train.txt')", "data/train.txt", 'paths = ["data"] under [data]'),
        ("open('../data/train.txt')", "../data/train.txt", 'paths = ["../data"] under [data]'),
        ("import os; os.listdir('../../corpora')", "../../corpora", 'paths = ["../../corpora"] under [data]'),
        (
            "from pathlib import Path; (Path(__file__).resolve().parent.parent / 'data' / 'train.txt').read_text()",
            "../data/train.txt",
            'paths = ["../data"] under [data]',
        ),
        ("raise SystemExit('Project root not found. Indicators: [\".root\"]')", ".root", 'include = [".root"] at the top'),
        ("import subprocess; subprocess.run(['cat', '.root'], check=True)", ".root", 'include = [".root"] at the top'),
    ],
)
def test_a_failure_of_a_file_that_was_left_out_names_the_line_to_paste(
    tmp_path: Path, train: str, path: str, line: str
) -> None:
    listed = [
        {"path": "data/", "why": "git ignores it", "remedy": 'paths = ["data"] under [data] in trainer.toml'},
        {"path": ".root", "why": "hidden", "remedy": 'include = [".root"] at the top of trainer.toml'},
    ]
    failure = failure_of(lay_out_beside(tmp_path, train, left_out=listed))
    assert failure["kind"] == "sandbox_refused"
    assert f"{path} isn't in the experiment's copy of the trainer folder" in failure["message"]
    assert line in failure["next_step"]


def test_a_file_that_came_after_the_folder_was_read_is_found_where_the_trainer_lies(tmp_path: Path) -> None:
    failure = failure_of(lay_out_beside(tmp_path, "open('.root')"))
    assert 'include = [".root"] at the top of trainer.toml' in failure["next_step"]


def test_a_file_that_is_nowhere_is_the_sources_own_error(tmp_path: Path) -> None:
    failure = failure_of(lay_out_beside(tmp_path, "open('no_such_file.txt')"))
    assert failure["kind"] == "crashed"
