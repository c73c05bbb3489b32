"""A download goes on where it stopped, whatever the line and the server do, and nothing is believed that wasn't checked."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from labhand.trainer.data.download import FRUITLESS_TRIES, Downloader, DownloadError, RemoteFile, bytes_there, part_of
from labhand.trainer.data.progress import Progress

from .file_server import FileServer, serving

CONTENT = random.Random(0).randbytes(300_000)  # noqa: S311  no secret
OTHER = random.Random(1).randbytes(300_000)  # noqa: S311


def silent(_: object) -> None:
    """Say nothing, and don't wait."""


def fetch(folder: Path, *files: RemoteFile, token: str | None = None, pause: Callable[[float], object] = silent) -> None:
    Downloader(folder, Progress("Fetched", 1, silent), token, pause).fetch(files)


def test_a_connection_that_breaks_is_resumed_at_the_byte_where_it_broke(tmp_path: Path) -> None:
    with serving(FileServer(files={"a": CONTENT}, drop_after=100_000)) as server:
        fetch(tmp_path, server.remote("a"))
        assert (tmp_path / "a").read_bytes() == CONTENT
        assert server.downloads("a") == [None, "bytes=100000-", "bytes=200000-"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_an_earlier_process_has_left_is_resumed(tmp_path: Path) -> None:
    part_of(tmp_path / "a").write_bytes(CONTENT[:250_000])
    with serving(FileServer(files={"a": CONTENT})) as server:
        assert bytes_there(server.remote("a"), tmp_path) == 250_000
        fetch(tmp_path, server.remote("a"))
        assert server.downloads("a") == ["bytes=250000-"]
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_server_that_ignores_ranges_is_understood(tmp_path: Path) -> None:
    part_of(tmp_path / "a").write_bytes(CONTENT[:250_000])
    with serving(FileServer(files={"a": CONTENT}, ignores_range=True)) as server:
        fetch(tmp_path, server.remote("a"))
        assert server.downloads("a") == ["bytes=250000-"]
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_server_that_ignores_ranges_over_a_line_that_breaks_is_given_up_and_told(tmp_path: Path) -> None:
    with serving(FileServer(files={"a": CONTENT}, ignores_range=True, drop_after=100_000)) as server:
        with pytest.raises(DownloadError, match=r"can't be downloaded: the connection ended early\. 100,000 of 300,000"):
            fetch(tmp_path, server.remote("a"))
        assert len(server.downloads("a")) == FRUITLESS_TRIES + 1
    assert not (tmp_path / "a").exists()


def test_a_server_that_sends_another_range_than_asked_for_is_not_believed(tmp_path: Path) -> None:
    part_of(tmp_path / "a").write_bytes(CONTENT[:1000])
    told = "bytes from 1007 on, and not from 1000 on"
    with serving(FileServer(files={"a": CONTENT}, shifts_range=7)) as server, pytest.raises(DownloadError, match=told):
        fetch(tmp_path, server.remote("a"))
    assert part_of(tmp_path / "a").read_bytes() == CONTENT[:1000]


@pytest.mark.parametrize("wrong", [OTHER, CONTENT[:-1] + b"\0", CONTENT + b"and more"])
def test_wrong_bytes_are_refused_and_brought_anew_once(wrong: bytes, tmp_path: Path) -> None:
    with serving(FileServer(files={"a": CONTENT}, wrong={"a": (wrong, 1)})) as server:
        fetch(tmp_path, server.remote("a"))
        assert (tmp_path / "a").read_bytes() == CONTENT
        assert server.downloads("a") == [None, None]


@pytest.mark.parametrize("wrong", [OTHER, CONTENT + b"and more"])
def test_bytes_that_stay_wrong_are_not_kept(wrong: bytes, tmp_path: Path) -> None:
    with serving(FileServer(files={"a": CONTENT}, wrong={"a": (wrong, 10)})) as server:
        with pytest.raises(DownloadError, match=r"300000 bytes with the sha256 \w{64}; the copy was refused"):
            fetch(tmp_path, server.remote("a"))
        assert len(server.downloads("a")) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_shorter_than_expected_is_refused(tmp_path: Path) -> None:
    with serving(FileServer(files={"a": CONTENT}, wrong={"a": (CONTENT[:1000], 10**9)})) as server:
        with pytest.raises(DownloadError, match="has no more than 1,000 bytes, and not 300,000"):
            fetch(tmp_path, server.remote("a"))
        assert server.downloads("a") == [None, "bytes=1000-"]
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_another_version_ends_as_the_right_file(tmp_path: Path) -> None:
    part_of(tmp_path / "a").write_bytes(OTHER[:250_000])
    with serving(FileServer(files={"a": CONTENT})) as server:
        fetch(tmp_path, server.remote("a"))
        assert server.downloads("a") == ["bytes=250000-", None]
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_whole_file_is_checked_and_not_brought_again_and_a_broken_one_is(tmp_path: Path) -> None:
    with serving(FileServer(files={"a": CONTENT, "b": CONTENT})) as server:
        (tmp_path / "a").write_bytes(CONTENT)
        (tmp_path / "b").write_bytes(OTHER)
        fetch(tmp_path, server.remote("a"), server.remote("b"))
        assert (server.downloads("a"), server.downloads("b")) == ([], [None])
    assert (tmp_path / "b").read_bytes() == CONTENT


def test_a_busy_server_is_asked_again_after_longer_and_longer_pauses(tmp_path: Path) -> None:
    pauses: list[float] = []
    with serving(FileServer(files={"a": CONTENT}, statuses=[503, 429, 500])) as server:
        fetch(tmp_path, server.remote("a"), pause=pauses.append)
    assert pauses == [1.0, 2.0, 4.0]
    assert (tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_told_at_once(status: int, tmp_path: Path) -> None:
    with serving(FileServer(files={"a": CONTENT}, statuses=[status])) as server:
        with pytest.raises(DownloadError, match=f"the server answers {status}"):
            fetch(tmp_path, server.remote("a"))
        assert len(server.requests) == 1


def test_a_server_that_is_not_there_is_given_up(tmp_path: Path) -> None:
    with serving(FileServer(files={"a": CONTENT})) as server:
        file = server.remote("a")
    with pytest.raises(DownloadError, match="Connection refused"):
        fetch(tmp_path, file)


def test_what_came_of_other_files_is_kept_where_one_fails(tmp_path: Path) -> None:
    def files(server: FileServer) -> list[RemoteFile]:
        gone = RemoteFile("gone", f"{server.url}/gone", 10, "0" * 64)
        return [server.remote("a"), gone, *(server.remote(name) for name in "bcdefgh")]

    with serving(FileServer(files=dict.fromkeys("abcdefgh", CONTENT))) as server:
        with pytest.raises(DownloadError, match="gone can't be downloaded"):
            fetch(tmp_path, *files(server))
        left = {path.name.removesuffix(".part") for path in tmp_path.iterdir()}
        assert left <= set("abcdefgh")
        fetch(tmp_path, *(server.remote(name) for name in "abcdefgh"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict.fromkeys("abcdefgh", CONTENT)


def test_a_token_goes_to_the_server_it_is_for_and_not_where_that_redirects_to(tmp_path: Path) -> None:
    part_of(tmp_path / "a").write_bytes(CONTENT[:1000])
    with (
        serving(FileServer(files={"a": CONTENT})) as store,
        serving(FileServer(files={"a": CONTENT}, redirects_to=store.url)) as hub,
    ):
        fetch(tmp_path, hub.remote("a"), token="secret")
        assert hub.tokens == ["Bearer secret"]
        assert store.tokens == [None]
        assert store.downloads("a") == ["bytes=1000-"]
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_disk_that_refuses_is_no_fault_of_the_line(tmp_path: Path) -> None:
    with serving(FileServer(files={"a": CONTENT})) as server, pytest.raises(DownloadError, match=r"a\.part can't be written"):
        fetch(tmp_path / "missing", server.remote("a"))


def test_only_http_is_spoken(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="no http or https"):
        fetch(tmp_path, RemoteFile("a", "file:///etc/passwd", 10, "0" * 64))


def test_progress_says_how_much_how_fast_and_how_long(tmp_path: Path) -> None:
    lines: list[str] = []
    clock = iter([0.0, 1.0, 10.0, 10.0, 10.0, 15.0, 30.0, 30.0, 30.0])
    progress = Progress("Fetched", 1_000_000_000, lines.append, done=100_000_000, now=lambda: next(clock))
    progress.add(1_000_000)
    progress.add(199_000_000)
    progress.add(50_000_000)  # within ten seconds of the line before
    progress.add(250_000_000)
    assert lines == [
        "Fetched 300 of 1,000 MB (30%), 20.0 MB/s, about 35 s left",
        "Fetched 600 of 1,000 MB (60%), 16.7 MB/s, about 24 s left",
    ]
    assert list(tmp_path.iterdir()) == []
