"""The training scripts that are compared, and how a run of one of them is laid out."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from labhand.trainer import gpt

ROOT = Path(__file__).parents[2]
GPT = Path(str(gpt.__file__)).parent
RECIPES = Path(__file__).parent / "recipes"


class UnknownArmError(Exception):
    """An arm names a script or a knob that doesn't exist."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of the comparison.

    Attributes:
        name: In the table.
        script: `default` for the built-in trainer, the name of a recipe, or a git revision of the built-in trainer.
        overrides: Knobs at module level and their new values, as source text.
    """

    name: str
    script: str
    overrides: Mapping[str, str] = field(default_factory=dict[str, str])

    def source(self) -> str:
        """The training script with its overrides.

        Raises:
            UnknownArmError: There is no such script or knob.
        """
        text = _script(self.script)
        for knob, value in self.overrides.items():
            text, count = re.subn(rf"^{knob} = [^#\n]*", f"{knob} = {value}  ", text, flags=re.MULTILINE)
            if count != 1:
                raise UnknownArmError(f"{self.script} has no knob {knob} at module level; an override is KNOB=VALUE")
        return text

    def lay_out(self, folder: Path) -> None:
        """Write the script and the trainer file into an empty folder."""
        folder.mkdir(parents=True)
        (folder / "train.py").write_text(self.source(), "utf-8")
        shutil.copy(GPT / "trainer.toml", folder)


def parse_arm(text: str) -> Arm:
    """An arm from `NAME=SCRIPT;KNOB=VALUE;…`; without `=SCRIPT` the name is the script, too."""
    head, *overrides = text.split(";")
    name, _, script = head.partition("=")
    return Arm(name, script or name, dict(_pair(override) for override in overrides))


def _pair(override: str) -> tuple[str, str]:
    knob, _, value = override.partition("=")
    return knob, value


def _script(name: str) -> str:
    if name == "default":
        return (GPT / "train.py").read_text("utf-8")
    if (RECIPES / f"{name}.py").is_file():
        return (RECIPES / f"{name}.py").read_text("utf-8")
    shown = subprocess.run(
        ["git", "show", f"{name}:trainer/gpt/train.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if shown.returncode:
        known = ", ".join(["default", *sorted(path.stem for path in RECIPES.glob("[a-z]*.py"))])
        raise UnknownArmError(f"{name} is no script: give {known}, or a git revision ({shown.stderr.strip()})")
    return shown.stdout
