"""The command that trains is found where a person would look for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from labhand.server.onboarding.command_candidates import command_candidates, preparing_command
from labhand.server.onboarding.folder_survey import survey
from labhand.server.onboarding.proposal import propose

from . import foreign

README = """
Install with

```bash
pip install torch
python data/shakespeare/prepare.py
$ python train.py config/small.py  # on a GPU
CUDA_VISIBLE_DEVICES=0 python3 train.py config/small.py \\
  --device=cpu --compile=False
torchrun --standalone --nproc_per_node=4 train.py
python sample.py --out_dir=<path>
```

```python
train()
```
"""
NANO = {
    **{"README.md": README, "train.py": "X = 1", "sample.py": "", "config/small.py": ""},
    "data/shakespeare/prepare.py": "",
}


def first(tmp_path: Path, files: Mapping[str, str], *, has_gpu: bool = False) -> tuple[list[str], str]:
    candidate = command_candidates(survey(foreign.write(tmp_path / "code", files)), has_gpu=has_gpu)[0]
    return list(candidate.words), candidate.place


def test_a_readme_names_the_command_and_the_processor_decides_between_two(tmp_path: Path) -> None:
    words, place = first(tmp_path, NANO)
    assert words == ["python", "train.py", "config/small.py", "--device=cpu", "--compile=False"]
    assert place == "README.md"
    assert first(tmp_path, NANO, has_gpu=True)[0] == ["python", "train.py", "config/small.py"]
    preparing = preparing_command(survey(tmp_path / "code"))
    assert preparing is not None
    assert preparing.words == ("python", "data/shakespeare/prepare.py")


@pytest.mark.parametrize(
    ("files", "words", "place"),
    [
        ({"train.py": "", "main.py": ""}, ["python", "train.py"], "train.py"),
        (
            {"examples/README.md": "Run\n```\npython ode_demo.py --viz\n```\n", "examples/ode_demo.py": "loss.backward()"},
            ["python", "examples/ode_demo.py", "--viz"],
            "examples/README.md",
        ),
        ({"main.py": "", "evaluate.py": ""}, ["python", "main.py"], "main.py"),
        ({"experiment.py": "if __name__ == '__main__':\n    pass"}, ["python", "experiment.py"], "experiment.py"),
        (
            {"Makefile": "train:\n\t@python go.py --fast\n", "go.py": ""},
            ["python", "go.py", "--fast"],
            "target train of the Makefile",
        ),
        ({"fit/__init__.py": "", "fit/__main__.py": ""}, ["python", "-m", "fit"], "fit/__main__.py"),
        ({"fit/__init__.py": "", "fit/train.py": ""}, ["python", "-m", "fit.train"], "fit/train.py"),
        ({"train.py": "", "README.md": "```\nuv run train.py\n```"}, ["uv", "run", "train.py"], "README.md"),
        (
            {"run_classification.py": "", "README.md": "```\npython run_classification.py --do_train --do_eval\n```"},
            ["python", "run_classification.py", "--do_train", "--do_eval"],
            "README.md",
        ),
        ({"my train.py": "", "README.md": '```\npython "my train.py"\n```'}, ["python", "my train.py"], "README.md"),
        ({"train.py": "", "README.md": "```\npython absent_train.py\n```"}, ["python", "train.py"], "train.py"),
        ({"fit.py": "", "README.md": "# fit\n    python fit.py --fast\n"}, ["python", "fit.py", "--fast"], "README.md"),
        ({"fit.py": "", "README.md": "# fit\n\n\t$ python fit.py\n"}, ["python", "fit.py"], "README.md"),
        (
            {"fit.py": "", "README.md": "    python fit.py --slow\n\n```\npython fit.py --fast\n```\n"},
            ["python", "fit.py", "--fast"],
            "README.md",
        ),
        (
            {"train_ddp.py": "#!/usr/bin/env python\n\n# torchrun --standalone --nproc_per_node=2 train_ddp.py\nX = 1\n"},
            ["torchrun", "--standalone", "--nproc_per_node=2", "train_ddp.py"],
            "the comment at the top of train_ddp.py",
        ),
        ({"simple_example.py": "print('rmse: 1')\n"}, ["python", "simple_example.py"], "simple_example.py"),
        ({"train.py": "X = 1\n# python train.py --fast\n"}, ["python", "train.py"], "train.py"),
        ({"train.py": "# python other.py --fast\n", "other.py": ""}, ["python", "train.py"], "train.py"),
    ],
)
def test_a_command_is_found_by_its_place(tmp_path: Path, files: Mapping[str, str], words: list[str], place: str) -> None:
    assert first(tmp_path, files) == (words, place)


@pytest.mark.parametrize("files", [{}, {"library.py": "X = 1", "other.py": ""}, {"README.md": "```\npip install x\n```"}])
def test_where_nothing_trains_there_is_no_candidate(tmp_path: Path, files: Mapping[str, str]) -> None:
    assert command_candidates(survey(foreign.write(tmp_path, files)), has_gpu=False) == []


@pytest.mark.parametrize(("option", "count"), [("--nproc_per_node=2", 2), ("--nproc-per-node 4", 4), ("--nnodes=1", 1)])
def test_the_processes_that_a_command_starts_are_in_the_file(tmp_path: Path, option: str, count: int) -> None:
    found = survey(foreign.write(tmp_path, {"train.py": "", "README.md": f"    torchrun {option} train.py\n"}))
    command = next(item for item in command_candidates(found, has_gpu=False) if item.words[0] == "torchrun")
    proposal = propose(found, command)
    assert proposal.as_trainer().process_count == count
    assert ("[processes]" in proposal.as_toml()) is (count > 1)


def test_a_module_that_only_defines_is_no_command_and_a_script_in_a_deep_folder_is_one(tmp_path: Path) -> None:
    files = {
        "gpt/__init__.py": "",
        "gpt/trainer.py": '"""Trains."""\nimport time\nRATE = 1\nclass Trainer:\n    pass\n',
        "projects/adder/adder.py": "from gpt.trainer import Trainer\nif __name__ == '__main__':\n    Trainer().run()\n",
        "projects/adder/plot.py": "if __name__ == '__main__':\n    train()\n",
        "projects/adder/other.py": "if __name__ == '__main__':\n    print()\n",
    }
    found = survey(foreign.write(tmp_path, files))
    commands = [candidate.words for candidate in command_candidates(found, has_gpu=False)]
    assert commands == [("python", "projects/adder/adder.py")]


def test_a_demo_that_trains_nothing_is_no_command(tmp_path: Path) -> None:
    readme = "```\npython demo.py\npython main.py\n```\n"
    assert first(tmp_path, {"README.md": readme, "demo.py": "show()", "main.py": ""})[0] == ["python", "main.py"]


def test_of_many_files_a_folder_is_editable_as_a_whole_if_several_are_needed(tmp_path: Path) -> None:
    """Another script beside the one that trains isn't: its knobs would have the names of this one's."""
    imports = "\n".join(f"import solver.part_{number}" for number in range(12))
    parts = {f"solver/part_{number}.py": "" for number in range(12)}
    folder = foreign.write(
        tmp_path / "code", {"examples/train.py": imports, "examples/other.py": "", **parts, "solver/__init__.py": ""}
    )
    found = survey(folder)
    proposal = propose(found, command_candidates(found, has_gpu=False)[0])
    assert 'editable = ["examples/train.py", "solver/*"]' in proposal.as_toml()
