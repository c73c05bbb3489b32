"""Overrides reach the settings of other people's code where they stand, in each style that people use."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
import yaml
from labhand.server.errors import BadInputError
from labhand.server.lab import proposals, references
from labhand.server.lab.analysis.code_digest import Baseline
from labhand.server.lab.inspect.source import read_source
from labhand.server.lab.lab import Lab
from labhand.server.schemas.launch import Change
from labhand.server.source.hunks import Difference
from labhand.server.source.source_knobs import Knobs
from labhand.server.store.comparison import champions
from pydantic import JsonValue

from ..builders import Woken
from ..writing import experiments, launch, launch_grid

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Style:
    """A folder in someone's style: overrides by the names that they use, and what these change."""

    files: dict[str, str]
    overrides: dict[str, JsonValue]
    changes: str
    removed: list[str]
    added: list[str]
    loss: float = 1.0
    command: list[str] = field(default_factory=lambda: ["python", "train.py"])
    editable: list[str] = field(default_factory=lambda: ["*.py"])


NANOGPT = Style(
    {
        "train.py": """\
import os
# default config values designed to train a gpt2
out_dir = 'out'
learning_rate = 6e-4 # max learning rate
n_layer = 12
compile = True # use PyTorch 2.0
config_keys = [k for k, v in globals().items() if isinstance(v, (int, float, bool, str))]
if os.path.exists('configurator.py'):
    exec(open('configurator.py').read())
iter_num = 0
best_val_loss = 1e9
while iter_num < 3:
    iter_num += 1
print(f"loss: {(n_layer - 6) ** 2 + (learning_rate - 1e-3):.4f}")
"""
    },
    {"learning_rate": 0.001, "n_layer": 7, "compile": False},
    "learning_rate 6e-4→0.001, n_layer 12→7, compile True→False",
    ["learning_rate = 6e-4 # max learning rate", "n_layer = 12", "compile = True # use PyTorch 2.0"],
    ["learning_rate = 0.001 # max learning rate", "n_layer = 7", "compile = False # use PyTorch 2.0"],
)
ARGPARSE = Style(
    {
        "train.py": """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument('--n-layer', '-n', type=int, default=4, help="layers")
parser.add_argument("--learning-rate", "-l", type=float, default=1,  help="rate")
parser.add_argument("--resume", action="store_true")
args = parser.parse_args()
print(f"loss: {(args.n_layer - 6) ** 2 + (args.learning_rate - 0.5):.4f}")
"""
    },
    {"--n-layer": 7, "learning_rate": 0.5},
    "n_layer 4→7, learning_rate 1→0.5",
    [
        """parser.add_argument('--n-layer', '-n', type=int, default=4, help="layers")""",
        """parser.add_argument("--learning-rate", "-l", type=float, default=1,  help="rate")""",
    ],
    [
        """parser.add_argument('--n-layer', '-n', type=int, default=7, help="layers")""",
        """parser.add_argument("--learning-rate", "-l", type=float, default=0.5,  help="rate")""",
    ],
)
CLICK = Style(
    {
        "train.py": """\
import click

@click.command()
@click.option("--depth", "n_layer", default=4, show_default=True)
@click.option("--lr", type=float, default=0.1)
def main(n_layer, lr):
    print(f"loss: {(n_layer - 6) ** 2 + (lr - 0.5):.4f}")

if __name__ == "__main__":
    main()
"""
    },
    {"n_layer": 7, "lr": 0.5},
    "n_layer 4→7, lr 0.1→0.5",
    [
        """@click.option("--depth", "n_layer", default=4, show_default=True)""",
        """@click.option("--lr", type=float, default=0.1)""",
    ],
    [
        """@click.option("--depth", "n_layer", default=7, show_default=True)""",
        """@click.option("--lr", type=float, default=0.5)""",
    ],
)
TYPER = Style(
    {
        "train.py": """\
import typer

def main(depth: int = 4, lr: float = typer.Option(0.1, help="rate")):
    print(f"loss: {(depth - 6) ** 2 + (lr - 0.5):.4f}")

if __name__ == "__main__":
    typer.run(main)
"""
    },
    {"depth": 7, "lr": 0.5},
    "depth 4→7, lr 0.1→0.5",
    ["""def main(depth: int = 4, lr: float = typer.Option(0.1, help="rate")):"""],
    ["""def main(depth: int = 7, lr: float = typer.Option(0.5, help="rate")):"""],
)
DATACLASSES = Style(
    {
        "train.py": """\
from config import TrainConfig

config = TrainConfig()
print(f"loss: {(config.model.n_layer - 6) ** 2 + config.betas[0] - 0.5:.4f}")
""",
        "config.py": """\
from dataclasses import dataclass, field

@dataclass
class ModelConfig:
    n_layer: int = 4  # layers
    width: int = 64

@dataclass
class TrainConfig:
    width: int = 2
    model: ModelConfig = field(default_factory=ModelConfig)
    betas: list[float] = field(default_factory=lambda: [0.9, 0.95])
""",
    },
    {"n_layer": 7, "TrainConfig.betas": [0.5, 0.6]},
    "ModelConfig.n_layer 4→7, TrainConfig.betas [0.9, 0.95]→[0.5, 0.6]",
    ["    n_layer: int = 4  # layers", "    betas: list[float] = field(default_factory=lambda: [0.9, 0.95])"],
    ["    n_layer: int = 7  # layers", "    betas: list[float] = field(default_factory=lambda: [0.5, 0.6])"],
)
HYDRA = Style(
    {
        "train.py": """\
import yaml
config = yaml.safe_load(open("conf/config.yaml"))
group = config["defaults"][1]["optimizer"]
config["optimizer"] = yaml.safe_load(open(f"conf/optimizer/{group}.yaml"))
print(f"loss: {(config['model']['depth'] - 6) ** 2 + config['optimizer']['lr'] - 0.5:.4f}")
""",
        "conf/config.yaml": """\
# the experiment
defaults:
  - _self_
  - optimizer: adam
model:
    depth:   4   # layers
""",
        "conf/optimizer/adam.yaml": "lr: 1.0e-3  # rate\nbetas: [0.9, 0.95]\n",
        "conf/optimizer/sgd.yaml": "lr: 0.1\n",
    },
    {"model.depth": 7, "optimizer.lr": 0.5},
    "model.depth 4→7, optimizer.lr 1.0e-3→0.5",
    ["    depth:   4   # layers", "lr: 1.0e-3  # rate"],
    ["    depth:   7   # layers", "lr: 0.5  # rate"],
    editable=["train.py", "conf/**"],
)
TOML = Style(
    {
        "train.py": """\
import tomllib, json
config = tomllib.load(open("run.toml", "rb")) | json.load(open("data.json"))
print(f"loss: {(config['model']['depth'] - 6) ** 2 + config['mix'] - 0.5:.4f}")
""",
        "run.toml": "[model] # of the run\ndepth = 4 # layers\n",
        "data.json": '{"mix":1.5}',
    },
    {"depth": 7, "mix": 0.5},
    "mix 1.5→0.5, model.depth 4→7",
    ['{"mix":1.5}', "depth = 4 # layers"],
    ['{"mix":0.5}', "depth = 7 # layers"],
    editable=["train.py", "*.toml", "*.json"],
)
ENV = Style(
    {
        "train.py": """\
from dotenv import dotenv_values
config = dotenv_values(".env")
print(f"loss: {(int(config['DEPTH']) - 6) ** 2 + float(config['LR']) - 0.5:.4f}")
""",
        ".env": "# the run\nDEPTH=4\nexport LR=0.1 # rate\n",
    },
    {"DEPTH": 7, "LR": 0.5},
    "DEPTH 4→7, LR 0.1→0.5",
    ["DEPTH=4", "export LR=0.1 # rate"],
    ["DEPTH=7", "export LR=0.5 # rate"],
    editable=["train.py", ".env"],
)
STYLES = {
    "globals in lower case, as nanoGPT": NANOGPT,
    "argparse": ARGPARSE,
    "click": CLICK,
    "typer": TYPER,
    "dataclasses": DATACLASSES,
    "Hydra's groups in YAML": HYDRA,
    "TOML and JSON": TOML,
    ".env": ENV,
}


def write(folder: Path, style: Style) -> None:
    for path, text in style.files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text.encode())
    (folder / "trainer.toml").write_text(
        f'name = "theirs"\neditable = {style.editable!r}\ncommand = {style.command!r}\n'
        '[metric]\nname = "loss"\nsource = "output"\n',
        "utf-8",
    )


async def open_lab(root: Path, style: Style) -> Lab:
    write(root / "theirs", style)
    (root / "labhand.toml").write_text('trainer = "theirs"\n[pools.local]\nbackend = "local"\nslots = 2\n', "utf-8")
    return await Lab.open(root, wake=Woken())


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
async def test_an_override_changes_the_setting_where_it_stands_and_nothing_else(tmp_path: Path, style: Style) -> None:
    lab = await open_lab(tmp_path, style)
    try:
        answer = await launch(lab, overrides=style.overrides)
        diff = await read_source(lab, answer.experiments[0], against="baseline")
        source = (await references.resolve(lab, answer.experiments[0])).source
        outline = await read_source(lab)
    finally:
        await lab.close()
    assert answer.changes == style.changes
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]
    assert [line[1:] for line in lines if line.startswith("-")] == style.removed
    assert [line[1:] for line in lines if line.startswith("+")] == style.added
    assert "Knobs:" in outline
    for path, data in source.items():  # the setting is the one that counts
        (tmp_path / "run" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "run" / path).write_bytes(data)
    with anyio.fail_after(120):
        run = await anyio.run_process([sys.executable, "train.py"], cwd=tmp_path / "run", check=False)
    assert run.stdout.decode() == f"loss: {style.loss:.4f}\n", run.stderr


async def test_a_short_name_of_two_settings_is_refused_with_their_full_names(tmp_path: Path) -> None:
    lab = await open_lab(tmp_path, DATACLASSES)
    try:
        with pytest.raises(
            BadInputError, match=r"width is a knob in 2 places: ModelConfig\.width \(config\.py:6, .*TrainConfig"
        ):
            await launch(lab, overrides={"width": 8})
        with pytest.raises(BadInputError, match=r"model is not a knob: it stands in config\.py:11 as a computed value"):
            await launch(lab, overrides={"model": 8})
    finally:
        await lab.close()


async def test_a_grid_takes_short_names_and_its_cells_name_the_settings_in_full(tmp_path: Path) -> None:
    lab = await open_lab(tmp_path, HYDRA)
    try:
        answer = await launch_grid(lab, factors={"depth": [5, 7], "optimizer.lr": [0.1, 0.5]})
        assert [cell.knobs for cell in answer.cells] == [
            {"model.depth": depth, "optimizer.lr": rate} for depth in (5, 7) for rate in (0.1, 0.5)
        ]
        more = await launch_grid(lab, factors={"depth": [2, 3, 4]}, design="optimiser", size=2)
        assert all(set(cell.knobs) == {"model.depth"} for cell in more.cells)
    finally:
        await lab.close()


async def test_a_grid_over_seeds_is_flagged(tmp_path: Path) -> None:
    style = Style(
        {"train.py": "import argparse\np = argparse.ArgumentParser()\np.add_argument('--seed', default=1)\n"}, {}, "", [], []
    )
    lab = await open_lab(tmp_path, style)
    try:
        answer = await launch_grid(lab, factors={"seed": [1, 2, 3]})
    finally:
        await lab.close()
    assert answer.flags == ["seed: seed 1→2", "seed: seed 1→3"]


async def test_a_default_that_the_command_gives_anyway_is_refused(tmp_path: Path) -> None:
    style = Style(ARGPARSE.files, {}, "", [], [], command=["python", "train.py", "--n-layer=8"])
    lab = await open_lab(tmp_path, style)
    try:
        with pytest.raises(
            BadInputError, match=r"n_layer can't be changed at train\.py:3.*the command in trainer\.toml gives it"
        ):
            await launch(lab, overrides={"n_layer": 7})
    finally:
        await lab.close()


async def test_a_knob_in_a_configuration_file_is_read_by_its_name_with_its_place(tmp_path: Path) -> None:
    lab = await open_lab(tmp_path, HYDRA)
    try:
        assert "conf/config.yaml model.depth, lines 6-6" in await read_source(lab, symbol="depth")
        outline = await read_source(lab)
    finally:
        await lab.close()
    assert "conf/optimizer/adam.yaml, 2 lines\nKnobs:\n  optimizer.lr = 1.0e-3  (line 1)" in outline
    assert "  conf/optimizer/sgd.yaml:optimizer.lr = 0.1  (line 1)" in outline


async def test_sources_that_differ_in_values_of_a_configuration_file_have_the_same_code(tmp_path: Path) -> None:
    lab = await open_lab(tmp_path, HYDRA)
    try:
        baseline = await Baseline.of(lab)
        source = (await references.baseline(lab)).source
        other = Knobs(source, lab.trainer).override({"depth": 9, "optimizer.lr": 2, "optimizer": "sgd"})
        edited = {**source, "conf/config.yaml": source["conf/config.yaml"] + b"extra: 1\n"}
        changed, edited = ({p: d for p, d in files.items() if d != source[p]} for files in (other, edited))
        assert len(changed) == 2
        assert baseline.code(changed, ()).digest == ""
        assert baseline.code(edited, {"extra"}).digest
    finally:
        await lab.close()


async def test_a_lab_made_before_there_were_knobs_in_lower_case_compares_its_experiments_as_before(tmp_path: Path) -> None:
    lab = await open_lab(tmp_path, NANOGPT)
    try:
        answer = await launch(lab, edits=[{"file": "train.py", "find": "n_layer = 12", "replace": "n_layer = 7"}])
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE sources SET knobs = '{}'")  # as version 0.2 stored them: none was in capitals
        baseline = await Baseline.of(lab)
        source = (await references.resolve(lab, answer.experiments[0])).source
        assert baseline.code({"train.py": source["train.py"]}, ()).digest == ""
    finally:
        await lab.close()


async def test_a_change_of_knobs_in_several_files_is_taken_apart_knob_by_knob(tmp_path: Path) -> None:
    lab = await open_lab(tmp_path, HYDRA)
    try:
        before = (await references.baseline(lab)).source
        after = Knobs(before, lab.trainer).override({"model.depth": 7, "optimizer.lr": 0.5})
        difference = Difference(before, after, lab.trainer)
        assert [hunk.name for hunk in difference.hunks] == ["model.depth 4→7", "optimizer.lr 1.0e-3→0.5"]
        reduced = difference.take_back(difference.hunks[0]).source
        assert reduced == Knobs(before, lab.trainer).override({"optimizer.lr": 0.5})
    finally:
        await lab.close()


async def test_a_grid_over_a_group_and_its_knob_sets_the_knob_of_each_cells_own_group(tmp_path: Path) -> None:
    lab = await open_lab(tmp_path, HYDRA)
    factors: dict[str, list[JsonValue]] = {"optimizer": ["adam", "sgd"], "optimizer.lr": [0.25, 0.5]}
    try:
        told = await launch_grid(lab, factors=factors)
        rows = {row.id: row for row in await experiments(lab) if row.grid is not None}
        stored = await champions.knobs_of(lab.db, [row.commit for row in rows.values()])
        cells = {cell.id: cell.knobs for cell in told.cells}
        read: list[tuple[object, float]] = []
        for name, row in sorted(rows.items()):
            source = (await references.resolve(lab, name)).source
            optimizer = yaml.safe_load(source["conf/config.yaml"])["defaults"][1]["optimizer"]
            read.append((optimizer, yaml.safe_load(source[f"conf/optimizer/{optimizer}.yaml"])["lr"]))
            chosen = {"optimizer": optimizer, "optimizer.lr": read[-1][1]}
            assert cells[name] == chosen
            assert {factor: stored[row.commit][factor] for factor in factors} == chosen  # what the analysis reads
            alone = await proposals.propose(lab, Change(overrides=cells[name]))
            assert (alone.changes, alone.overrides) == (row.changes, row.overrides)
        changes = [row.changes for _, row in sorted(rows.items())]
    finally:
        await lab.close()
    assert read == [("adam", 0.25), ("adam", 0.5), ("sgd", 0.25), ("sgd", 0.5)]
    assert changes == [
        "optimizer.lr 1.0e-3→0.25",
        "optimizer.lr 1.0e-3→0.5",
        "optimizer adam→sgd, optimizer.lr 0.1→0.25",
        "optimizer adam→sgd, optimizer.lr 0.1→0.5",
    ]
