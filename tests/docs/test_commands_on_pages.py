"""Every command that a page names exists, with its options: in blocks that show a terminal, and within sentences."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from labhand.server.main import app

from .markdown import console_blocks, prose

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
HIDDEN = ("hook",)
"""Commands that clients run, and that `labhand --help` doesn't list."""
_INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_ENDS = {"|", "||", "&&", ";", "&", ">", ">>", "<"}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def shown(page: Path) -> list[str]:
    """The command lines of a page, whole and in part."""
    lines = [line for block in console_blocks(page) for line in block]
    return [*lines, *(re.sub(r"\s+", " ", code) for code in _INLINE.findall(prose(page)))]


def words_after(program: str, lines: list[str]) -> Iterator[list[str]]:
    """The words behind each use of a program, up to the end of its command."""
    for line in lines:
        try:
            words = shlex.split(line, comments=True)
        except ValueError:  # a part of a command, such as an open quote
            continue
        for place, word in enumerate(words):
            begins = place == 0 or words[place - 1] in _ENDS or words[place - 1] == "--"
            if begins and Path(word).name == program:
                rest = words[place + 1 :]
                end = next(
                    (at for at, each in enumerate(rest) if each in _ENDS or each.startswith((">", "<", "2>"))), len(rest)
                )
                yield rest[:end]


@cache
def command_line() -> Any:  # noqa: ANN401 - a command of click, in the form that typer has of it
    """The command line of labhand."""
    return typer.main.get_command(app)


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words name, and what follows its name."""
    command = command_line()
    words = [word for word in words if word != "…"]
    while words and not words[0].startswith("-") and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def options_of(command: Any) -> set[str]:  # noqa: ANN401 - a command of click, in the form that typer has of it
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}


def unknown_in(words: list[str]) -> str:
    """What of a command of labhand doesn't exist; empty if all of it does."""
    command, rest = command_of(words)
    is_group = bool(getattr(command, "commands", None))
    if is_group and rest and rest[0] not in HIDDEN and re.fullmatch(r"[a-z-]+", rest[0]):
        return rest[0] if rest[0] not in options_of(command) else ""
    given = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
    return " ".join(sorted(given - options_of(command)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_labhand_exist_with_their_options(page: Path) -> None:
    unknown = {" ".join(words): what for words in words_after("labhand", shown(page)) if (what := unknown_in(words))}
    assert unknown == {}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("labhand exprot branch", "exprot"),
        ("cd lab && .venv/bin/labhand wait g001 --untill all > out", "--untill"),
        ("claude mcp add labhand -- labhand serve --htpp", "--htpp"),
        ("labhand wait g001 --until all", ""),
        ("labhand --version", ""),
    ],
)
def test_what_does_not_exist_is_found(line: str, what: str) -> None:
    [found] = [unknown_in(words) for words in words_after("labhand", [line]) if words]
    assert found == what


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_targets_of_make_exist(page: Path) -> None:
    for words in words_after("make", shown(page)):
        named = [word for word in words if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-")]
        assert set(named) <= TARGETS, f"make {' '.join(words)}"
