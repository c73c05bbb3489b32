"""The notebook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from labhand.server.errors import BadInputError, NotFoundError
from labhand.server.lab.manage.notebook import MAX_TEXT, note

from ..writing import launch_grid, opened

pytestmark = pytest.mark.anyio


async def test_a_note_is_tied_to_experiments_and_a_theme(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch_grid(lab, factors={"X": [2, 3]})
        written = await note(lab, " Nearer is better. ", ["g001", "e0004", "e0001"], "place", "me")
        assert (written.note, written.text, written.theme) == (1, "Nearer is better.", "place")
        assert written.experiments == ["e0001-e0002", "e0004"]
        row = await lab.db.row("SELECT * FROM notes")
        assert row is not None
        assert (row["text"], row["written_by"], json.loads(row["experiments"])) == ("Nearer is better.", "me", [1, 2, 4])


async def test_a_note_may_be_about_nothing_in_particular(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        assert (await note(lab, "Read the paper first", [], None, "me")).experiments == []


async def test_empty_and_endless_notes_and_unknown_experiments_are_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        for text in (" \n", "x" * (MAX_TEXT + 1)):
            with pytest.raises(BadInputError, match="1 to 10,000"):
                await note(lab, text, [], None, "me")
        with pytest.raises(NotFoundError, match="e0007"):
            await note(lab, "It helped", ["e0007"], None, "me")
        assert await lab.db.rows("SELECT * FROM notes") == []
