"""Code that fixes its seed: a knob gets the seed of each run."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.errors import BadInputError, SettingsError
from labhand.server.lab.manage.database_audit import audit
from labhand.server.onboarding.onboarding import make_trainer
from labhand.server.source.trainer_folder import load_trainer

from ...lab import writing
from ...onboarding import foreign
from .. import support
from .test_budgets import TOML

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

TRAIN = """
import random

SEED = 1337
RATE = 0.5
print(f"loss: {random.Random(SEED).random() * RATE:.6f}")
"""


FROM_FILE = "import json\nSEED = json.load(open('conf/base.json'))['seed']"


def lay_out(root: Path, more: str, train: str = TRAIN) -> None:
    (root / "trainer").mkdir()
    (root / "trainer/train.py").write_text(train, "utf-8")
    (root / "trainer/trainer.toml").write_text(TOML + more, "utf-8")


@pytest.mark.slow
async def test_replicates_of_code_that_fixes_its_seed_differ(tmp_path: Path) -> None:
    lay_out(tmp_path, '[seed]\nknob = "SEED"\n')
    async with writing.opened(tmp_path) as lab:
        await writing.launch(lab, overrides={"RATE": 0.6}, replicates=2)
        await support.run_all(lab)
        found = [await support.experiment(lab, number) for number in (1, 2)]
        assert len({experiment.score for experiment in found}) == 2
        assert len({experiment.tree for experiment in found}) == 1
        text = (lab.folder / "runs/e0001-1/source/train.py").read_text("utf-8")
        assert f"SEED = {found[0].seed}\nRATE = 0.6\n" in text
        assert (tmp_path / "trainer/train.py").read_text("utf-8") == TRAIN
        assert not (await audit(tmp_path)).differences
        with pytest.raises(BadInputError, match=r"SEED is set to the seed of each run .* give replicates"):
            await writing.launch(lab, overrides={"SEED": 1})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("files", "knob"),
    [
        ({"train.py": TRAIN}, "SEED"),
        ({"train.py": TRAIN.replace("SEED = 1337", FROM_FILE), "conf/base.json": '{"seed": 3}'}, "seed"),
        ({"train.py": TRAIN.replace("1337", "int(__import__('os').environ['LABHAND_SEED'])")}, ""),
    ],
)
def test_onboarding_finds_the_knob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], knob: str) -> None:
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    folder = foreign.write(tmp_path / "fixed", files)
    talk = foreign.Recorded()
    make_trainer(folder, talk, 60.0)
    assert load_trainer(str(folder), tmp_path).file.seed_knob == knob
    assert "Two seeds gave the same" not in talk.text


async def test_a_knob_that_is_not_there_is_refused_when_the_lab_opens(tmp_path: Path) -> None:
    lay_out(tmp_path, '[seed]\nknob = "SED"\n')
    with pytest.raises(SettingsError, match=r"seed\.knob = 'SED' can't be set: .*SEED"):
        async with writing.opened(tmp_path):
            pass
