"""Files that are written in one step, read with a bound, and locked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from labhand.trainer.contract.files import copy_whole, is_locked, locked, open_locked, read_bounded, try_lock, write_whole

HOLDER = """
import sys
from pathlib import Path
from labhand.trainer.contract.files import open_locked
assert open_locked(Path(sys.argv[1])) is not None
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("flush", [True, False])
def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path, *, flush: bool) -> None:
    file = tmp_path / "phase"
    write_whole(file, "starting", flush=flush)
    write_whole(file, b"running", flush=flush, modified_at=10.0)
    assert (file.read_text(), file.stat().st_mtime) == ("running", 10.0)
    assert os.listdir(tmp_path) == ["phase"]  # noqa: PTH208


def test_a_link_in_the_place_of_the_partial_file_is_not_followed(tmp_path: Path) -> None:
    precious, file = tmp_path / "precious", tmp_path / "result.json"
    precious.write_text("mine")
    (tmp_path / "result.json.new").symlink_to(precious)
    write_whole(file, "{}")
    assert (precious.read_text(), file.read_text(), file.is_symlink()) == ("mine", "{}", False)


def test_a_copy_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "log.txt"
    target.write_text("old")
    with pytest.raises(FileNotFoundError):
        copy_whole(tmp_path / "missing", target)
    assert target.read_text() == "old"


def test_only_plain_files_of_bounded_size_are_read(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"1234")
    (tmp_path / "link").symlink_to(tmp_path / "plain")
    os.mkfifo(tmp_path / "pipe")  # reading one would wait for a writer
    contents = {name: read_bounded(tmp_path / name, 4) for name in ("plain", "link", "pipe", ".", "missing")}
    assert contents == {"plain": b"1234", "link": None, "pipe": None, ".": None, "missing": None}
    assert read_bounded(tmp_path / "plain", 3) is None


def test_a_lock_is_held_as_long_as_its_process_lives(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    assert not is_locked(file)
    with subprocess.Popen([sys.executable, "-c", HOLDER, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert is_locked(file)
        assert open_locked(file) is None
        holder.kill()
        holder.wait(60)
    assert not is_locked(file)
    descriptor = open_locked(file)
    assert descriptor is not None
    os.close(descriptor)


def test_who_waits_for_a_lock_can_give_up(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    held = open_locked(file)
    assert held is not None
    waits = iter(range(2))

    def give_up() -> None:
        if next(waits) == 1:
            raise InterruptedError

    with pytest.raises(InterruptedError), locked(file, give_up):
        pytest.fail("the lock is held")
    os.close(held)
    with locked(file, give_up):
        assert is_locked(file)
    assert not is_locked(file)


def test_shared_locks_go_together(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    first, second = (os.open(tmp_path / "lock", os.O_RDONLY) for _ in range(2))
    assert try_lock(first, shared=True)
    assert try_lock(second, shared=True)
    assert not try_lock(second)
    for descriptor in (first, second):
        os.close(descriptor)
