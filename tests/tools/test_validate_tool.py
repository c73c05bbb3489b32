"""A validation as an agent sees it, with real runs on this machine."""

from __future__ import annotations

import pytest

from .calls import data, finished, refusal
from .conftest import Connect

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(300)]

LUCK = {"file": "train.py", "find": 'get("LABHAND_SEED", "0")', "replace": 'get("LABHAND_SEED", "0") + NAME'}
"""Lets a seed do something else to each name."""


async def test_what_is_better_is_confirmed_and_promoted_and_what_is_not_is_not(connect: Connect) -> None:
    async with connect() as client:
        better = await data(client, "launch_experiment", hypothesis="nearer to the bottom", edits=[LUCK], overrides={"X": 2.5})
        same = await data(client, "launch_experiment", hypothesis="a name is just a name", edits=[LUCK])
        [good], [null] = better["experiments"], same["experiments"]
        await finished(client, good, null, *better["baseline"])

        priced = await data(client, "validate", ids=[null], replicates=4, dry_run=True)
        assert priced["estimate"]["gpu_seconds"] > 0
        assert "validation" not in priced["tests"][0]
        told = await data(client, "validate", ids=[null], replicates=4)
        assert told["tests"][0]["validation"] == "v001"
        assert "v001" in await refusal(client, "validate", ids=[null])
        [row] = (await finished(client, "v001"))["validations"]
        assert (row["verdict"], row["promoted"], row["champion"]) == ("not_shown", False, "baseline")
        assert "gain" not in row

        await data(client, "validate", ids=[good], replicates=4)
        over = await finished(client, "v002")
        [row] = over["validations"]
        assert (row["verdict"], row["promoted"], row["test"]) == ("confirmed", True, 2)
        assert row["gain"] == pytest.approx(3.75, abs=0.15)
        assert row["interval"][0] < row["gain"] < row["interval"][1]
        assert row["p"] <= row["level"]
        assert over["lab"]["champion"] == good
        assert "finished" not in over

        champion = (await data(client, "get_briefing"))["champion"]
        assert (champion["id"], champion["validation"], champion["gain"]) == (good, "v002", row["gain"])
        assert champion["ancestry"][0].startswith(good)
        table = await data(client, "get_results", ids=["v002"])
        assert table["total"] == 24
        assert table["validations"] == [row]
        assert (await data(client, "get_experiment", id=good))["verdict"] == "confirmed"
        assert "champion" in await refusal(client, "validate", ids=[good])
