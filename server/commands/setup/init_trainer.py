"""`labhand init --trainer` on a folder that has no `trainer.toml`: the conversation on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.markup import escape
from typing_extensions import override

from ...onboarding.conversation import Conversation
from ...onboarding.onboarding import FirstResult, make_trainer
from ...source.trainer_folder import FILE, built_in, is_bare_name
from ..console import err, out


def foreign_folder(trainer: str) -> Path | None:
    """Return the folder that `--trainer` names, if it has no `trainer.toml`.

    Args:
        trainer: A built-in trainer, or a path, relative to the current folder.

    Returns:
        None if there is no such folder, or it is a trainer.
    """
    if is_bare_name(trainer) and (built_in() / trainer / FILE).is_file():
        return None
    folder = Path(trainer).expanduser().resolve()
    return folder if folder.is_dir() and not (folder / FILE).is_file() else None


def onboard(folder: Path, *, yes: bool, max_seconds: float, command: str = "") -> FirstResult:
    """Make a trainer of a foreign folder.

    Args:
        folder: The folder.
        yes: Take the first choice instead of asking; also where there is no terminal.
        max_seconds: Of each try.
        command: What trains; empty to look for it.

    Raises:
        LabhandError: The trainer can't run yet, or nothing was found.
    """
    talk: Conversation = _Terminal() if sys.stdin.isatty() and not yes else _Script(yes=yes)
    result = make_trainer(folder, talk, max_seconds, command)
    err.print(f"First result: {escape(result.metric)} = {result.score:g}, after {result.seconds:.1f} s of training.")
    if result.silent_seconds is not None:
        err.print(f"It printed its first line after {result.silent_seconds:.1f} s; imports and data come before that.")
    return result


class _Terminal:
    """Asks the person."""

    def say(self, text: str) -> None:
        if text:
            err.print(escape(text), soft_wrap=True)

    def show(self, text: str) -> None:
        out.print(escape(text))

    def agrees(self, question: str) -> bool:
        return typer.confirm(question, default=True, err=True)

    def choose(self, question: str, choices: Sequence[str]) -> int:
        for number, choice in enumerate(choices, 1):
            err.print(f"  {number}. {escape(choice)}", soft_wrap=True)
        while True:
            answer = str(typer.prompt(question, default="1", err=True)).strip()
            if answer.isdecimal() and 1 <= int(answer) <= len(choices):
                return int(answer) - 1
            err.print(f"{escape(answer)} is none of the numbers 1 to {len(choices)}.")

    def choose_or_write(self, question: str, choices: Sequence[str]) -> int | str:
        for number, choice in enumerate(choices, 1):
            err.print(f"  {number}. {escape(choice)}", soft_wrap=True)
        while True:
            answer = str(typer.prompt(question, default="1", err=True)).strip()
            if not answer.isdecimal():
                return answer
            if 1 <= int(answer) <= len(choices):
                return int(answer) - 1
            err.print(f"{answer} is none of the numbers 1 to {len(choices)}.")


class _Script(_Terminal):
    """Takes the first choice, and says so. Without `--yes`, nothing is written."""

    def __init__(self, *, yes: bool) -> None:
        self._yes = yes
        if not yes:
            self.say(
                "There is no terminal to ask at: a trainer.toml is tried and shown, and not written. --yes has it written."
            )

    @override
    def agrees(self, question: str) -> bool:
        return self._yes

    @override
    def choose(self, question: str, choices: Sequence[str]) -> int:
        self.say(f"The first of {len(choices)} is taken: {' | '.join(choices)}")
        return 0

    @override
    def choose_or_write(self, question: str, choices: Sequence[str]) -> int | str:
        self.say("Another one is taken with --command.")
        return self.choose(question, choices)
