"""The person's own git repository: a branch is added to it, of objects and one reference alone."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ...errors import BadInputError, ConflictError
from ...source import git

MAX_FILES_NAMED = 8
_FILE, _FOLDER = "blob", "tree"
_PLAIN = "100644"
_REMEDY = "write a patch with --patch FILE"


@dataclass(frozen=True, slots=True)
class HeadEntry:
    """A file, a folder or a submodule of HEAD.

    Attributes:
        mode: As git writes it: `100644`, `100755`, `040000`, `160000`.
        kind: `blob`, `tree` or `commit`, which is a submodule.
        hash: Of its content.
    """

    mode: str
    kind: str
    hash: str


class PersonRepository:
    """A repository at its HEAD. Make it with `around`.

    Attributes:
        top: Its folder.
        prefix: The path of the folder within it, with a slash at its end unless it is empty.
    """

    def __init__(self, top: Path, prefix: str) -> None:
        self.top = top
        self.prefix = prefix
        self._head = self._git("rev-parse", "--verify", "HEAD^{commit}", why="has no commit yet").decode().strip()
        listed = self._git("ls-tree", "-r", "-t", "-z", "--full-tree", self._head).decode("utf-8", "surrogateescape")
        pairs = [line.partition("\t")[::2] for line in listed.split("\0") if line]
        self._entries = {path: HeadEntry(*about.split()[:3]) for about, path in pairs}

    @classmethod
    def around(cls, folder: Path) -> PersonRepository:
        """Return the repository that a folder is in.

        Raises:
            BadInputError: There is no such folder, it is in no repository, or that has no commit.
        """
        if not folder.is_dir():
            raise BadInputError(f"{folder} is no folder", f"Name a checkout of the trainer's folder with --repo, or {_REMEDY}")
        answer = git.attempt("rev-parse", "--show-toplevel", "--show-prefix", cwd=folder, isolated=False)
        if answer.status != 0:
            raise BadInputError(
                f"{folder} is in no git repository with a working tree, so there is nothing to make a branch in",
                f"Name a checkout with --repo, or {_REMEDY}",
            )
        top, _, prefix = answer.output.decode().partition("\n")
        return cls(Path(top), prefix.strip())

    def add_branch(
        self, branch: str, before: Mapping[str, bytes | None], after: Mapping[str, bytes | None], message: str
    ) -> str:
        """Add a branch with one commit that follows HEAD. Returns the commit.

        Args:
            branch: Its name.
            before: The files that change, as HEAD must have them, relative to the folder; None for one that it must lack.
            after: The same files in the commit; None for one that is removed.
            message: Of the commit.

        Raises:
            ConflictError: The branch exists, or HEAD has other files, or something else stands where a file belongs.
            BadInputError: git refuses.
        """
        reference = f"refs/heads/{branch}"
        if git.attempt("show-ref", "--verify", "--quiet", reference, cwd=self.top, isolated=False).status == 0:
            raise ConflictError(f"{self.top} has a branch {branch} already", "Give another name with --name, or delete it")
        self._refuse_blocked([path for path, data in after.items() if data is not None])
        self._refuse_differing(before)
        tree = self._tree(after)
        commit = self._git("commit-tree", tree, "-p", self._head, "-F", "-", data=message.encode()).decode().strip()
        self._git("update-ref", reference, commit, "")  # an empty old value: it must not exist
        return commit

    def _refuse_blocked(self, paths: list[str]) -> None:
        """Refuse a file where HEAD has a folder, a submodule or, as its folder, a file: that would be removed."""
        for path in paths:
            place = PurePosixPath(self.prefix + path)
            folders = [str(folder) for folder in place.parents if str(folder) != "."]
            blocking = [name for name in folders if name in self._entries and self._entries[name].kind != _FOLDER]
            entry = self._entries.get(str(place))
            if entry is not None and entry.kind != _FILE:
                blocking.append(str(place))
            if blocking:
                raise ConflictError(
                    f"HEAD of {self.top} has {blocking[0]}, where the branch would have to put {place}",
                    f"Check out the commit that the lab was made from, or {_REMEDY} and apply it by hand",
                )

    def _refuse_differing(self, before: Mapping[str, bytes | None]) -> None:
        """Refuse files that HEAD has otherwise than the baseline: the branch would undo what the person has changed."""
        differing = [path for path, data in before.items() if self._hash_in_head(path) != self._hash_of(path, data)]
        if differing:
            more = f" and {len(differing) - MAX_FILES_NAMED} more" if len(differing) > MAX_FILES_NAMED else ""
            raise ConflictError(
                f"HEAD of {self.top} and the lab's baseline differ in {', '.join(differing[:MAX_FILES_NAMED])}{more}",
                "If the baseline contains changes that you haven't committed, commit them; otherwise check out the commit that"
                f" the lab was made from, or {_REMEDY}",
            )

    def _hash_in_head(self, path: str) -> str | None:
        entry = self._entries.get(self.prefix + path)
        return None if entry is None else entry.hash

    def _hash_of(self, path: str, data: bytes | None, *options: str) -> str | None:
        """Return the hash of a file as the repository stores it: its filters, such as those of line ends, are applied."""
        if data is None:
            return None
        return self._git("hash-object", *options, "--stdin", f"--path={self.prefix}{path}", data=data).decode().strip()

    def _tree(self, files: Mapping[str, bytes | None]) -> str:
        """Write a tree: that of HEAD, with other files. The index is one of its own, which is removed."""
        with tempfile.TemporaryDirectory(prefix="labhand-index-") as place:
            own_index = {"GIT_INDEX_FILE": f"{place}/index"}
            self._git("read-tree", self._head, variables=own_index)
            entries = "".join(f"{self._index_entry(path, data)}\0" for path, data in files.items())
            self._git("update-index", "-z", "--index-info", data=entries.encode(), variables=own_index)
            return self._git("write-tree", variables=own_index).decode().strip()

    def _index_entry(self, path: str, data: bytes | None) -> str:
        place = f"{self.prefix}{path}"
        if data is None:
            return f"0 {'0' * len(self._head)}\t{place}"
        mode = self._entries[place].mode if place in self._entries else _PLAIN
        return f"{mode} {self._hash_of(path, data, '-w')}\t{place}"

    def _git(self, *arguments: str, data: bytes = b"", variables: dict[str, str] | None = None, why: str = "") -> bytes:
        answer = git.attempt(*arguments, cwd=self.top, data=data, variables=variables, isolated=False)
        if answer.status != 0:
            problem = f"{self.top} {why}" if why else f"git {arguments[0]} failed in {self.top}: {answer.complaint[-500:]}"
            raise BadInputError(problem, f"Correct that, or {_REMEDY}")
        return answer.output
