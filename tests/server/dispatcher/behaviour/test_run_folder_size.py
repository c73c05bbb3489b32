"""What a run leaves on the disk: what is kept of it, and what runs share."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from labhand.server.dispatcher import shared_trees
from labhand.server.lab.lab import Lab
from labhand.server.source.trainer_folder import read_folder
from labhand.trainer.contract.run_folder import RunFolder

from ...lab import builders
from .. import support

pytestmark = pytest.mark.anyio
TRAINER = """
name = "files"
editable = ["train.py", "{editable}"]
command = ["python", "train.py"]
[metric]
name = "val_loss"
source = "output"
[keep]
files = ["*.png", "plots/**"]
max_mib = 1
"""
TRAIN = """
import os
from pathlib import Path

print("read", sum(len(path.read_text()) for path in sorted(Path("data/small").iterdir())))
try:
    Path("data/small/0").write_text("changed")
    print("data were changed")
except PermissionError as error:
    print("refused", error.errno)
try:
    Path("data/small").resolve().joinpath("0").chmod(0o666)
    Path("data/small").resolve().joinpath("0").write_text("changed")
    print("data were changed")
except OSError as error:
    print("refused", error.errno)
Path("plots").mkdir()
Path("plots/curve.svg").write_text("svg")
Path("loss.png").write_text("png")
Path("large.png").write_bytes(bytes(2**20))
Path("link.png").symlink_to("/etc/passwd")
Path("model.bin").write_bytes(bytes(2**20))
print("val_loss: 1.5")
"""
FILES = 20


@pytest.fixture
def sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small folders are shared too."""
    monkeypatch.setattr(shared_trees, "MIN_FILES", FILES)


@pytest.fixture
async def lab(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Lab]:
    folder = tmp_path / "trainer"
    (folder / "data" / "small").mkdir(parents=True)
    for number in range(FILES):
        (folder / "data" / "small" / str(number)).write_text("text", "utf-8")
    editable = getattr(request, "param", "model.py")
    (folder / "trainer.toml").write_text(TRAINER.replace("{editable}", editable), "utf-8")
    (folder / "train.py").write_text(TRAIN, "utf-8")
    async with builders.lab(tmp_path, trainer=folder, slots=1) as opened:
        yield opened


async def run(lab: Lab, count: int) -> None:
    await support.queue_source(lab, TRAIN + "\n", count)
    async with support.loop(lab) as loop:
        await support.tick_until_idle(loop)
    assert await support.statuses(lab) == ["succeeded"] * count, [
        (support.folder_of(lab, f"e000{number + 1}-1") / "log.txt").read_text("utf-8") for number in range(count)
    ]


async def test_of_a_working_folder_stays_what_the_trainer_keeps(lab: Lab) -> None:
    await run(lab, 1)
    folder = support.folder_of(lab, "e0001-1")
    assert not any((folder / name).exists() for name in ("work", "tmp", "checkpoint"))
    kept = {path.relative_to(folder / "kept").as_posix() for path in (folder / "kept").rglob("*") if path.is_file()}
    assert kept == {"loss.png", "plots/curve.svg"}  # the large one doesn't fit with them, and a link is no file
    assert {"spec.json", "result.json", "log.txt", "source"} <= {path.name for path in folder.iterdir()}


@pytest.mark.usefixtures("sharing")
async def test_runs_share_a_large_folder_that_they_can_read_and_not_change(lab: Lab) -> None:
    await run(lab, 2)
    for name in ("e0001-1", "e0002-1"):
        folder = support.folder_of(lab, name)
        log = (folder / "log.txt").read_text("utf-8")
        assert f"read {4 * FILES}" in log
        assert log.count("refused 13") == 2
        assert json.loads((folder / "result.json").read_text("utf-8"))["sandbox"]["files"] != "none"
        assert (folder / "source" / "data").is_symlink()
        paths = [path for path, _ in RunFolder(folder).source_files()]  # as a run that shares nothing has them
        assert sorted(paths) == sorted(read_folder(lab.trainer.folder, lab.trainer.file))
    [tree] = (place for place in (lab.folder / "trees").iterdir() if place.is_dir())
    assert [path.read_text("utf-8") for path in (tree / "small").iterdir()] == ["text"] * FILES


def test_a_shared_folder_that_a_power_failure_broke_is_written_anew(tmp_path: Path) -> None:
    source = {"trainer.toml": TRAINER.encode(), "train.py": b"", **{f"data/{number}": b"text" for number in range(500)}}
    trees = tmp_path / "trees"
    shared_trees.write_sharing(source, tmp_path / "first", trees)
    tree = (tmp_path / "first" / "data").readlink()
    (tree / "7").chmod(0o644)
    (tree / "7").write_bytes(b"")
    mark = trees / f"{tree.name}.compared"
    shared_trees.write_sharing(source, tmp_path / "second", trees)
    assert (tmp_path / "second" / "data" / "7").read_bytes() == b""  # the machine wasn't started since: nothing is compared
    mark.write_text("an earlier start", "ascii")
    shared_trees.write_sharing(source, tmp_path / "third", trees)
    assert (tmp_path / "first" / "data" / "7").read_bytes() == b"text"
    assert mark.read_text("ascii") != "an earlier start"


@pytest.mark.usefixtures("sharing")
@pytest.mark.parametrize("lab", ["data/**"], indirect=True)
async def test_a_folder_with_files_that_experiments_may_change_is_no_shared_one(lab: Lab) -> None:
    await run(lab, 1)
    folder = support.folder_of(lab, "e0001-1")
    assert not (folder / "source" / "data").is_symlink()
    assert "data were changed" in (folder / "log.txt").read_text("utf-8")
    assert (folder / "source" / "data" / "small" / "0").read_text("utf-8") == "text"
