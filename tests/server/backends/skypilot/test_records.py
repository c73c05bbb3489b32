"""The records of the `skypilot` backend: files that every process can read, which their owner holds in memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.backends.skypilot.cluster_records import ClusterRecords
from labhand.server.backends.skypilot.state import ClusterRecord, Placement


def placement(number: int) -> Placement:
    return Placement(f"e{number:04d}-1", "waiting", float(number), 300.0)


@pytest.mark.parametrize("is_owner", [True, False])
def test_what_was_written_is_read_in_its_order(tmp_path: Path, *, is_owner: bool) -> None:
    records = ClusterRecords(tmp_path, "h100")
    assert not is_owner or records.acquire()
    for number in (3, 1, 2):
        records.save_placement(placement(number))
    records.save_placement(placement(2), state="placed", cluster="lh-1")
    records.remove_placement("e0001-1")
    assert [(p.run, p.state) for p in records.placements()] == [("e0002-1", "placed"), ("e0003-1", "waiting")]
    assert [p.run for p in records.placements_on("lh-1")] == ["e0002-1"]
    assert records.placement("e0001-1") is None
    assert records.placement("e0003-1") == placement(3)


def test_another_process_reads_what_the_owner_wrote(tmp_path: Path) -> None:
    owner, other = ClusterRecords(tmp_path, "h100"), ClusterRecords(tmp_path, "h100")
    assert owner.acquire()
    owner.save_cluster(ClusterRecord("lh-1", "aws", 8, "starting", 1.0))
    owner.save_placement(placement(1))
    owner.update_cluster("lh-1", status="up")
    assert (other.live(), other.placements()) == (owner.live(), owner.placements())
    owner.update_cluster("lh-1", status="gone", ended_at=2.0)
    owner.remove_placement("e0001-1")
    assert (other.live(), other.placements()) == ([], [])
    assert other.clusters() == owner.clusters() == [ClusterRecord("lh-1", "aws", 8, "gone", 1.0, ended_at=2.0)]


def test_a_pool_has_one_owner_and_the_next_takes_over_what_it_left(tmp_path: Path) -> None:
    first, second = ClusterRecords(tmp_path, "h100"), ClusterRecords(tmp_path, "h100")
    assert first.acquire()
    assert not second.acquire()
    first.save_placement(placement(1))
    first.release()
    assert second.acquire()
    assert second.placements() == [placement(1)]


def test_an_owner_answers_without_reading_files(tmp_path: Path) -> None:
    records = ClusterRecords(tmp_path, "h100")
    records.save_placement(placement(1))
    assert records.acquire()
    for file in tmp_path.rglob("*.json"):
        file.write_text("not JSON", "utf-8")
    assert records.placements() == [placement(1)]
