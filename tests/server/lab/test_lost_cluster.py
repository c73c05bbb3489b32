"""A cluster that is lost is on the bill and needs attention."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from labhand.server.lab.fleet import scale
from labhand.server.lab.monitor import alerts

from . import hiring

pytestmark = pytest.mark.anyio


async def test_a_lost_cluster_is_paid_for_and_needs_attention(tmp_path: Path) -> None:
    async with hiring.lab(tmp_path) as lab:
        await hiring.told(lab, replace(hiring.cluster(ago=3600.0), status="lost", note="it may be up. squeue --me"))
        [held] = await scale.held_clusters(lab)
        lines = [alert.line for alert in await alerts.scan(lab) if alert.key == "lost:h100-1"]
    assert held.status == "lost"
    assert held.usd == pytest.approx(8 * hiring.PRICE, rel=0.01)
    assert lines == ["h100-1 of h100 is lost and may still be up: it may be up. squeue --me"]
