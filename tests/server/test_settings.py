"""What a person may write in labhand.toml, and how mistakes in it are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.errors import SettingsError
from labhand.server.lab_place import find_root
from labhand.server.pool_settings import LocalPool
from labhand.server.settings import data_folder, load_settings


def test_a_lab_without_a_file_trains_gpt_on_this_machine(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.trainer == "gpt"
    assert [pool.backend for pool in settings.pools.values()] == ["local"]


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "labhand.toml").write_text(
        'trainer = "mine"\n[allowance]\ngpu_hours = 8\n[pools.big]\nbackend = "local"\nslots = 2\n'
    )
    monkeypatch.setenv("LABHAND_ALLOWANCE__GPU_HOURS", "4")
    settings = load_settings(tmp_path)
    assert (settings.trainer, settings.allowance.gpu_hours) == ("mine", 4)
    assert settings.pools["big"] == LocalPool(backend="local", slots=2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("trainer = 'gpt'\ntrainre = 'x'\n", ["trainre", "line 2"]),
        (
            "[pools.a]\nbackend = 'local'\nslots = 0\n",
            ["pools.a.slots", "line 3", "slots=0", "must be greater than or equal to 1"],
        ),
        ("[pools.a]\nbackend = 'lokal'\n", ["pools.a.backend", "line 2", "'lokal'"]),
        ("trainer = \n", ["not valid TOML", "line 1"]),
        ("[pools]\n", ["pools", "line 1"]),
        ("[approval]\nabove_usd = -1\n", ["approval.above_usd=-1", "line 2", "must be greater than or equal to 0"]),
        ("[approval]\nabove_dollars = 5\n", ["approval.above_dollars", "line 2", "above_usd"]),
        ("[approval]\nexpires_hours = 0\n", ["approval.expires_hours=0", "line 2", "must be greater than 0"]),
    ],
)
def test_a_mistake_is_told_with_line_and_key(tmp_path: Path, text: str, told: list[str]) -> None:
    (tmp_path / "labhand.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path)
    for part in told:
        assert part in str(caught.value)


def test_the_lab_is_found_as_git_finds_its_own(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text("")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_root(below) == tmp_path.resolve()


def test_the_data_folder_moves_where_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text('data_dir = "/elsewhere"\n')
    assert data_folder(tmp_path, load_settings(tmp_path)) == Path("/elsewhere/.labhand")


def test_simulated_pools_never_share_a_file_with_real_ones(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_text('[pools.a]\nbackend = "local"\n[pools.b]\nbackend = "simulated"\n')
    with pytest.raises(SettingsError, match=r"simulated pools \(b\) never share a lab with real ones \(a\)"):
        load_settings(tmp_path)


def test_a_byte_order_mark_before_the_text_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_bytes(b"\xef\xbb\xbfgoal = 'small'\r\n")
    assert load_settings(tmp_path).goal == "small"


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "labhand.toml").write_bytes("goal = 'small'".encode("utf-16"))
    with pytest.raises(SettingsError, match=r"labhand\.toml can't be read.*text file in UTF-8"):
        load_settings(tmp_path)
