"""Checkout."""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from anyio import run_process, to_thread
from labhand.server.errors import BadInputError, ConflictError, NotFoundError
from labhand.server.lab.inspect.checkout import checkout
from labhand.server.lab.lab import Lab
from labhand.server.main import app
from typer.testing import CliRunner

from ..builders import Woken
from ..writing import launch, lay_out, opened

pytestmark = pytest.mark.anyio
EDITABLE = 'editable = ["train.py"]'


def lay_out_with_parts(root: Path) -> Path:
    """A trainer whose experiments may have a folder of parts."""
    folder = lay_out(root)
    toml = folder / "trainer.toml"
    toml.write_text(toml.read_text().replace(EDITABLE, 'editable = ["train.py", "parts/*.py"]'))
    return folder


async def test_an_experiments_source_is_written_to_the_trainer_folder_and_back(tmp_path: Path) -> None:
    folder = lay_out_with_parts(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2}, files={"parts/more.py": "Z = 1\n"})
        there = await checkout(lab, "e0001")
        assert (there.id, there.folder) == ("e0001", str(folder))
        assert (there.written, there.removed) == (["parts/more.py", "train.py"], [])
        assert "X = 2.0" in (folder / "train.py").read_text()
        assert (folder / "parts/more.py").read_text() == "Z = 1\n"
        again = await checkout(lab, "e0001")
        assert (again.written, again.removed) == ([], [])
        back = await checkout(lab, "baseline")
        assert (back.written, back.removed) == (["train.py"], ["parts/more.py"])
        assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


async def test_unsaved_changes_are_never_overwritten(tmp_path: Path) -> None:
    folder = lay_out(tmp_path)
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        unsaved = (folder / "train.py").read_text().replace("X = 1.0", "X = 1.7")
        (folder / "train.py").write_text(unsaved)
        with pytest.raises(ConflictError, match=r'train\.py in .* would be lost.*base="workdir"'):
            await checkout(lab, "e0001")
        assert (folder / "train.py").read_text() == unsaved
        await launch(lab, base="workdir")
        assert (await checkout(lab, "e0001")).written == ["train.py"]


async def test_unsaved_files_that_the_source_lacks_are_never_removed(tmp_path: Path) -> None:
    folder = lay_out_with_parts(tmp_path)
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        (folder / "parts").mkdir()
        (folder / "parts/mine.py").write_text("Z = 1\n")
        with pytest.raises(ConflictError, match=r"parts/mine\.py, train\.py in"):
            await checkout(lab, "e0001")
        assert (folder / "parts/mine.py").exists()


async def test_a_file_that_counts_as_no_part_of_the_source_is_not_overwritten_either(tmp_path: Path) -> None:
    folder = lay_out_with_parts(tmp_path)
    async with opened(tmp_path) as lab:
        await launch(lab, files={"parts/more.py": "Z = 1\n"})
        (folder / "parts").mkdir()
        (folder / "parts/more.py").mkdir()
        with pytest.raises(ConflictError, match=r"parts/more\.py in"):
            await checkout(lab, "e0001")


async def test_a_mended_evaluator_does_not_make_a_known_folder_look_unsaved(tmp_path: Path) -> None:
    folder = lay_out(tmp_path)
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
    (folder / "README.md").write_text("Mended\n")
    async with opened(tmp_path) as lab:
        assert (await checkout(lab, "e0001")).written == ["train.py"]
        assert (folder / "README.md").read_text() == "Mended\n"


@asynccontextmanager
async def of_built_in_trainer(root: Path) -> AsyncGenerator[Lab]:
    """The lab at `root` as its settings are, or of the trainer that comes with labhand."""
    lab = await Lab.open(root, wake=Woken())
    try:
        yield lab
    finally:
        await lab.close()


async def test_an_installed_trainer_stays_as_it_is_and_the_refusal_names_a_command_that_makes_a_copy(tmp_path: Path) -> None:
    async with of_built_in_trainer(tmp_path) as lab:
        with pytest.raises(BadInputError, match=r"`labhand init --trainer gpt --copy") as refused:
            await checkout(lab, "baseline")
    [command] = re.findall(r"`labhand (init [^`]*)`", str(refused.value))
    assert (await to_thread.run_sync(CliRunner().invoke, app, shlex.split(command))).exit_code == 0
    async with of_built_in_trainer(tmp_path) as lab:
        assert (await checkout(lab, "baseline")).folder == str(tmp_path / "gpt")


async def test_in_a_lab_with_settings_the_refusal_names_the_copy_and_the_line(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text('trainer = "gpt"\n')
    async with of_built_in_trainer(tmp_path) as lab:
        with pytest.raises(BadInputError, match=r'`cp -r .*/gpt .*/gpt` and set trainer = "\./gpt"') as refused:
            await checkout(lab, "baseline")
    [command] = re.findall(r"`(cp [^`]*)`", str(refused.value))
    await run_process(shlex.split(command))
    (tmp_path / "labhand.toml").write_text('trainer = "./gpt"\n')
    async with of_built_in_trainer(tmp_path) as lab:
        assert (await checkout(lab, "baseline")).folder == str(tmp_path / "gpt")


async def test_names_that_are_no_source_are_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        with pytest.raises(NotFoundError, match="no experiment e0001"):
            await checkout(lab, "e0001")
        with pytest.raises(BadInputError, match="Name an experiment, champion or baseline"):
            await checkout(lab, "workdir")
