"""docs/integrity.md tells of every exploit, and of how each ends."""

from __future__ import annotations

import re
from pathlib import Path

from .test_exploits import EXPLOITS

PAGE = Path(__file__).parents[2] / "docs" / "integrity.md"


def test_the_table_is_the_red_team() -> None:
    rows = re.findall(r"^\| (.+?) \| .+ \| (refused|caught|harmless) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert rows == [(exploit.name, exploit.outcome) for exploit in EXPLOITS]
