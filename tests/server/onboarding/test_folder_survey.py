"""What a folder of foreign code says about itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.onboarding.folder_survey import FixedSeed, survey

from . import foreign


@pytest.mark.parametrize(
    ("script", "seed"),
    [
        ("import torch\n\ntorch.manual_seed(1337)\n", FixedSeed("train.py:3", "1337", imports_os=False)),
        ("import json, os\nforest(random_state=7)\n", FixedSeed("train.py:2", "7", imports_os=True)),
        ("import torch\ntorch.manual_seed(args.seed)\n", None),
    ],
)
def test_a_fixed_seed_is_found_with_what_to_write_in_its_place(tmp_path: Path, script: str, seed: FixedSeed | None) -> None:
    found = survey(foreign.write(tmp_path / "folder", {"train.py": script}))
    assert found.fixed_seed(["train.py"]) == seed


def test_the_replacement_of_a_seed_keeps_its_number_and_names_the_import_that_is_missing() -> None:
    expression = 'int(os.environ.get("LABHAND_SEED", 1337))'
    assert FixedSeed("train.py:3", "1337", imports_os=True).replacement == expression
    assert FixedSeed("train.py:3", "1337", imports_os=False).replacement == f"{expression}, below an `import os`"
