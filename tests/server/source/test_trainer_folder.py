"""A trainer is read from its folder, and what is wrong with its file is said by line and key."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from labhand.server.errors import BadInputError, SettingsError
from labhand.server.source import trainer_folder
from labhand.server.source.trainer_folder import load_trainer, read_folder
from labhand.trainer.contract.trainer_folder.left_out import MAX_FILE_BYTES

PARABOLA = Path(__file__).parents[2] / "trainers" / "parabola"
MINIMAL = """\
name = "mine"
editable = ["train.py"]
command = ["python", "train.py"]
[metric]
name = "loss"
source = "output"
"""


def make_trainer(folder: Path, toml: str = MINIMAL, **files: str) -> Path:
    """A trainer folder with a `train.py` and other files, named with `__` for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trainer.toml").write_text(toml, "utf-8")
    (folder / "train.py").write_text("DEPTH = 8\n", "utf-8")
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, "utf-8")
    return folder


def test_a_folder_is_read_relative_to_the_root() -> None:
    trainer = load_trainer("trainers/parabola", PARABOLA.parents[1])
    assert (trainer.name, trainer.folder) == ("parabola", PARABOLA)
    assert trainer.metric.self_reported
    assert trainer.budget_seconds == 5
    assert trainer.prepare == ()


def test_what_a_file_leaves_out_has_the_documented_value(tmp_path: Path) -> None:
    trainer = load_trainer(str(make_trainer(tmp_path)), Path("/"))
    assert (trainer.budget_seconds, trainer.cpu_seconds, trainer.startup_seconds, trainer.evaluation_seconds) == (
        300,
        20,
        120,
        120,
    )
    assert trainer.metric.direction == "minimize"
    assert not trainer.file.network


def test_everything_a_file_may_say_is_taken(tmp_path: Path) -> None:
    more = (
        'direction = "maximize"\npattern = "^loss=(\\\\S+)"\n'
        '[prepare]\ncommand = ["python", "prepare.py"]\n[sandbox]\nread = ["~/data"]\nnetwork = true\n[later]\nkey = 1\n'
    )
    trainer = load_trainer(str(make_trainer(tmp_path, MINIMAL + more)), tmp_path)
    assert trainer.metric.direction == "maximize"
    assert trainer.prepare == ("python", "prepare.py")
    assert (trainer.file.read, trainer.file.network) == (("~/data",), True)


def test_built_in_trainers_are_found_without_importing_the_training_core() -> None:
    program = (
        "import sys; from pathlib import Path; from labhand.server.source.trainer_folder import load_trainer\n"
        "from labhand.server.errors import SettingsError\n"
        "try: load_trainer('no_such', Path('/'))\n"
        "except SettingsError: pass\n"
        "core = {name for name in sys.modules if name.startswith(('labhand.trainer', 'torch', 'libcst'))}\n"
        "print([name for name in core if name != 'labhand.trainer' and '.contract' not in name])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"


def test_the_built_in_trainer_is_measured_by_the_evaluator() -> None:
    trainer = load_trainer("gpt", Path("/"))
    assert (trainer.name, trainer.metric.name, trainer.metric.self_reported) == ("gpt", "val_bpb", False)


def test_a_changed_training_script_leaves_the_strata_of_labs_as_they_are_and_a_changed_protected_file_does_not(
    tmp_path: Path,
) -> None:
    built_in = load_trainer("gpt", Path("/"))
    shutil.copytree(built_in.folder, tmp_path / "gpt", ignore=shutil.ignore_patterns("__pycache__"))
    digests: list[str] = []
    for name in ("train.py", "README.md"):
        with (tmp_path / "gpt" / name).open("a", encoding="utf-8") as file:
            file.write("\n")
        digests.append(load_trainer("./gpt", tmp_path).protected_digest)
    assert digests[0] == built_in.protected_digest != digests[1]
    assert built_in.protected_digest[:8] == "91151531", "strata are named after it: a change ends the comparisons of every lab"


def test_an_unknown_trainer_is_refused_with_where_it_was_sought(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no trainer 'nowhere'.*trainer\.toml"):
        load_trainer("nowhere", tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('name = "loss"', 'nmae = "loss"', r"metric\.nmae \(line 5\): there is no such key, did you mean name\?"),
        ('[metric]\nname = "loss"\nsource = "output"', 'metric = "loss"', r"metric \(line 4\)"),
        ("editable", "editabel", r"editabel \(line 2\): there is no such key, did you mean editable\?"),
        ('["train.py"]', "[]", r"editable \(line 2\)"),
        ('["train.py"]', '["../train.py"]', r"editable \(line 2\).*inside the folder"),
        ('["train.py"]', '["trainer.toml"]', r"editable \(line 2\).*other than trainer\.toml"),
        ('["train.py"]', '["model.py"]', r"no file matches editable = \['model\.py'\]\. Name a file that is there: train\.py"),
        ('name = "loss"', 'name = "loss"\ndirection = "down"', r"metric\.direction \(line 6\).*minimize"),
        ('name = "loss"', 'name = "loss"\npattern = "loss"', r"metric\.pattern \(line 6\).*a group"),
        ('source = "output"', "", r"data: the evaluator of language models needs data\.corpus and data\.vocabulary"),
        ('source = "output"', "[data]\ncorpus = 'sotu'\nvocabulary = 0", r"data\.vocabulary \(line 8\)"),
        ('source = "output"', 'source = "output"\n[budget]\nseconds = 0', r"budget\.seconds \(line 8\)"),
        ('source = "output"', 'source = "output"\n[budget]\nseconds = inf', r"budget\.seconds \(line 8\)"),
        ('name = "loss"', 'name = "loss', r"not valid TOML.*line 5"),
    ],
)
def test_what_is_wrong_with_a_file_is_named_by_line_and_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        load_trainer(str(make_trainer(tmp_path, MINIMAL.replace(old, new))), tmp_path)
    assert str(tmp_path / "trainer.toml") in str(caught.value)


def test_editable_globs_stay_within_their_folder(tmp_path: Path) -> None:
    toml = MINIMAL.replace('["train.py"]', '["*.py", "model/**/*.py", "[x].txt"]')
    trainer = load_trainer(str(make_trainer(tmp_path, toml)), tmp_path)
    editable = ["train.py", "model/a.py", "model/deep/er/a.py", "[x].txt"]
    protected = ["sub/train.py", "model/a.txt", "trainer.toml", "x.txt", "train.pyx"]
    assert [path for path in editable + protected if trainer.is_editable(path)] == editable


def test_no_glob_makes_the_trainers_own_file_editable(tmp_path: Path) -> None:
    trainer = load_trainer(str(make_trainer(tmp_path, MINIMAL.replace("train.py", "**", 1))), tmp_path)
    assert not trainer.is_editable("trainer.toml")
    assert trainer.is_editable("any/thing.txt")


def test_the_protected_digest_follows_protected_files_only(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path, prepare__py="print()")
    digest = load_trainer(str(folder), tmp_path).protected_digest
    (folder / "train.py").write_text("DEPTH = 9\n", "utf-8")
    assert load_trainer(str(folder), tmp_path).protected_digest == digest
    (folder / "prepare.py").write_text("print(1)", "utf-8")
    assert load_trainer(str(folder), tmp_path).protected_digest != digest


def test_a_source_holds_no_caches_hidden_files_or_environments(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path)
    for junk in [
        ".git/config",
        "__pycache__/train.pyc",
        ".env",
        ".labhand/lab.db",
        "env/pyvenv.cfg",
        "env/bin/python",
        "labhand.toml",
    ]:
        (folder / junk).parent.mkdir(exist_ok=True, parents=True)
        (folder / junk).write_text("", "utf-8")
    (folder / "sub").mkdir()
    (folder / "sub" / "données.txt").write_bytes(b"\r\n")
    assert read_folder(folder) == {
        "sub/données.txt": b"\r\n",
        "train.py": b"DEPTH = 8\n",
        "trainer.toml": MINIMAL.encode(),
    }


def test_a_source_holds_nothing_that_git_ignores(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path / "repo" / "trainer", model__pt="weights", results__tsv="1")
    (tmp_path / "repo" / ".gitignore").write_text("*.pt\nresults.tsv\n", "utf-8")
    subprocess.run(["git", "init", "-q", tmp_path / "repo"], check=True, timeout=120)
    assert sorted(read_folder(folder)) == ["train.py", "trainer.toml"]


def test_a_trainer_installed_where_git_ignores_everything_is_still_read(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path / "repo" / "site-packages" / "trainer")
    (tmp_path / "repo" / ".gitignore").write_text("site-packages/\n", "utf-8")
    subprocess.run(["git", "init", "-q", tmp_path / "repo"], check=True, timeout=120)
    assert sorted(read_folder(folder)) == ["train.py", "trainer.toml"]


def in_git(*arguments: object, at: Path) -> None:
    identity = ["-c", "user.name=me", "-c", "user.email=me@localhost", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", *identity, *map(str, arguments)], check=True, timeout=120, cwd=at, capture_output=True)


def test_a_source_holds_nothing_that_git_ignores_beside_a_submodule_and_in_it(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "lib.py").write_text("", "utf-8")
    (library / ".gitignore").write_text("*.key\n", "utf-8")
    in_git("init", "-q", at=library)
    in_git("add", ".", at=library)
    in_git("commit", "-q", "-m", "it", at=library)
    folder = make_trainer(tmp_path / "repo", secrets__env="TOKEN=1")
    (folder / ".gitignore").write_text("*.env\n", "utf-8")
    in_git("init", "-q", at=folder)
    in_git("submodule", "add", "-q", library, "library", at=folder)
    (folder / "library" / "my.key").write_text("secret", "utf-8")
    assert sorted(read_folder(folder)) == ["library/lib.py", "train.py", "trainer.toml"]


def test_a_clone_in_a_folder_that_git_ignores_is_ignored_with_all_its_files(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path / "repo")
    (folder / ".gitignore").write_text("clone/\n", "utf-8")
    in_git("init", "-q", at=folder)
    (folder / "clone" / "sub").mkdir(parents=True)
    (folder / "clone" / "sub" / "large.bin").write_text("", "utf-8")
    in_git("init", "-q", at=folder / "clone")
    assert sorted(read_folder(folder)) == ["train.py", "trainer.toml"]


def test_the_persons_global_list_of_ignored_files_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_trainer(tmp_path / "repo", notes__swp="")
    in_git("init", "-q", at=folder)
    (tmp_path / "ignored").write_text("*.swp\n", "utf-8")
    (tmp_path / "config").write_text(f"[core]\nexcludesFile = {tmp_path / 'ignored'}\n", "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "config").rename(tmp_path / ".gitconfig")
    assert sorted(read_folder(folder)) == ["train.py", "trainer.toml"]


def test_where_git_ignores_a_whole_trainer_the_rules_inside_of_it_still_count(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path / "repo" / "site-packages" / "trainer", weights__pt="")
    (folder / ".gitignore").write_text("*.pt\n", "utf-8")
    (tmp_path / "repo" / ".gitignore").write_text("site-packages/\n", "utf-8")
    in_git("init", "-q", at=tmp_path / "repo")
    assert sorted(read_folder(folder)) == ["train.py", "trainer.toml"]


@pytest.mark.parametrize("rule", ["data", "data/", "/data/", "*.bin\ndata/\n"])
def test_a_symlinked_data_folder_that_git_ignores_is_left_out(tmp_path: Path, rule: str) -> None:
    folder = make_trainer(tmp_path / "repo")
    (tmp_path / "elsewhere").mkdir()
    (folder / "data").symlink_to(tmp_path / "elsewhere")
    (folder / ".gitignore").write_text(rule, "utf-8")
    in_git("init", "-q", at=folder)
    assert sorted(read_folder(folder)) == ["train.py", "trainer.toml"]


def test_a_folder_of_which_git_cannot_tell_what_it_ignores_is_refused(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path / "repo")
    in_git("init", "-q", at=folder)
    (folder / ".git" / "config").write_text("[core", "utf-8")
    with pytest.raises(BadInputError, match="git can't tell which files it ignores"):
        read_folder(folder)


@pytest.mark.parametrize("target", ["/etc/passwd", "/etc", "nowhere", "train.py"])
def test_a_symlink_is_refused_by_name(tmp_path: Path, target: str) -> None:
    folder = make_trainer(tmp_path)
    (folder / "data").symlink_to(target)
    with pytest.raises(BadInputError, match="data is a symlink"):
        read_folder(folder)


def test_what_is_too_large_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_trainer(tmp_path)
    with (folder / "corpus.bin").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(BadInputError, match=r"corpus\.bin has 4 MiB"):
        read_folder(folder)
    (folder / "corpus.bin").unlink()
    monkeypatch.setattr(trainer_folder, "MAX_SOURCE_BYTES", 5)
    with pytest.raises(BadInputError, match="holds more than"):
        read_folder(folder)


def test_someone_elses_code_needs_only_a_trainer_file() -> None:
    assert sorted(read_folder(PARABOLA)) == ["README.md", "train.py", "trainer.toml"]
    done = subprocess.run([sys.executable, PARABOLA / "train.py"], capture_output=True, text=True, timeout=120, check=True)
    assert "\nval_loss: " in done.stdout
