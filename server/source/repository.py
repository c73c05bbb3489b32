"""The repository of all sources: the bare git repository `.labhand/source.git`.

Several processes use it at the same time. That is safe because objects are only added, and git locks the references.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

from ..errors import LabhandError, NotFoundError
from . import git
from .trainer_folder import Source

AUTHOR = "labhand <labhand@localhost>"
BRANCH = "refs/heads/main"
MAX_REMEMBERED = 32
"""Sources that are remembered after they were read."""
MAX_REMEMBERED_BYTES = 1 << 18
"""Larger sources aren't remembered."""
MAX_DIFF = 20_000
"""Default maximum length of a diff, in characters."""
FEW_TAGS = 4
"""Up to so many go with the branch in one call, which flushes the disk for each of them."""
_CONFIG = "[gc]\n\tauto = 0\n"
"""A git that a person runs must keep objects without a tag, too."""
_HASH = re.compile(r"[0-9a-f]{40}")
_MISSING = re.compile(r"not a tree object|bad object|nonexistent object|not a valid commit", re.IGNORECASE)
_NO_COMMIT = "0" * 40


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A source to commit.

    Attributes:
        delta: The files that differ from the first parent, or all files without a parent; None for a removed file. See `delta`.
        parents: The source from which it was made, then the sources that were merged in.
        message: The commit message.
    """

    delta: Mapping[str, bytes | None]
    parents: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A committed source.

    Attributes:
        hash: Hash of the commit.
        tree: Hash of the content: equal trees are equal sources.
    """

    hash: str
    tree: str


def delta(before: Source, after: Source) -> dict[str, bytes | None]:
    """Returns the files that differ between two sources, None for a removed one. `before` is empty without a parent."""
    changed: dict[str, bytes | None] = {path: data for path, data in after.items() if before.get(path) != data}
    return changed | {path: None for path in before if path not in after}


class Sources:
    """The repository of a lab's sources."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._recent: dict[str, Source] = {}

    @classmethod
    async def open(cls, path: Path) -> Sources:
        """Opens the repository at `path`; creates it if none exists."""
        await asyncio.to_thread(_create, path)
        return cls(path)

    async def commit(self, batch: Sequence[NewCommit]) -> list[Commit]:
        """Commits sources in one call of git, in their order. No reference names them until `tag` does."""
        if not batch:
            return []
        answer = await self._git("fast-import", "--quiet", "--done", data=b"".join(_import_stream(batch)))
        # Two lines each: the commit's hash, and its tree as `040000 tree HASH`.
        lines = answer.decode().splitlines()
        return [Commit(commit, tree.split()[2]) for commit, tree in zip(lines[::2], lines[1::2], strict=True)]

    async def tag(self, experiments: Mapping[str, str]) -> None:
        """Tags commits with their experiments, `e0042`, and moves the main branch to the last one, for a plain `git log`."""
        if not experiments:
            return
        updates = "".join(f"update refs/tags/{name} {_checked(commit)}\n" for name, commit in experiments.items())
        branch = f"update {BRANCH} {list(experiments.values())[-1]}\n"
        if len(experiments) <= FEW_TAGS:
            await self._git("update-ref", "--stdin", data=(updates + branch).encode())
            return
        # Flushing the disk for each of a thousand tags takes most of a second; the flush for the branch includes them.
        await self._git("-c", "core.fsyncMethod=writeout-only", "update-ref", "--stdin", data=updates.encode())
        await self._git("update-ref", "--stdin", data=branch.encode())

    async def read(self, commit: str) -> Source:
        """Returns the files of a commit. A hint reads the same few sources many times, so the last ones are remembered.

        Raises:
            NotFoundError: The commit doesn't exist.
        """
        source = self._recent.pop(commit, None)
        if source is None:
            source = await self._read(commit)
        if sum(map(len, source.values())) <= MAX_REMEMBERED_BYTES:
            self._recent[commit] = source
        while len(self._recent) > MAX_REMEMBERED:
            del self._recent[next(iter(self._recent))]
        return dict(source)

    async def _read(self, commit: str) -> Source:
        listing = await self._git("ls-tree", "-r", "-z", "--full-tree", _checked(commit))
        entries = [entry.split("\t", 1) for entry in os.fsdecode(listing).split("\0") if entry]
        wanted = "".join(f"{about.split()[2]}\n" for about, _ in entries)
        contents = _split_blobs(await self._git("cat-file", "--batch", data=wanted.encode()))
        return dict(zip((path for _, path in entries), contents, strict=True))

    async def trees(self, commits: Sequence[str]) -> list[str | None]:
        """Returns the tree of each commit; None if the commit doesn't exist."""
        requests = "".join(f"{commit}^{{tree}}\n" for commit in map(_checked, commits))
        answer = await self._git("cat-file", "--batch-check=%(objecttype) %(objectname)", data=requests.encode())
        answers = (line.split() for line in answer.decode().splitlines())  # a missing one is `HASH^{tree} missing`
        return [words[1] if words[0] == "tree" else None for words in answers]

    async def names(self) -> dict[str, str]:
        """Returns the commit of every tag, by the tag's name `e0042`."""
        listed = await self._git("for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/tags")
        return dict(line.split() for line in listed.decode().splitlines())

    async def differing(self, base: str, trees: Sequence[str], wanted: Callable[[str], bool]) -> list[dict[str, bytes | None]]:
        """Returns for each tree the files that differ from the tree `base`, with their content; None for a removed file.

        It takes two calls of git for all trees.

        Args:
            base: Hash of a tree.
            trees: Hashes of trees.
            wanted: Decides which paths are compared.

        Raises:
            NotFoundError: A tree doesn't exist.
        """
        pairs = "".join(f"{_checked(base)} {_checked(tree)}\n" for tree in trees)
        listing = await self._git("diff-tree", "--stdin", "-r", "-z", "--no-renames", data=pairs.encode())
        changed = [{path: blob for path, blob in blobs.items() if wanted(path)} for blobs in _split_pairs(listing)]
        blobs = sorted({blob for paths in changed for blob in paths.values()} - {_NO_COMMIT})
        contents = _split_blobs(await self._git("cat-file", "--batch", data="".join(f"{blob}\n" for blob in blobs).encode()))
        by_blob: dict[str, bytes] = dict(zip(blobs, contents, strict=True))
        return [{path: by_blob.get(blob) for path, blob in paths.items()} for paths in changed]

    async def diff(self, before: str, after: str, paths: Sequence[str] = (), most: int = MAX_DIFF) -> str:
        """Returns a unified diff between two commits, cut after `most` characters.

        Raises:
            NotFoundError: A commit doesn't exist.
        """
        options = ["--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--text"]
        literal = [f":(literal){path}" for path in paths]
        text = (await self._git("diff", *options, _checked(before), _checked(after), "--", *literal)).decode("utf-8", "replace")
        if len(text) <= most:
            return text
        shown = text[: text.rfind("\n", 0, most) + 1]
        left = text.count("\n", len(shown))
        return f"{shown}… {left} more lines\n"

    async def export(self, commit: str, folder: Path) -> None:
        """Writes the files of a commit into a folder, which is created. A file that starts with `#!` becomes executable.

        Raises:
            NotFoundError: The commit doesn't exist.
        """
        await asyncio.to_thread(write_folder, await self.read(commit), folder)

    async def independent(self, commits: Sequence[str]) -> list[str]:
        """Returns the commits that aren't in the history of another one of them.

        Raises:
            NotFoundError: A commit doesn't exist.
        """
        answer = await self._git("merge-base", "--independent", *dict.fromkeys(map(_checked, commits)))
        return answer.decode().split()

    async def _git(self, *arguments: str, data: bytes = b"") -> bytes:
        answer = await asyncio.to_thread(git.attempt, f"--git-dir={self.path}", *arguments, data=data)
        if answer.status == 0:
            return answer.output
        if _MISSING.search(answer.complaint):
            raise NotFoundError(f"{self.path} has no such commit: {answer.complaint:.200}", git.CHECK)
        raise LabhandError(f"git {' '.join(arguments):.100} failed in {self.path}: {answer.complaint[-1000:]}", git.CHECK)


def write_folder(source: Source, folder: Path) -> None:
    """Writes files into a folder, which is created. A file that starts with `#!` becomes executable."""
    for path, data in source.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        if data.startswith(b"#!"):
            file.chmod(0o755)


def _create(path: Path) -> None:
    """Creates the repository completely or not at all, also if another process does the same at the same time."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    making = Path(mkdtemp(prefix=f"{path.name}.", dir=path.parent))
    try:
        git.run("init", "--quiet", "--bare", "--initial-branch=main", "--template=", str(making))
        with (making / "config").open("a", encoding="utf-8") as config:
            config.write(_CONFIG)
        making.rename(path)
    except OSError:
        if not path.exists():
            raise
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _import_stream(batch: Sequence[NewCommit]) -> Iterator[bytes]:
    """The batch as input of git fast-import, with requests for each commit's hash and tree."""
    reference = f"refs/labhand/{uuid4().hex}"  # fast-import commits to a reference; no other process may use this one
    when = f"{int(time.time())} +0000"
    for mark, new in enumerate(batch, 1):
        if not new.parents:
            yield f"reset {reference}\n".encode()
        message = new.message.encode("utf-8", "replace")
        yield f"commit {reference}\nmark :{mark}\ncommitter {AUTHOR} {when}\ndata {len(message)}\n".encode()
        yield message + b"\n"
        for word, parent in zip(["from", *["merge"] * len(new.parents)], new.parents, strict=False):
            yield f"{word} {_checked(parent)}\n".encode()
        for path, data in new.delta.items():
            yield from _import_file(path, data)
        yield f'get-mark :{mark}\nls :{mark} ""\n'.encode()
    yield f"reset {reference}\nfrom {_NO_COMMIT}\ndone\n".encode()


def _import_file(path: str, data: bytes | None) -> Iterator[bytes]:
    name = b'"' + os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
    if data is None:
        yield b"D " + name + b"\n"
        return
    # The mode depends on the content only, so equal contents give equal trees.
    mode = b"100755" if data.startswith(b"#!") else b"100644"
    yield b"M " + mode + b" inline " + name + b"\ndata %d\n" % len(data)
    yield data
    yield b"\n"


def _split_blobs(answer: bytes) -> Iterator[bytes]:
    """The contents in the answer of `git cat-file --batch`: each follows a line that ends with its size."""
    start = 0
    while start < len(answer):
        body = answer.index(b"\n", start) + 1
        size = int(answer[start:body].split()[2])
        yield answer[body : body + size]
        start = body + size + 1


def _split_pairs(answer: bytes) -> list[dict[str, str]]:
    """For each pair of trees in the answer of `git diff-tree --stdin -z`, the new blob by path."""
    changes: list[dict[str, str]] = []
    fields = iter(answer.split(b"\0"))
    for field in fields:
        *pairs, about = field.split(b"\n")
        changes += [{} for _ in pairs]
        if about:
            changes[-1][os.fsdecode(next(fields))] = about.split()[3].decode()
    return changes


def _checked(commit: str) -> str:
    """Returns the hash of a commit after checking its form, so that nothing else reaches git as an argument."""
    if commit == _NO_COMMIT or not _HASH.fullmatch(commit):
        raise NotFoundError(f"{commit!r:.80} is not a commit", "Give the 40 hexadecimal digits of a commit")
    return commit
