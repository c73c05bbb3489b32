"""Reading sources: small pieces that an edit can find again."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from anyio import create_task_group, current_time, sleep
from labhand.server.errors import BadInputError, NotFoundError
from labhand.server.lab.inspect.source import read_source
from labhand.server.lab.lab import Lab

from .. import builders

pytestmark = pytest.mark.anyio

TRAIN = '''\
"""Trains."""
import functools

DEPTH = 4
ADAM_BETAS = (0.8, 0.95)


class Block:
    """A layer."""

    width: int = 8

    def __init__(self, width):
        self.width = width

    @functools.cache
    def forward(self, x):
        """Adds ``` to it."""
        return x + self.width


async def main(steps: int = 3) -> None:
    for step in range(steps):
        print(step)
'''


@asynccontextmanager
async def lab_with(tmp_path: Path, train: str = TRAIN, left_out: Sequence[str] = ()) -> AsyncGenerator[Lab, None]:
    """A lab on a trainer of two files, one of which may be edited."""
    trainer = tmp_path / "trainer"
    trainer.mkdir()
    (trainer / "train.py").write_bytes(train.encode())
    (trainer / "data.py").write_text("PATH = 'here'\n")
    for name in left_out:
        (trainer / name).write_text("")
    (trainer / "trainer.toml").write_text(
        'name = "two"\neditable = ["train.py"]\ncommand = ["python", "train.py"]\n[metric]\nname = "loss"\nsource = "output"\n'
    )
    async with builders.lab(tmp_path, trainer=trainer) as lab:
        yield lab


def code(text: str) -> list[str]:
    """What stands in the fences of an answer."""
    return [match[2] for match in re.finditer(r"^(`{3,})\w*\n(.*?)\n\1$", text, re.M | re.S)]


async def test_by_default_the_outline_and_the_knobs_are_shown(tmp_path: Path) -> None:
    async with lab_with(tmp_path) as lab:
        assert await read_source(lab) == "\n".join(
            [
                "Source of baseline. Editable: train.py",
                "",
                "train.py, 24 lines",
                "Knobs:",
                "  DEPTH = 4  (line 4)",
                "  ADAM_BETAS = (0.8, 0.95)  (line 5)",
                "Defines:",
                "  class Block  (lines 8-19)",
                "    def __init__(self, width)  (lines 13-14)",
                "    def forward(self, x)  (lines 16-19)",
                "  async def main(steps: int=3) -> None  (lines 22-24)",
                "",
                "Other files, which must not be changed: data.py, trainer.toml",
            ]
        )


@pytest.mark.parametrize(
    ("symbol", "lines"),
    [
        ("main", (22, 24)),
        ("Block", (8, 19)),
        ("Block.forward", (16, 19)),
        ("forward", (16, 19)),
        ("DEPTH", (4, 4)),
        ("width", (11, 11)),
    ],
)
async def test_a_symbol_is_shown_as_it_stands_in_the_file(tmp_path: Path, symbol: str, lines: tuple[int, int]) -> None:
    async with lab_with(tmp_path) as lab:
        text = await read_source(lab, "baseline", symbol=symbol)
    first, last = lines
    assert code(text) == ["\n".join(TRAIN.split("\n")[first - 1 : last])]
    assert f"lines {first}-{last} of 24" in text.splitlines()[0]


@pytest.mark.parametrize(("asked", "first", "last"), [("8-10", 8, 10), ("4", 4, 4), ("20-99", 20, 24), (" 1 .. 2 ", 1, 2)])
async def test_lines_are_shown_as_they_stand_in_the_file(tmp_path: Path, asked: str, first: int, last: int) -> None:
    async with lab_with(tmp_path) as lab:
        assert code(await read_source(lab, lines=asked)) == ["\n".join(TRAIN.split("\n")[first - 1 : last])]


async def test_line_ends_and_odd_characters_survive_for_an_edit_to_find(tmp_path: Path) -> None:
    async with lab_with(tmp_path, "A = 1\r\nB = '\x0c'\r\nC = 'é'\r\n") as lab:
        assert code(await read_source(lab, lines="1-3")) == ["A = 1\r\nB = '\x0c'\r\nC = 'é'\r"]


async def test_a_search_shows_every_place_with_context_and_merges_neighbours(tmp_path: Path) -> None:
    async with lab_with(tmp_path) as lab:
        text = await read_source(lab, search=r"self\.width|DEPTH", regex=True)
        literal = await read_source(lab, search="range(steps")
    heads = [line for line in text.splitlines() if line.startswith("baseline train.py")]
    assert heads == ["baseline train.py, lines 2-6 of 24", "baseline train.py, lines 12-21 of 24"]
    assert code(literal) == ["\n".join(TRAIN.split("\n")[20:24])]


@pytest.mark.parametrize("expression", [".*.*.*.*.*.*!", r"(\w+\s*)+:", "(a|a)*b"])
async def test_no_search_holds_the_server_and_its_other_clients(tmp_path: Path, expression: str) -> None:
    async with lab_with(tmp_path, f"LINE = '{'a ' * 2000}'\n{'a' * 4000}\n") as lab, create_task_group() as group:
        answers: list[str] = []

        async def search() -> None:
            try:
                answers.append(await read_source(lab, search=expression, regex=True))
            except BadInputError as refused:
                answers.append(str(refused))

        group.start_soon(search)
        longest = 0.0
        while not answers:
            began = current_time()
            await sleep(0.01)  # what another client would wait
            longest = max(longest, current_time() - began)
        assert "was ended" in answers[0]
        assert longest < 2


async def test_a_search_is_for_literal_text_by_default(tmp_path: Path) -> None:
    async with lab_with(tmp_path, "A = 1\nB = '.*.*.*.*.*.*!'\nC = 3\n") as lab:
        assert "'.*.*.*.*.*.*!'" in await read_source(lab, search=".*.*.*.*.*.*!")


async def test_a_protected_file_can_be_read_when_it_is_named(tmp_path: Path) -> None:
    async with lab_with(tmp_path) as lab:
        assert code(await read_source(lab, file="data.py", lines="1")) == ["PATH = 'here'"]
        assert "PATH = 'here'" in await read_source(lab, file="data.py")


async def test_another_source_is_shown_as_a_diff(tmp_path: Path) -> None:
    async with lab_with(tmp_path) as lab:
        kept = await builders.source(lab, {"train.py": TRAIN.replace("DEPTH = 4", "DEPTH = 6")})
        await builders.experiment(lab, commit=kept)
        text = await read_source(lab, "e0001", against="baseline")
        assert "From baseline to e0001" in text
        assert "-DEPTH = 4\n+DEPTH = 6" in text
        assert await read_source(lab, "e0001", against="e0001") == "e0001 is the same as e0001."
        (lab.trainer.folder / "train.py").write_text(TRAIN.replace("DEPTH = 4", "DEPTH = 8"))
        assert "-DEPTH = 6\n+DEPTH = 8" in await read_source(lab, "workdir", against="e0001")
        assert code(await read_source(lab, "workdir", symbol="DEPTH")) == ["DEPTH = 8"]


async def test_a_long_answer_is_cut_and_says_how_to_see_the_rest(tmp_path: Path) -> None:
    long = "def main():\n" + "".join(f"    print({number})  # {'x' * 60}\n" for number in range(1000))
    async with lab_with(tmp_path, long) as lab:
        text = await read_source(lab, symbol="main")
        assert len(text) < 45_000
        assert "set lines to read the rest" in text
        assert "more places" in await read_source(lab, search="0)")


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        ({"symbol": "forwards"}, NotFoundError, "forward"),
        ({"file": "trian.py"}, NotFoundError, "train.py"),
        ({"search": "nowhere"}, NotFoundError, "outline"),
        ({"search": ""}, BadInputError, "search"),
        ({"search": "a\nb"}, BadInputError, "a part of one line"),
        ({"search": "self.width|DEPTH"}, NotFoundError, "set regex=true"),
        ({"search": "(", "regex": True}, BadInputError, "is no regular expression"),
        ({"search": "nowhere.*", "regex": True}, NotFoundError, "outline"),
        ({"lines": "40-50"}, BadInputError, "24"),
        ({"lines": "9-3"}, BadInputError, "10-40"),
        ({"lines": "all"}, BadInputError, "10-40"),
        ({"lines": "1-3", "symbol": "main"}, BadInputError, "Set only one"),
        ({"id": "e0042"}, NotFoundError, "e0042"),
        ({"id": "champ"}, BadInputError, "champ"),
    ],
)
async def test_what_cannot_be_shown_is_refused_with_what_would_do(
    tmp_path: Path, asked: dict[str, Any], error: type[Exception], told: str
) -> None:
    async with lab_with(tmp_path) as lab:
        with pytest.raises(error, match=told):
            await read_source(lab, **asked)


async def test_a_file_with_a_syntax_error_still_shows_its_lines(tmp_path: Path) -> None:
    async with lab_with(tmp_path) as lab:
        await builders.experiment(lab, commit=await builders.source(lab, {"train.py": "def broken(:\n"}))
        assert "train.py, 1 lines" in await read_source(lab, "e0001")
        assert code(await read_source(lab, "e0001", lines="1")) == ["def broken(:"]


async def test_the_outline_names_what_the_trainer_folder_has_and_runs_lack(tmp_path: Path) -> None:
    async with lab_with(tmp_path, left_out=[".project-root", *(f".{number:02}" for number in range(14))]) as lab:
        line = (await read_source(lab)).splitlines()[-1]
        assert line.startswith("In the trainer folder, and not in runs: .00 (hidden), .01 (hidden)")
        assert line.endswith(".09 (hidden) and 5 more")
        assert "not in runs" not in await read_source(lab, file="train.py")
