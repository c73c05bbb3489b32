"""`labhand export` on the command line; what a branch has is tested in tests/server/lab/export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from anyio import to_thread
from labhand.server.main import app
from typer.testing import CliRunner, Result

from ..lab import builders

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_dispatcher")]


async def labhand(root: Path, *words: str) -> Result:

    return await to_thread.run_sync(lambda: CliRunner().invoke(app, [*words, "--root", str(root)]))


async def test_rows_go_to_standard_output_or_to_a_file(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9, verdict="promising")
        await builders.failure(lab)
        printed = await labhand(tmp_path, "export", "jsonl")
        assert [json.loads(line)["id"] for line in printed.stdout.splitlines()] == ["e0001", "e0002"]
        table = tmp_path / "results.tsv"
        written = await labhand(tmp_path, "export", "tsv", "--output", str(table))
        assert f"Wrote {table}." in written.output
        assert len(table.read_text("utf-8").splitlines()) == 3
        nowhere = await labhand(tmp_path, "export", "jsonl", "--output", str(tmp_path / "no" / "folder.jsonl"))
        assert nowhere.exit_code == 2
        assert "can't be written" in nowhere.output


async def test_a_branch_or_a_patch_of_what_is_not_confirmed_is_refused(tmp_path: Path) -> None:
    async with builders.lab(tmp_path):
        for words in (["export", "branch"], ["export", "branch", "--patch", str(tmp_path / "x.patch")]):
            refused = await labhand(tmp_path, *words)
            assert refused.exit_code == 2
            assert "baseline is not confirmed by a validation" in " ".join(refused.output.split())
    assert not (tmp_path / "x.patch").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["jsonl", "e0001"],
        ["tsv", "--name", "x"],
        ["branch", "--output", "x"],
        ["branch", "--patch", "x", "--name", "y"],
        ["wandb", "--to", "x"],
        ["parquet", "--project", "x"],
        ["mlflow", "--output", "x"],
    ],
)
async def test_an_option_that_would_be_ignored_is_refused(tmp_path: Path, words: list[str]) -> None:
    async with builders.lab(tmp_path):
        refused = await labhand(tmp_path, "export", *words)
    assert refused.exit_code == 2
    assert "has no meaning with" in refused.output


@pytest.mark.parametrize(
    ("words", "variables", "said"),
    [
        (["mlflow"], {"MLFLOW_TRACKING_URI": ""}, "No MLflow tracking server is named. Give its address: --to http://"),
        (["trackio"], {"TRACKIO_SPACE_ID": "me/space"}, "TRACKIO_SPACE_ID is set, and this export writes the database of this"),
        (["parquet"], {}, "parquet writes a file, and none is named. Name it: --output results.parquet"),
        (["parquet", "--output", "no/r.parquet"], {}, "no/r.parquet can't be written: No such file or directory"),
    ],
    ids=["no address", "not local", "no file", "no folder"],
)
async def test_an_export_that_lacks_something_says_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], variables: dict[str, str], said: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    async with builders.lab(tmp_path):
        refused = await labhand(tmp_path, "export", *words)
    assert refused.exit_code == 2
    assert said in " ".join(refused.output.split())
