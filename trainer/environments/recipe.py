"""What an environment is made from: files of the trainer's folder, a base interpreter, and the packages of an idea."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from ..contract.errors import ContractError
from ..contract.trainer_toml.environment import UV_LOCK, UV_PROJECT
from .facts import InterpreterFacts

CONSTRAINTS: Final = "constraints.txt"
_VERSION: Final = "1"
"""Of how environments are made: another one makes all of them anew."""
_REFERENCE: Final = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[ =]\s*(\S+)", re.MULTILINE)
_ITSELF: Final = re.compile(r"^\s*(?:-e|--editable)?[ =]?\s*\./?\s*(?:#.*)?$")
_EDITABLE: Final = re.compile(r"^\s*(?:-e|--editable)\b")
_LOCAL_IN_LOCK: Final = re.compile(r"(?:directory|editable|virtual) = \"(?!\.\")")

Kind = Literal["uv", "requirements", "packages"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an environment is made from.

    Attributes:
        kind: `uv` for a lock file, `requirements` for a file of requirements, `packages` for what is added to another one.
        project: The trainer's folder.
        is_editable: Returns for a file of it, by relative path, whether experiments may change it: then it isn't used.
        files: The other files that decide what is installed, with their contents.
        python: The interpreter to make it with; for `uv` also a version; empty for uv's choice.
        options: Of `uv sync`, or the packages to be added.
        base: What packages are added to: fingerprint and folders.
        places: The folders with the packages of that environment.
    """

    kind: Kind
    project: Path
    is_editable: Callable[[str], bool]
    files: Sequence[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])
    python: str = ""
    options: tuple[str, ...] = ()
    base: str = ""
    places: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Names the environment: equal recipes make one that can be shared."""
        facts = (_VERSION, self.kind, sysconfig.get_platform(), self.python, *self.options, self.base)
        digest = sha256("\0".join(facts).encode())
        for name, content in self.files:
            digest.update(f"\0{name}\0".encode() + sha256(content).digest())
        return digest.hexdigest()[:20]


def of_lock(project: Path, is_editable: Callable[[str], bool], python: str, options: tuple[str, ...]) -> Recipe:
    """The recipe of `uv.lock` and `pyproject.toml`.

    Raises:
        ContractError: One of the two is missing.
    """
    files = [(name, _read(project, name, is_editable)) for name in (UV_LOCK, UV_PROJECT)]
    if _LOCAL_IN_LOCK.search(files[0][1].decode("utf-8", "replace")):  # packages of the folder itself are installed, too
        names = [path.relative_to(project).as_posix() for path in sorted(_files_below(project))]
        files += [(name, (project / name).read_bytes()) for name in names if not is_editable(name)]
    return Recipe("uv", project, is_editable, files, python, options)


def of_requirements(project: Path, is_editable: Callable[[str], bool], name: str, python: str) -> Recipe:
    """The recipe of a file of requirements, and of the files that it names. A line for the folder itself is left out.

    Raises:
        ContractError: A file is missing, or a line can't be followed.
    """
    files: dict[str, bytes] = {}
    names = [name]
    while names:
        current = names.pop()
        if current in files:
            continue
        text = _read(project, current, is_editable).decode("utf-8", "replace")
        files[current] = _without_itself(current, text).encode()
        references = [reference for reference in _REFERENCE.findall(text) if "://" not in reference]
        names += [(Path(current).parent / reference).as_posix() for reference in references]
    return Recipe("requirements", project, is_editable, sorted(files.items()), python, (name,))


def of_packages(base: InterpreterFacts, requirements: Iterable[str]) -> Recipe:
    """The recipe of packages that an idea adds to an environment, whose own packages stay as they are."""
    places = tuple(place for place in base.places if Path(place).name in {"site-packages", "dist-packages"})
    constraints = "".join(f"{name}=={version}\n" for name, version in sorted(base.versions.items()))
    return Recipe(
        "packages",
        Path(places[0] if places else base.prefix),
        lambda _: True,
        [(CONSTRAINTS, constraints.encode())],
        base.executable,
        tuple(sorted(requirements)),
        "\0".join([base.fingerprint, *places]),
        places,
    )


def _without_itself(name: str, text: str) -> str:
    lines = [line for line in text.splitlines() if not _ITSELF.match(line)]
    for line in filter(_EDITABLE.match, lines):
        raise ContractError(
            f"{name} has the line {line.strip()!r}: a package in development mode lies outside of the copy that an experiment"
            " changes",
            f"Replace it in {name} by the packages that it needs, and let PYTHONPATH under env of [environment] find its code",
        )
    return "".join(f"{line}\n" for line in lines)


def _read(project: Path, name: str, is_editable: Callable[[str], bool]) -> bytes:
    path = project / name
    if not path.resolve().is_relative_to(project.resolve()):
        raise ContractError(f"{name} lies outside of the trainer's folder", "Put it into the folder")
    with suppress(OSError):
        if not is_editable(name):
            return path.read_bytes()
    how = {UV_LOCK: "`uv lock` makes it", UV_PROJECT: "a lock file stands beside one"}.get(name, "it lists the packages")
    raise ContractError(
        f"{name} isn't among the protected files of the trainer's folder, and [environment] needs it",
        f"Put it there and leave it out of editable ({how}). A file that git ignores doesn't count",
    )


def _files_below(project: Path) -> list[Path]:
    return [path for path in project.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
