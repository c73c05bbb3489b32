"""Each example becomes a laboratory: init, baseline, a grid, an edit, a failure and a validation, with real runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from labhand.tools.app import build
from labhand.tools.lab_context import LabHandle
from mcp import Client

from ..tools.calls import data

EXAMPLES = Path(__file__).parents[2] / "examples"
MAX_LINES = 80
MAX_SECONDS = 300
WAIT_SECONDS, LOOK_SECONDS = 20, 2

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Research:
    """What an agent does with an example.

    Attributes:
        factors: Of a grid.
        better: An edit that is an improvement: file, text, new text.
        broken: An edit that fails: file, text, new text.
        kind: Of the failure.
        other_metrics: What a detailed row shows beside the score.
        pairs: Of the validation.
        is_reported: Whether the validation goes on to its report, which takes eight pairs. One example is enough for that.
    """

    factors: Mapping[str, Sequence[object]]
    better: tuple[str, str, str]
    broken: tuple[str, str, str]
    kind: str
    other_metrics: Sequence[str] = ()
    pairs: int = 5
    is_reported: bool = False


RESEARCH = {  # the longest first, so that no CPU waits for it in the end
    "ddp": Research(
        factors={"BATCH": [256]},
        better=("train.py", "LR = 0.001", "LR = 0.03"),
        broken=("train.py", "loss.backward()", "loss.backwards()"),
        kind="crashed",
        pairs=2,
    ),
    "autoresearch": Research(
        factors={"BATCH_SIZE": [128, 512]},
        better=("train.py", "LEARNING_RATE = 2.0", "LEARNING_RATE = 8.0"),
        broken=("train.py", "import time", "import time\nimport flash_attn"),
        kind="import_error",
        other_metrics=("mfu_percent", "peak_vram_mb"),
    ),
    "argparse": Research(
        factors={"hidden": [16, 64]},
        better=("train.py", "default=0.1", "default=1.0"),
        broken=("train.py", "inputs, labels = spirals(rng, 512)", "inputs, labels = spirals(512)"),
        kind="crashed",
        other_metrics=("accuracy",),
        is_reported=True,
    ),
    "hydra": Research(
        factors={"optimizer.lr": [0.02, 0.1]},
        better=("conf/config.yaml", "- optimizer: sgd", "- optimizer: momentum"),
        broken=("conf/config.yaml", "- optimizer: sgd", "- optimizer: adam"),
        kind="crashed",
    ),
    "package": Research(
        factors={"Settings.width": [2, 5]},
        better=("src/denoise/settings.py", "width: int = 1", "width: int = 3"),
        broken=("src/denoise/filters.py", "return signal", "raise SystemExit"),
        kind="contract_broken",
    ),
    "lightning": Research(
        factors={"WIDTH": [8, 32]},
        better=("model.py", "LR = 0.001", "LR = 0.01"),
        broken=("model.py", "inputs, targets = batch", "inputs, targets = batch * torch.nan"),
        kind="crashed",
        other_metrics=("train_loss",),
        pairs=4,
    ),
    "boosting": Research(
        factors={"LEAVES": [7, 63]},
        better=("train.py", "ITERATIONS = 20", "ITERATIONS = 100"),
        broken=("train.py", '"predictions.npy"', '"answers.npy"'),
        kind="contract_broken",
    ),
    "rl": Research(
        factors={"LEARNING_RATE": [0.001, 0.01]},
        better=("agent.py", "DISCOUNT = 0.9", "DISCOUNT = 0.97"),
        broken=("agent.py", "return action, ", "return "),
        kind="crashed",
        pairs=12,
    ),
    "sae": Research(
        factors={"K": [4, 16]},
        better=("train.py", "LR = 0.1", "LR = 0.3"),
        broken=("train.py", 'print(f"nmse={nmse:.5f}', 'print(f"nmse={nmse * np.nan:.5f}'),
        kind="diverged",
        other_metrics=("l0", "dead"),
    ),
    "cpp": Research(
        factors={"HEAT": [0.3, 3.0]},
        better=("settings.env", "COOLING=1e-5", "COOLING=4e-5"),
        broken=("anneal.cpp", "double length = 0;", "double length = 0"),
        kind="crashed",
    ),
}


def test_every_example_is_researched_and_small() -> None:
    folders = {folder.name: folder for folder in EXAMPLES.iterdir() if folder.is_dir() and folder.name != "__pycache__"}
    assert folders.keys() == RESEARCH.keys()
    for name, folder in folders.items():
        lines = sum(len(path.read_text("utf-8").splitlines()) for path in folder.rglob("*") if path.is_file())
        assert lines < MAX_LINES, name


@pytest.mark.slow
@pytest.mark.timeout(2 * MAX_SECONDS)
@pytest.mark.parametrize("name", RESEARCH)
async def test_an_example_becomes_a_laboratory(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    monkeypatch.setenv("LABHAND_CACHE", str(tmp_path / "cache"))
    research, lab = RESEARCH[name], tmp_path / "lab"
    shutil.copytree(EXAMPLES / name, tmp_path / name)
    _labhand("init", str(lab), "--trainer", str(tmp_path / name))
    _labhand("prepare", "--root", str(lab))

    async with Client(build(LabHandle(lab, "tester")), raise_exceptions=True) as client:
        grid = await data(client, "launch_grid", hypothesis="another size", factors=research.factors)
        [better] = await _launched(client, research.better)
        [broken] = await _launched(client, research.broken)
        await _finished(client, *grid["experiments"], *grid["baseline"], better, broken)

        failure = (await data(client, "get_experiment", id=broken))["failure"]
        assert failure["kind"] == research.kind, failure
        table = await data(client, "get_results", ids=[*grid["experiments"], better], detail="detailed")
        assert table["common"]["status"] == "succeeded"
        assert len(table["rows"]) == grid["total"] + 1
        shown = {name for row in table["rows"] for name in ("score", *row.get("metrics", ()))}
        assert shown == {"score", *research.other_metrics}

        test = (await data(client, "validate", ids=[better], replicates=research.pairs))["tests"][0]["validation"]
        if research.is_reported:
            await _finished(client, test)
        row = await _verdict(client, test)
        assert (row["verdict"], row["promoted"]) == ("confirmed", True), row
        if not research.is_reported:
            await data(client, "cancel", ids=[test], reason="the test has seen enough", force=True)


async def _launched(client: Client, edit: tuple[str, str, str]) -> list[str]:
    file, find, replace = edit
    edits = [{"file": file, "find": find, "replace": replace}]
    launched = await data(client, "launch_experiment", hypothesis=f"{find} becomes {replace}", edits=edits)
    experiments: list[str] = launched["experiments"]
    return experiments


async def _verdict(client: Client, test: str) -> dict[str, Any]:
    """The row of a validation once its test has a result."""
    row: dict[str, Any] = {}
    for _ in range(MAX_SECONDS // LOOK_SECONDS):
        [row] = (await data(client, "get_results", ids=[test], detail="detailed"))["validations"]
        if row["verdict"] in {"confirmed", "not_shown"}:
            break
        await data(client, "wait", ids=[test], timeout_seconds=LOOK_SECONDS)
    return row


async def _finished(client: Client, *ids: str) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for _ in range(MAX_SECONDS // WAIT_SECONDS):
        answer = await data(client, "wait", ids=list(ids), after="0", timeout_seconds=WAIT_SECONDS)
        if "pending" not in answer:
            return answer
    raise AssertionError(f"not finished: {answer}")


def _labhand(*words: str) -> None:
    command = [sys.executable, "-m", "labhand.server.main", *words]
    subprocess.run(command, check=True, timeout=MAX_SECONDS, stdin=subprocess.DEVNULL)
