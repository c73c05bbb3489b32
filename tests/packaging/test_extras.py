"""Every extra that documentation, messages or the Makefile name exists, can be installed alone, and starts what it is for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from .environments import ROOT, installed, run
from .trackers import Started, start_mlflow, start_parquet, start_trackio, start_wandb

NAMED = re.compile(r"""labhand\[([a-z]+(?:,[a-z]+)*)\]|['"\s]\.\[([a-z]+(?:,[a-z]+)*)\]""")
"""An extra as pip takes it: of the distribution, or of the checkout."""
THIS_ENVIRONMENT = "dev"
"""The extra that the tests themselves run with: each of them shows that it works."""


def named_extras() -> dict[str, str]:
    """Each extra that a file outside of the tests names, and the first such file."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "--", ".", ":!tests", cwd=ROOT)
    extras: dict[str, str] = {}
    for name in filter(lambda name: (ROOT / name).is_file(), listed.stdout.splitlines()):
        for match in NAMED.finditer((ROOT / name).read_text("utf-8", "replace")):
            for extra in (match[1] or match[2]).split(","):
                extras.setdefault(extra, name)
    return extras


def declared_extras() -> set[str]:
    """The extras of pyproject.toml."""
    return set(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])


def test_every_extra_that_a_text_names_exists() -> None:
    named = named_extras()

    assert {"trainer", "climbmix", "skypilot", "mlflow"} <= set(named)
    assert {extra: name for extra, name in named.items() if extra not in declared_extras()} == {}


def start_trainer(programs: Path, place: Path) -> Started:
    """Prepare a small corpus, which trains a tokenizer, and load the training script."""
    texts = place / "texts"
    texts.mkdir()
    for number in range(100):
        (texts / f"{number}.txt").write_text(
            f"Document {number} of a hundred: one two three four five six seven. " * 20, "utf-8"
        )
    prepare = ("-m", "labhand.trainer.prepare", "--corpus", texts, "--vocabulary", "300")
    environment = {**os.environ, "LABHAND_CACHE": str(place / "cache")}

    prepared = run(programs / "python", *prepare, cwd=place, env=environment)
    loaded = run(programs / "python", "-c", "import labhand.trainer.gpt.train", cwd=place)

    return Started("Ready" in prepared.stdout and loaded.returncode == 0, prepared.stderr + loaded.stderr)


READ_A_SHARD = """
from pathlib import Path
import pyarrow
import pyarrow.parquet
from labhand.trainer.data.sources import find_source

source = find_source("climbmix:1")
Path("climbmix").mkdir()
pyarrow.parquet.write_table(pyarrow.table({"text": ["one", "two"]}), "climbmix/shard_00000.parquet")
print(*(text for part in source.parts(Path(), "train") for text in part.documents()))
"""


def start_climbmix(programs: Path, place: Path) -> Started:
    """Read a shard of the corpus; the hub itself is not asked."""
    done = run(programs / "python", "-c", READ_A_SHARD, cwd=place)

    return Started(done.stdout.split() == ["one", "two"], done.stderr)


def start_skypilot(programs: Path, place: Path) -> Started:
    """Ask SkyPilot's own process which SkyPilot it has: it may find no API server, but not that SkyPilot isn't installed."""
    worker = (programs / "python", "-P", "-m", "labhand.server.backends.skypilot.sdk_worker")
    request = json.dumps({"id": 1, "call": "about", "arguments": {}}) + "\n"
    environment = {**os.environ, "HOME": str(place), "SKYPILOT_DISABLE_USAGE_COLLECTION": "1"}
    with subprocess.Popen(
        worker, cwd=place, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(request)
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())

    return Started(answer["id"] == 1 and answer.get("trouble") != "missing", str(answer))


STARTS = {
    "trainer": start_trainer,
    "climbmix": start_climbmix,
    "skypilot": start_skypilot,
    "parquet": start_parquet,
    "mlflow": start_mlflow,
    "wandb": start_wandb,
    "trackio": start_trackio,
}


def test_each_extra_is_started_by_a_test() -> None:
    assert set(STARTS) == declared_extras() - {THIS_ENVIRONMENT}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("extra", sorted(STARTS))
def test_an_extra_installed_alone_starts_what_it_is_for(extra: str, wheel: Path, tmp_path: Path) -> None:
    environment, place = tmp_path / "environment", tmp_path / "place"
    place.mkdir()

    started = STARTS[extra](installed(f"{wheel}[{extra}]", environment), place)

    assert started.worked, started.output
