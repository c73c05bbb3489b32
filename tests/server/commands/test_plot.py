"""`labhand plot`: a PNG file, or its caption."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest
from labhand.server.main import app
from typer.testing import CliRunner, Result

from ..lab import builders

PNG = b"\x89PNG"
pytestmark = pytest.mark.usefixtures("no_dispatcher")


def labhand(root: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["plot", *words, "--root", str(root)])


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lab with two scored experiments; the working directory is beside it."""

    async def make() -> None:
        async with builders.lab(tmp_path / "lab") as lab:
            for score in (1.9, 1.8):
                await builders.experiment(lab, score=score)

    (tmp_path / "lab").mkdir()
    anyio.run(make)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "lab"


def test_a_plot_is_written_beside_the_caller_and_its_caption_printed(root: Path) -> None:
    done = labhand(root)
    assert done.exit_code == 0, done.output
    assert (root.parent / "progress.png").read_bytes().startswith(PNG)
    assert done.stdout.startswith("2 experiments in order of completion.")
    assert "Wrote progress.png" in done.stderr


def test_a_plot_goes_to_standard_output_or_to_a_named_file(root: Path) -> None:
    assert labhand(root, "progress", "e0001-e0002", "-o", "-").stdout_bytes.startswith(PNG)
    told = json.loads(labhand(root, "PROGRESS", "-o", str(root / "mine.png"), "--json").stdout)
    assert told["file"] == str(root / "mine.png")
    assert (root / "mine.png").read_bytes().startswith(PNG)
    assert not (root.parent / "progress.png").exists()


def test_as_text_it_writes_nothing(root: Path) -> None:
    done = labhand(root, "--text")
    lines = done.stdout.splitlines()
    assert lines[0] == "val_loss ↑"
    assert sum(line.count("o") for line in lines[1:17]) == 2
    assert lines[-1].startswith("2 experiments in order of completion.")
    told = json.loads(labhand(root, "--text", "--json").stdout)
    assert told["text"].splitlines() == lines[:-1]
    assert [path.name for path in root.parent.iterdir()] == ["lab"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["scores"], "'scores' is not one of 'progress', 'effects'"),
        (["progress", "-o", "absent/a.png"], "There is no folder absent"),
        (["progress", "-o", "a.svg"], "a.svg doesn't end in .png, and plots are PNG files. Name it a.png"),
        (["progress", "e0009"], "There is no e0009"),
        (["horizons"], "No source is scored at two budgets"),
    ],
)
def test_what_cannot_be_drawn_is_refused(root: Path, words: list[str], says: str) -> None:
    refused = labhand(root, *words)
    assert refused.exit_code == 2
    assert says in " ".join(refused.stderr.replace("│", " ").split())
    assert [path.name for path in root.parent.iterdir()] == ["lab"]
