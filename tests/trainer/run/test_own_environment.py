"""A trainer's commands run in an environment of their own, and the runner in labhand's."""

from __future__ import annotations

import json
import sysconfig
from pathlib import Path

import pytest

from ..running import BIGRAM, EVALUATED_TRAINER, OUTPUT_TRAINER, RunFolder, lay_out
from ..wheels import make_venv, write_wheel

SHOW = "import json, os, sys\nprint(json.dumps(dict(os.environ, executable=sys.executable)))\nprint('loss: 1')\n"


def variables(run: RunFolder) -> dict[str, str]:
    """What `SHOW` printed."""
    shown: dict[str, str] = json.loads(next(line for line in run.log().splitlines() if line.startswith("{")))
    return shown


def lay_out_here(tmp_path: Path, toml: str, train: str, name: str = "e0001-1", **spec: object) -> RunFolder:
    run = lay_out(tmp_path / "runs" / name, toml, train, **spec)
    run.environment["LABHAND_CACHE"] = str(tmp_path / "cache")
    return run


def test_the_interpreter_of_the_pool_runs_the_command_and_is_fingerprinted(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "venv", torch="", tinylab="VALUE = 1\n")
    run = lay_out_here(tmp_path, OUTPUT_TRAINER, "import tinylab\n" + SHOW, python=str(python))
    result = run.run()
    assert result["score"] == 1, result
    assert variables(run)["executable"] == str(python)
    assert variables(run)["VIRTUAL_ENV"] == str(tmp_path / "venv")
    assert variables(run)["PATH"].startswith(f"{tmp_path / 'venv' / 'bin'}:")
    assert result["device"]["torch"] == "1.0"
    assert result["device"]["environment"].startswith("python-3.")
    assert result["sandbox"]["files"].startswith("landlock-")


def test_trainer_toml_goes_before_the_pool(tmp_path: Path) -> None:
    python = make_venv(tmp_path / "folder" / ".venv")
    toml = OUTPUT_TRAINER + '[environment]\npython = ".venv/bin/python"\n'
    run = lay_out_here(tmp_path, toml, SHOW, python="/no/such/python", trainer_folder=str(tmp_path / "folder"))
    assert run.run()["score"] == 1
    assert variables(run)["executable"] == str(python)


def test_an_environment_is_made_before_the_run_and_only_read_by_it(tmp_path: Path) -> None:
    toml = OUTPUT_TRAINER.replace('"python", "train.py"', '"show"') + '[environment]\nrequirements = "requirements.txt"\n'
    run = lay_out_here(tmp_path, toml, "")
    code = "def main():\n    try:\n        open(__file__, 'a')\n    except PermissionError:\n        print('loss: 1')\n"
    write_wheel(run.source / "wheels", "tinylab", "1.0", code, script="show")
    (run.source / "requirements.txt").write_text("--no-index\n--find-links wheels\ntinylab\n")
    result = run.run()
    assert result["score"] == 1, result
    [made] = (tmp_path / "cache" / "environments").glob("requirements-*[0-9a-f]")
    assert (made / "bin" / "show").exists()
    assert result["device"]["environment"].startswith("python-3.")


def test_an_environment_that_cannot_be_made_is_the_failure_of_the_run(tmp_path: Path) -> None:
    run = lay_out_here(tmp_path, OUTPUT_TRAINER + '[environment]\nrequirements = "requirements.txt"\n', SHOW)
    (run.source / "requirements.txt").write_text("--no-index\nno-such-package-anywhere\n")
    failure = run.run()["failure"]
    assert failure["kind"] == "contract_broken"
    assert "no-such-package-anywhere" in failure["message"]
    assert "labhand prepare" in failure["next_step"]


@pytest.mark.parametrize("layout", ["", "src/"])
def test_a_package_in_development_mode_is_the_experiments_copy(tmp_path: Path, layout: str) -> None:
    home = tmp_path / "folder"
    python = make_venv(home / ".venv")
    [packages] = (home / ".venv").glob("lib/*/site-packages")
    (packages / "__editable__.mine.pth").write_text(f"{home / layout}\n")
    run = lay_out_here(
        tmp_path,
        OUTPUT_TRAINER,
        "import mine\nprint(mine.__file__)\nprint('loss: 1')\n",
        python=str(python),
        trainer_folder=str(home),
    )
    for folder in (home, run.source):
        (folder / layout).mkdir(exist_ok=True)
        (folder / layout / "mine.py").write_text("")
    assert run.run()["score"] == 1
    assert run.log().splitlines()[0] == str(run.work / layout / "mine.py")


def test_declared_and_passed_variables_reach_the_command_and_not_the_guard(tmp_path: Path) -> None:
    toml = OUTPUT_TRAINER + '[environment]\nenv = { PYTHONPATH = "lib", LEVEL = 3 }\npass = ["MY_DATA", "UNSET"]\n'
    run = lay_out_here(tmp_path, toml, "import helper\n" + SHOW)
    run.environment["MY_DATA"] = "/my/data"
    (run.source / "lib").mkdir()
    (run.source / "lib" / "helper.py").write_text("")
    for module in ("json.py", "sitecustomize.py"):  # the guard would import them outside of the sandbox
        (run.source / "lib" / module).write_text(f"open({str(tmp_path / 'escaped')!r}, 'w')\n")
    result = run.run()
    assert not (tmp_path / "escaped").exists()
    assert result["failure"]["kind"] in {"sandbox_refused", "crashed"}, "the command itself got PYTHONPATH"
    for module in ("json.py", "sitecustomize.py"):
        (run.source / "lib" / module).unlink()
    again = lay_out_here(tmp_path, toml, "import helper\n" + SHOW, name="e0002-1")
    again.environment["MY_DATA"] = "/my/data"
    (again.source / "lib").mkdir()
    (again.source / "lib" / "helper.py").write_text("")
    assert again.run()["score"] == 1
    shown = variables(again)
    assert (shown["LEVEL"], shown["MY_DATA"], shown["PYTHONPATH"]) == ("3", "/my/data", str(again.work / "lib"))
    assert "UNSET" not in shown


def test_the_home_of_a_run_can_be_written_and_holds_links_to_what_it_may_read(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".cache" / "models").mkdir(parents=True)
    (home / ".cache" / "models" / "a").write_text("weights")
    (home / ".cache" / "secret").write_text("key")
    train = (
        "import pathlib\nhome = pathlib.Path.home()\n(home / '.config').mkdir()\n(home / '.config' / 'x').write_text('1')\n"
        "assert (home / '.cache' / 'models' / 'a').read_text() == 'weights'\nassert not (home / '.cache' / 'secret').exists()\n"
        "print('loss: 1')\n"
    )
    run = lay_out_here(tmp_path, OUTPUT_TRAINER + '[sandbox]\nread = ["~/.cache/models"]\n', train)
    run.environment["HOME"] = str(home)
    assert run.run()["score"] == 1, run.log()
    assert not (home / ".config").exists()


PREPARING = OUTPUT_TRAINER + "[prepare]\ncommand = ['python', 'prepare.py']\n"
PREPARE = """
import pathlib
for folder in (pathlib.Path('data'), pathlib.Path.home() / '.cache' / 'mine', pathlib.Path('kept')):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'a.txt').write_text(str(folder.absolute()))
pathlib.Path('train.py').write_text('print("loss: 2")')
pathlib.Path('list.txt').write_text('changed')
"""
USE = """
import pathlib
for folder in (pathlib.Path('data'), pathlib.Path.home() / '.cache' / 'mine', pathlib.Path('kept')):
    assert (folder / 'a.txt').exists()
    pathlib.Path((folder / 'a.txt').read_text(), 'a.txt').read_text()
    try:
        (folder / 'a.txt').write_text('poison')
    except PermissionError:
        continue
    raise AssertionError(folder)
assert pathlib.Path('kept', 'own.txt').read_text() == 'own'
assert pathlib.Path('list.txt').read_text() == 'changed'
(pathlib.Path.home() / '.cache' / 'other').mkdir()
print('loss: 1')
"""


def test_what_a_preparation_leaves_is_where_every_run_finds_it_and_no_run_changes_it(tmp_path: Path) -> None:
    for number in (1, 2):
        run = lay_out_here(tmp_path, PREPARING, USE, name=f"e000{number}-1")
        (run.source / "prepare.py").write_text(PREPARE)
        (run.source / "list.txt").write_text("original")
        (run.source / "kept").mkdir()
        (run.source / "kept" / "own.txt").write_text("own")
        assert run.run()["score"] == 1, run.log()
    [files] = (tmp_path / "cache" / "prepared").glob("*.files")
    assert sorted(path.relative_to(files).as_posix() for path in files.rglob("*")) == [
        "data",
        "data/a.txt",
        "kept",
        "kept/a.txt",
        "list.txt",
        "train.py",
    ]


@pytest.mark.parametrize("network", [False, True])
def test_certificates_reach_the_preparation_and_runs_with_the_network(tmp_path: Path, *, network: bool) -> None:
    toml = PREPARING + f"[sandbox]\nnetwork = {str(network).lower()}\n"
    train = SHOW + ("open(os.environ['SSL_CERT_FILE']).read()\n" if network else "")
    run = lay_out_here(tmp_path, toml, train)
    (run.source / "prepare.py").write_text("import os; open(os.environ['REQUESTS_CA_BUNDLE']).read()")
    (tmp_path / "authorities.pem").write_text("trusted")
    run.environment |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), str(tmp_path / "authorities.pem"))
    assert run.run()["score"] == 1, run.log()
    assert ("SSL_CERT_FILE" in variables(run)) is network


def test_code_that_needs_a_gpu_fails_with_one_clear_sentence(tmp_path: Path) -> None:
    run = lay_out_here(tmp_path, OUTPUT_TRAINER, "raise AssertionError('Torch not compiled with CUDA enabled')")
    failure = run.run()["failure"]
    assert "the code needs a GPU, and this pool has none" in failure["message"]
    assert "list_gpus" in failure["next_step"]


@pytest.mark.slow
def test_an_evaluated_trainer_needs_no_labhand_in_its_environment(tmp_path: Path, small_corpus: Path) -> None:
    python = make_venv(tmp_path / "venv")
    [packages] = (tmp_path / "venv").glob("lib/*/site-packages")
    for path in _packages_here():
        if "labhand" not in path.name and not (packages / path.name).exists():
            (packages / path.name).symlink_to(path)
    read = f'[sandbox]\nread = ["{next(iter(_packages_here())).parent}"]\n'
    toml = EVALUATED_TRAINER.format(corpus=small_corpus / "texts", startup=60) + read
    run = lay_out(tmp_path / "e0001-1", toml, BIGRAM, python=str(python))
    run.environment["LABHAND_CACHE"] = str(small_corpus / "cache")
    result = run.run()
    assert result["status"] == "succeeded", result["failure"]
    assert result["evaluator"] is not None
    assert result["device"]["environment"].startswith("python-3.")


def _packages_here() -> list[Path]:
    """The installed packages of the interpreter that runs the tests, wherever a .pth file puts them."""
    import torch

    places = {Path(sysconfig.get_paths()["purelib"]), Path(torch.__file__).parents[1]}
    ordered = sorted(places, key=lambda place: not (place / "torch").exists())
    return [path for place in ordered for path in place.iterdir()]


def test_a_preparation_finds_the_data_that_the_runs_find(tmp_path: Path) -> None:
    home = tmp_path / "folder"
    (home / "raw").mkdir(parents=True)
    (home / "raw" / "text").write_text("text")
    (tmp_path / "more").write_text("more")
    toml = PREPARING + '[data]\npaths = ["raw", "../more"]\n'
    train = "assert open('both').read() == 'textmore'\nassert open('raw/text').read() == 'text'\nprint('loss: 1')\n"
    for number in (1, 2):
        run = lay_out_here(tmp_path, toml, train, name=f"e000{number}-1", trainer_folder=str(home))
        (run.source / "prepare.py").write_text("open('both', 'w').write(open('raw/text').read() + open('../more').read())")
        assert run.run()["score"] == 1, run.log()
    assert sorted(path.name for path in home.rglob("*")) == ["raw", "text"]
