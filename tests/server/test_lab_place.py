"""Where a lab is, found without the libraries that read all settings: it is where those say."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.lab_place import LAST_GOOD, find_lab
from labhand.server.settings import data_folder
from labhand.server.settings_in_force import settings_in_force

GOOD = 'goal = "Lower the loss"\ndata_dir = "~/labs/one"\nread_only = true\n'


CONTENTS = ["", GOOD, "\ufeff" + GOOD, 'data_dir = "../beside"', "goal = 'x'\n[allowance]\nusd = 5"]
ENVIRONMENTS = [{}, {"LABHAND_DATA_DIR": "elsewhere"}, {"LABHAND_GOAL": "Another", "LABHAND_READ_ONLY": "1"}]


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_it_is_where_the_settings_say(
    content: str, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "labhand.toml").write_text(content, "utf-8")
    (tmp_path / "below").mkdir()
    settings = settings_in_force(tmp_path, read_only=True).settings

    place = find_lab(tmp_path / "below")

    assert place is not None
    assert (place.root, place.folder) == (tmp_path, data_folder(tmp_path, settings))
    assert (place.goal, place.read_only) == (settings.goal, settings.read_only)


@pytest.mark.parametrize("content", ["goal = ", "", None])
def test_a_file_that_can_t_be_used_leaves_the_last_good_settings(content: str | None, tmp_path: Path) -> None:
    (tmp_path / ".labhand").mkdir()
    (tmp_path / ".labhand" / LAST_GOOD).write_text(GOOD, "utf-8")
    if content is not None:
        (tmp_path / "labhand.toml").write_text(content, "utf-8")

    place = find_lab(tmp_path)

    assert place is not None
    assert place.goal == settings_in_force(tmp_path).settings.goal == "Lower the loss"


def test_a_folder_without_a_lab_has_none(tmp_path: Path) -> None:
    assert find_lab(tmp_path) is None
