"""The tutorial leads from a checkout to a confirmed gain, as it is written."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .markdown import blocks, console_blocks
from .page_session import missing_lines, run_session

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
PARTS = ("pyproject.toml", "README.md", "LICENSE", "server", "tools", "trainer", "prompts")


def copy_checkout(place: Path) -> None:
    """Copy what git tracks or would track of the distribution."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *PARTS]
    for name in subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines():
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tutorial_leads_to_a_confirmed_gain(tmp_path: Path) -> None:
    home, checkout = tmp_path / "home", tmp_path / "labhand"
    (home / "first" / "project").mkdir(parents=True)
    copy_checkout(checkout)
    [script] = blocks(PAGE, "py")
    (home / "first" / "project" / "train.py").write_text(script, "utf-8")
    commands = [command for block in console_blocks(PAGE) for command in block]

    outputs = run_session(commands, checkout, home, 850)

    shown = _without_luck("\n".join(blocks(PAGE, "text")))
    assert missing_lines(shown, map(_without_luck, outputs)) == [], "\n".join(outputs)
    branch = outputs[next(place for place, command in enumerate(commands) if command == "labhand export branch")]
    assert "Gain over the baseline: +" in branch
    assert (home / "first" / "lab" / "report" / "report.html").is_file()


def _without_luck(text: str) -> str:
    """Leave out the verdict and the gain of what has no effect: once in a while, luck looks like one."""
    return re.sub(r"(?m)^│ (e\d+) │ [a-z]+ +│( +[\d.]+ │) [^│]*│ (L2 0)", r"│ \1 │\2 \3", text)
