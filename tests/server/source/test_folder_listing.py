"""What a trainer folder leaves out is listed with a reason, and can be chosen with `include`, `exclude` and `[data] paths`."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest
from labhand.server.errors import BadInputError, SettingsError
from labhand.server.source import folder_listing
from labhand.server.source.trainer_folder import load_trainer, read_folder

from .test_trainer_folder import MINIMAL, in_git, make_trainer


def write(folder: Path, *names: str, text: str = "x") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def with_top(line: str) -> str:
    return MINIMAL.replace("[metric]", f"{line}\n[metric]")


def left_out(folder: Path) -> dict[str, str]:
    return {entry.path: entry.why for entry in load_trainer(str(folder), folder).left_out}


def test_what_is_left_out_is_listed_with_the_reason_and_the_line_that_brings_it_in(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path / "mine")
    write(folder, ".project-root", "data/a.csv", "data/deep/b.csv", "notes.log", "env/pyvenv.cfg", ".gitignore", "sub/kept.py")
    write(folder, "sub/cache.tmp", "__pycache__/x.pyc")
    (folder / ".gitignore").write_text("data/\n*.log\n*.tmp\n", "utf-8")
    in_git("init", "-q", at=folder)
    trainer = load_trainer(str(folder), tmp_path)
    assert [(entry.path, entry.why) for entry in trainer.left_out] == [
        ("data/", "git ignores it"),
        ("notes.log", "git ignores it"),
        ("sub/cache.tmp", "git ignores it"),
        (".project-root", "hidden"),
        ("env/", "a cache or an environment"),
    ]
    remedies = {entry.path: entry.remedy for entry in trainer.left_out}
    assert remedies["data/"] == 'paths = ["data"] under [data] in trainer.toml'
    assert remedies[".project-root"] == 'include = [".project-root"] at the top of trainer.toml'


def test_include_brings_in_hidden_and_ignored_files_by_name(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path / "mine", with_top('include = [".project-root", "data", ".config/*.yaml", "venv/x.txt"]'))
    write(folder, ".project-root", ".other", "data/a.csv", "data/.hidden", ".config/a.yaml", ".config/b.txt", "venv/x.txt")
    write(folder, "venv/y.txt")
    (folder / ".gitignore").write_text("data/\n", "utf-8")
    in_git("init", "-q", at=folder)
    assert sorted(read_folder(folder)) == [
        *(".config/a.yaml", ".project-root", "data/a.csv", "train.py", "trainer.toml", "venv/x.txt"),
    ]
    assert left_out(folder) == {".other": "hidden", "data/.hidden": "hidden", ".config/b.txt": "hidden"} | {
        "venv/y.txt": "a cache or an environment"
    }


def test_a_wildcard_brings_in_no_hidden_file(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path / "mine", with_top('include = ["**"]'))
    write(folder, ".env", ".git/config", "sub/.netrc")
    assert sorted(read_folder(folder)) == ["train.py", "trainer.toml"]


def test_exclude_leaves_out_files_and_whole_folders(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path / "mine", with_top('exclude = ["records", "**/*.bin"]'))
    write(folder, "records/a/b.txt", "deep/er/x.bin", "deep/er/x.txt")
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(1 << 30)
    assert sorted(read_folder(folder)) == ["deep/er/x.txt", "train.py", "trainer.toml"]
    assert left_out(folder) == dict.fromkeys(["huge.bin", "records/", "deep/er/x.bin"], "exclude names it")


def test_linked_data_is_no_part_of_the_source_and_is_not_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_trainer(tmp_path / "mine", MINIMAL + '[data]\npaths = ["data", "weights.pt", "more/link"]\n')
    monkeypatch.setattr(folder_listing, "MAX_SEEN_FILES", 10)
    write(folder, *(f"data/{number}.txt" for number in range(50)), "weights.pt")
    (folder / "more").mkdir()
    (folder / "more" / "link").symlink_to(tmp_path)
    assert sorted(read_folder(folder)) == ["train.py", "trainer.toml"]
    assert left_out(folder) == {}


def test_pipes_sockets_and_odd_names_are_named_and_never_waited_for(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path / "mine")
    os.mkfifo(folder / "pipe")
    (folder / "new\nline.txt").write_text("x", "utf-8")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt")).write_text("x", "utf-8")
    (folder / "with space, é and 'quotes'.txt").write_text("x", "utf-8")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
        reasons = left_out(folder)
        assert sorted(read_folder(folder)) == ["train.py", "trainer.toml", "with space, é and 'quotes'.txt"]
    assert reasons == {
        "pipe": "a named pipe",
        "socket": "a socket",
        "new\nline.txt": "its name has a control character",
        "caf\\udce9.txt": "its name isn't UTF-8",
    }


def test_a_submodule_that_is_not_checked_out_is_named(tmp_path: Path) -> None:
    library = make_trainer(tmp_path / "library")
    in_git("init", "-q", at=library)
    in_git("add", ".", at=library)
    in_git("commit", "-q", "-m", "it", at=library)
    folder = make_trainer(tmp_path / "repo")
    in_git("init", "-q", at=folder)
    in_git("submodule", "add", "-q", library, "vendor/library", at=folder)
    in_git("submodule", "deinit", "-q", "-f", "vendor/library", at=folder)
    assert left_out(folder) == {"vendor/library/": "a submodule that isn't checked out: git submodule update --init"}


@pytest.mark.slow
def test_thirty_thousand_ignored_files_are_one_entry_and_thirty_thousand_others_are_refused_quickly(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path / "mine")
    images = folder / "images"
    images.mkdir()
    for number in range(30_000):
        (images / f"{number}.png").touch()
    began = time.process_time()
    with pytest.raises(BadInputError, match=r"more than 10,000 files, 30,000 of them in images/\. .*paths = \[\"images\"\]"):
        read_folder(folder)
    (folder / ".gitignore").write_text("images/\n", "utf-8")
    in_git("init", "-q", at=folder)
    assert left_out(folder) == {"images/": "git ignores it"}
    assert time.process_time() - began < 30


def test_what_is_too_large_is_refused_with_the_lines_that_help(tmp_path: Path) -> None:
    folder = make_trainer(tmp_path / "mine")
    with (folder / "corpus.bin").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(BadInputError, match=r"corpus\.bin has 1024 MiB") as caught:
        load_trainer(str(folder), tmp_path)
    assert 'paths = ["corpus.bin"] under [data] in trainer.toml' in str(caught.value)
    assert 'exclude = ["corpus.bin"] at the top of trainer.toml' in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("include", '"../x"', r"include \(line 7\): is '../x' and has to be a path inside the folder"),
        ("exclude", '"/x"', r"exclude \(line 7\): is '/x' and has to be a path inside the folder"),
        ("exclude", '"*.toml"', r"exclude \(line 7\): is '\*\.toml', which leaves out trainer\.toml"),
        ("data.paths", '"data/*"', r"data\.paths \(line 7\): is 'data/\*' and has to be a path without wildcards"),
        ("data.paths", '".."', r"data\.paths \(line 7\): is '\.\.' and would open a whole folder"),
        ("data.paths", '"a/.."', r"data\.paths \(line 7\): is 'a/\.\.' and would open a whole folder"),
        ("data.paths", '"~"', r"data\.paths \(line 7\): is '~' and would open a whole folder"),
        ("includ", '"x"', r"includ .*did you mean include\?"),
    ],
)
def test_what_is_wrong_with_the_keys_is_named(tmp_path: Path, key: str, value: str, problem: str) -> None:
    toml = MINIMAL.replace("[metric]", f"\n\n\n{key} = [{value}]\n[metric]")
    with pytest.raises(SettingsError, match=problem):
        load_trainer(str(make_trainer(tmp_path / "mine", toml)), tmp_path)
