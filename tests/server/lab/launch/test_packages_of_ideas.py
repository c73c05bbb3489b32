"""An idea asks for packages. A person's settings allow their names, and they go with the idea wherever it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from labhand.server.errors import BadInputError
from labhand.server.lab import references
from labhand.server.lab.lab import Lab
from labhand.trainer.contract.trainer_folder.packages import PACKAGES_FILE

from ..writing import find, launch, launch_grid, opened

pytestmark = pytest.mark.anyio

ALLOW = '[packages]\nallow = ["einops", "Flash_Attn"]\n'


async def packages_of(lab: Lab, name: str) -> str:
    return (await references.resolve(lab, name)).source.get(PACKAGES_FILE, b"").decode()


async def test_by_default_none_is_allowed_and_the_refusal_names_the_setting(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        with pytest.raises(BadInputError) as refused:
            await launch(lab, packages=["einops"])
        assert "einops isn't allowed; none is allowed in this lab" in refused.value.problem
        assert 'allow = ["einops"] under [packages] in labhand.toml' in refused.value.remedy


async def test_an_allowed_package_is_part_of_the_idea_and_of_its_row(tmp_path: Path) -> None:
    async with opened(tmp_path, toml=ALLOW) as lab:
        answer = await launch(lab, packages=["einops==0.8", "flash-attn"], overrides={"X": 2})
        assert answer.changes == "X 1.0→2.0; packages +einops==0.8 +flash-attn"
        assert await packages_of(lab, "e0001") == "einops==0.8\nflash-attn\n"
        without = await launch(lab, overrides={"X": 2})
        assert without.duplicates == [], "the same code with other packages is another idea"
        with pytest.raises(BadInputError, match=r"timm isn't allowed; allowed are einops, flash-attn"):
            await launch(lab, packages=["timm", "einops"])


async def test_what_stands_on_an_idea_or_merges_it_has_its_packages(tmp_path: Path) -> None:
    async with opened(tmp_path, toml=ALLOW) as lab:
        await launch(lab, packages=["einops"], overrides={"X": 2})
        (tmp_path / "labhand.toml").write_text((tmp_path / "labhand.toml").read_text().replace(ALLOW, ""))
        [child] = (await launch(lab, base="e0001", overrides={"Y": 2})).experiments
        assert await packages_of(lab, child) == "einops\n"
        [merged] = (await launch(lab, apply=["e0001"], overrides={"Y": 3})).experiments
        assert await packages_of(lab, merged) == "einops\n"
        assert (await find(lab, merged)).overrides == {"X": 2.0, "Y": 3.0}


async def test_a_grid_has_packages_for_all_cells_and_for_a_variant(tmp_path: Path) -> None:
    async with opened(tmp_path, toml=ALLOW) as lab:
        variants = [{"name": "plain"}, {"name": "flash", "packages": ["flash-attn"]}]
        answer = await launch_grid(lab, factors={"X": [2, 3]}, variants=variants, packages=["einops"])
        assert answer.total == 4
        kinds = {await packages_of(lab, f"e{number:04}") for number in range(1, 5)}
        assert kinds == {"einops\n", "einops\nflash-attn\n"}


@pytest.mark.parametrize("asked", [{"files": {PACKAGES_FILE: "timm\n"}}, {"packages": ["timm @ http://x/y.whl"]}])
async def test_there_is_no_other_way_to_a_package(tmp_path: Path, asked: dict[str, Any]) -> None:
    async with opened(tmp_path, toml=ALLOW) as lab:
        with pytest.raises(BadInputError, match=r"a launch writes it|is no package"):
            await launch(lab, **asked)


async def test_a_folder_on_disk_brings_no_package_that_is_not_allowed(tmp_path: Path) -> None:
    async with opened(tmp_path, toml=ALLOW) as lab:
        (lab.trainer.folder / PACKAGES_FILE).write_text("timm\n")
        with pytest.raises(BadInputError, match="timm isn't allowed"):
            await launch(lab, base="workdir")
        (lab.trainer.folder / PACKAGES_FILE).write_text("einops\n")
        [name] = (await launch(lab, base="workdir")).experiments
        assert await packages_of(lab, name) == "einops\n"
