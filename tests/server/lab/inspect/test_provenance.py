"""What an experiment was made from, and what its score rests on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from labhand.server.errors import NotFoundError
from labhand.server.lab.inspect.provenance import Ancestor, get_provenance

from .. import builders

pytestmark = pytest.mark.anyio


async def test_the_line_of_sources_leads_from_the_newest_to_the_first_after_the_baseline(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        first = await builders.experiment(lab, changes="DEPTH 1→2")
        second = await builders.experiment(lab, changes="WIDTH 64→96", base=first)
        await builders.experiment(lab, changes="RATE 0.1→0.2\x1b[31m", base=second)
        assert (await get_provenance(lab, "e0003")).ancestors == [
            Ancestor("e0002", "WIDTH 64→96"),
            Ancestor("e0001", "DEPTH 1→2"),
        ]
        assert (await get_provenance(lab, "e0001")).ancestors == []
        with pytest.raises(NotFoundError):
            await get_provenance(lab, "e0009")


async def test_a_measured_score_names_the_evaluator_its_data_and_the_sandbox(tmp_path: Path) -> None:
    measured = json.loads(builders.RESULT) | {
        "evaluator": {"version": "0123456789abcdef", "data": "sotu-1024", "tokens": 262144},
        "sandbox": {"files": "landlock-7", "network": "seccomp", "exceptions": []},
    }
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9, result=measured)
        told = await get_provenance(lab, "e0001")
    assert told.scored_by == "the evaluator, version 0123456789ab, on sotu-1024, 262,144 tokens"
    assert told.sandbox == {"files": "landlock-7", "network": "seccomp"}


async def test_a_self_reported_score_says_so_and_without_a_result_nothing_is_said(tmp_path: Path) -> None:
    async with builders.lab(tmp_path) as lab:
        await builders.experiment(lab, score=1.9, result={"self_reported": True, "evaluator": None})
        await builders.experiment(lab)
        assert (await get_provenance(lab, "e0001")).scored_by == "its own output, which labhand believes"
        assert (await get_provenance(lab, "e0002")).scored_by == ""
