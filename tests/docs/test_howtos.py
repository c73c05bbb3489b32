"""The commands of the how-tos do what the pages say."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from labhand.server.settings import load_settings

from .markdown import blocks, console_blocks
from .page_session import missing_lines, run_session

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("howto-*.md"))
STOP = "kill %1 && wait %1 || true"


def commands_of(page: str) -> list[str]:
    """All commands of a page that are to be run."""
    return [command for block in console_blocks(DOCS / page) for command in block]


def session(commands: list[str], place: Path) -> list[str]:
    """Run commands with labhand on the path."""
    home = place / "home"
    home.mkdir(exist_ok=True)
    return run_session([f"PATH={Path(sys.executable).parent}:$PATH", *commands], place, home, 170)[1:]


def shown(page: str) -> str:
    return "\n".join(blocks(DOCS / page, "text"))


def test_each_page_begins_with_what_it_is_for_and_is_short() -> None:
    assert [page.stem for page in PAGES] == ["howto-cluster", "howto-overnight", "howto-team"]
    for page in PAGES:
        text = page.read_text("utf-8")
        assert re.match(r"# How to: .+\n\nThis page is for ", text)
        assert len(text.splitlines()) < 90


@pytest.mark.slow
def test_the_commands_of_a_night(tmp_path: Path) -> None:
    [toml] = blocks(DOCS / "howto-overnight.md", "toml")
    (tmp_path / "labhand.toml").write_text(toml, "utf-8")
    settings = load_settings(tmp_path)
    assert settings.goal.startswith("Lower val_bpb")
    assert settings.allowance.gpu_hours == 12

    outputs = session(commands_of("howto-overnight.md"), tmp_path)

    assert (tmp_path / ".mcp.json").is_file()
    assert (tmp_path / "report" / "report.md").is_file()
    assert "m001" in outputs[3]


@pytest.mark.slow
def test_a_server_for_a_team_refuses_who_has_no_token(tmp_path: Path) -> None:
    outputs = session([*commands_of("howto-team.md"), STOP], tmp_path)

    assert missing_lines(shown("howto-team.md"), outputs) == []
    assert outputs[-2].strip() == "401"
    assert "alice" in load_settings(tmp_path / "lab").http.tokens


@pytest.mark.slow
def test_the_rehearsal_of_a_cluster_costs_nothing_and_says_what_it_would_cost(tmp_path: Path) -> None:
    outputs = session(commands_of("howto-cluster.md"), tmp_path)

    assert "usd" in outputs[3]
    assert shown("howto-cluster.md").strip() in outputs[3]
    (labhand_toml,) = blocks(DOCS / "howto-cluster.md", "toml")
    (tmp_path / "labhand.toml").write_text(labhand_toml, "utf-8")
    assert load_settings(tmp_path).pools["h100"].backend == "skypilot"
