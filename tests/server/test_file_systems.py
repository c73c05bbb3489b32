"""Where a lab can be kept: known to be local, or tried by two processes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from labhand.server import file_systems
from labhand.server.errors import SettingsError
from labhand.server.file_systems import file_system, refuse_unsafe_file_system, what_two_processes_see
from labhand.server.store.database import Database


def test_the_file_system_of_a_path_is_that_of_the_deepest_mount(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"/dev/a / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n/dev/b {tmp_path}/own ext4 rw 0 0\n"
        f"/dev/c {tmp_path}/two\\040words\\011tab xfs rw 0 0\nodd\n"
    )
    assert file_system(tmp_path / "lab.db", mounts) == "nfs4"
    assert file_system(tmp_path / "own" / "lab.db", mounts) == "ext4"
    assert file_system(tmp_path / "two words\ttab" / "lab.db", mounts) == "xfs"
    assert file_system(tmp_path, tmp_path / "nowhere") == ""


def on(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the kernel say that everything lies on a file system of this kind."""

    def of_this_kind(_: Path) -> str:
        return kind

    monkeypatch.setattr(file_systems, "file_system", of_this_kind)


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "9p", "ceph"])
def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    on(kind, monkeypatch)
    with pytest.raises(SettingsError, match=rf"network file system \({kind}\).*data_dir"):
        refuse_unsafe_file_system(tmp_path / "lab.db")


@pytest.mark.parametrize("kind", ["fuse.sshfs", "fuse.gcsfuse", "virtiofs", "gpfs", "beegfs", "newfs", ""])
@pytest.mark.anyio
async def test_a_file_system_that_nobody_knows_is_tried_by_two_processes_and_bound_to_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    on(kind, monkeypatch)
    for _ in range(2):
        await (await Database.open(tmp_path / "lab.db")).close()
    (tmp_path / "machine").write_text("node-7 0123456789abcdef")
    with pytest.raises(SettingsError, match="belongs to the machine node-7 0123456789abcdef"):
        await Database.open(tmp_path / "lab.db")


def test_a_known_local_file_system_is_not_tried_nor_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on("ext4", monkeypatch)
    monkeypatch.setattr(sys, "executable", "/nowhere")
    refuse_unsafe_file_system(tmp_path / "new" / "lab.db")
    assert list(tmp_path.iterdir()) == []


def second(code: str) -> list[str]:
    """A second process that sees the file otherwise, as on a file system that doesn't hold between processes."""
    return [sys.executable, "-I", "-S", "-c", code]


WITHOUT_LOCKS = "import sys; open(sys.argv[1], 'r+b').write(b'2'); print(0, 0)"
WITH_FLOCK_ALONE = "import sys; open(sys.argv[1], 'r+b').write(b'2'); print(1, 0)"
WITHOUT_SHARED_MEMORY = "print(1, 1)"


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (WITHOUT_LOCKS, "doesn't keep another process out"),
        (WITH_FLOCK_ALONE, "doesn't keep another process out"),
        (WITHOUT_SHARED_MEMORY, "isn't seen by another one"),
        ("raise OSError(38, 'Function not implemented')", "returned non-zero exit status"),
    ],
)
def test_a_file_system_that_does_not_hold_between_two_processes_is_told_by_what_fails(
    tmp_path: Path, code: str, problem: str
) -> None:
    assert problem in what_two_processes_see(tmp_path, second(code))
    assert list(tmp_path.iterdir()) == []


def test_two_processes_on_a_local_disk_see_the_same(tmp_path: Path) -> None:
    assert what_two_processes_see(tmp_path) == ""


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "Not a directory" in what_two_processes_see(tmp_path / "file")
