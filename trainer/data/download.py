"""Downloads of large files over HTTP, which go on where they stopped and are checked before they are believed.

A file is written to `NAME.part` and gets its name when its size and its sha256 are right. So a download that was ended at any
moment goes on at the next call, and a file with its name is whole.
"""

from __future__ import annotations

import errno
import os
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from hashlib import file_digest
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from threading import Event
from typing import BinaryIO, cast
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from .progress import Progress

AT_ONCE = 4
"""Files that are downloaded at the same time: one connection rarely fills the line."""
FRUITLESS_TRIES = 6
"""Tries in a row that may bring no byte, before a download is given up."""
SILENCE_SECONDS = 60.0
"""After which a connection that brings nothing counts as broken."""
CHUNK = 1 << 20
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_OF_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.ENOENT})
_AUTHORITIES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class DownloadError(Exception):
    """A file can't be downloaded, or isn't what was expected; the text says what happened."""


class _Stopped(Exception):  # another file's download has failed
    pass


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on a server.

    Attributes:
        name: Of the file where it is kept.
        url: Where it comes from.
        size: In bytes.
        sha256: Of its content, in hexadecimal.
    """

    name: str
    url: str
    size: int
    sha256: str

    def is_at(self, path: Path) -> bool:
        """Whether a file is this one: its size is compared, and then its content."""
        return path.is_file() and path.stat().st_size == self.size and _sha256(path) == self.sha256


def part_of(path: Path) -> Path:
    """Where the beginning of a file lies while the rest is missing."""
    return path.with_name(f"{path.name}.part")


def bytes_there(file: RemoteFile, folder: Path) -> int:
    """How many bytes of a file needn't be downloaded any more, as far as its size tells."""
    path = folder / file.name
    there = path if path.is_file() else part_of(path)
    return min(file.size, there.stat().st_size) if there.is_file() else 0


class Downloader:
    """Brings files into a folder.

    Args:
        folder: Is there already.
        progress: Counts the bytes that arrive.
        token: For the server that the URL names; a server that it redirects to doesn't get it.
        pause: Waits for a number of seconds before another try; by default it ends early if another file has failed.
    """

    def __init__(
        self, folder: Path, progress: Progress, token: str | None = None, pause: Callable[[float], object] | None = None
    ) -> None:
        self._folder, self._progress, self._token = folder, progress, token
        self._stopped = Event()
        self._pause = pause or self._stopped.wait

    def fetch(self, files: Sequence[RemoteFile]) -> None:
        """Bring files, several at a time.

        Raises:
            DownloadError: Of the first file that can't be brought. What has arrived of the others is kept.
        """
        with ThreadPoolExecutor(AT_ONCE, "download") as pool:
            futures = [pool.submit(self._fetch_one, file) for file in files]
            try:
                for future in as_completed(futures):
                    future.result()
            finally:  # also where the person presses Ctrl-C
                self._stopped.set()
                pool.shutdown(cancel_futures=True)

    def _fetch_one(self, file: RemoteFile) -> None:
        place = self._folder / file.name
        if place.is_file():
            if file.is_at(place):
                return
            self._progress.add(-bytes_there(file, self._folder))
            place.unlink()
            part_of(place).unlink(missing_ok=True)
        for is_last in (False, True):  # what went wrong before an interruption is brought anew, once
            self._complete(file, part_of(place))
            if file.is_at(part_of(place)):
                part_of(place).replace(place)
                return
            self._progress.add(-file.size)
            found = f"{part_of(place).stat().st_size} bytes with the sha256 {_sha256(part_of(place))}"
            part_of(place).unlink()
            if is_last:
                expected = f"{file.size} bytes with the sha256 {file.sha256}"
                raise DownloadError(f"{file.url} gave {found}, and not {expected}; the copy was refused")

    def _complete(self, file: RemoteFile, part: Path) -> None:
        """Bring what is missing of a file, in as many tries as that takes."""
        fruitless, most = 0, _size(part)
        while (have := _size(part)) < file.size or not part.exists():
            problem = self._try(file, part, have)
            fruitless = 0 if _size(part) > most else fruitless + 1
            most = max(most, _size(part))
            if fruitless == FRUITLESS_TRIES:
                raise DownloadError(
                    f"{file.url} can't be downloaded: {problem}. {_size(part):,} of {file.size:,} bytes are kept"
                )
            if self._stopped.is_set():
                raise _Stopped
            if fruitless:
                self._pause(2.0 ** (fruitless - 1))

    def _try(self, file: RemoteFile, part: Path, have: int) -> str:
        """One request for the rest of a file. Returns what ended it before it was whole."""
        request = Request(file.url, headers={"User-Agent": "labhand", "Accept-Encoding": "identity"})  # noqa: S310
        if have:
            request.add_header("Range", f"bytes={have}-")
        if self._token:
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with open_url(request) as answer, part.open("ab") as out:
                self._receive(answer, out, file, have)
        except HTTPError as error:
            error.close()
            if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                part.unlink()
                self._progress.add(-have)
                raise DownloadError(
                    f"{file.url} has no more than {have:,} bytes, and not {file.size:,}; it was refused"
                ) from error
            if error.code not in _TRANSIENT:
                raise DownloadError(
                    f"{file.url} can't be downloaded: the server answers {error.code} {error.reason}"
                ) from error
            return f"the server answers {error.code} {error.reason}"
        except (OSError, HTTPException) as error:
            if isinstance(error, OSError) and error.errno in _OF_DISK:
                raise DownloadError(f"{part} can't be written: {error.strerror}") from error
            return str(error) or type(error).__name__
        return "the connection ended early"

    def _receive(self, answer: HTTPResponse, out: BinaryIO, file: RemoteFile, have: int) -> None:
        """Write what a server sends. A server that begins at another byte than the one that was asked for is understood."""
        begins = _first_byte(answer)
        if begins != have:
            if begins:
                raise HTTPException(f"the server sent bytes from {begins} on, and not from {have} on")
            out.truncate(0)  # it ignores ranges, and begins anew
            self._progress.add(-have)
            have = 0
        while have <= file.size and (content := answer.read1(CHUNK)):
            if self._stopped.is_set():
                raise _Stopped
            out.write(content)
            have += len(content)
            self._progress.add(len(content))


def open_url(request: Request) -> HTTPResponse:
    """Send a request, and follow redirections. The machine's proxies count, and the authorities that it names.

    Raises:
        OSError: The server can't be reached, or answers with an error: then it is an `HTTPError`.
    """
    if not request.full_url.startswith(("http://", "https://")):
        raise DownloadError(f"{request.full_url} is no http or https address")
    files = [os.environ[name] for name in _AUTHORITIES if os.environ.get(name)]
    is_file = bool(files) and Path(files[0]).is_file()
    context = ssl.create_default_context(cafile=files[0] if is_file else None)
    return cast("HTTPResponse", urlopen(request, timeout=SILENCE_SECONDS, context=context))  # noqa: S310


def _first_byte(answer: HTTPResponse) -> int:
    """The place in the file of the first byte that an answer has."""
    if answer.status != HTTPStatus.PARTIAL_CONTENT:
        return 0
    begins = (answer.headers["Content-Range"] or "").removeprefix("bytes ").partition("-")[0]
    if not begins.isdecimal():
        raise HTTPException(f"the server's Content-Range is {answer.headers['Content-Range']!r}")
    return int(begins)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
