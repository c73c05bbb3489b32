"""What a folder of foreign training code holds: its texts, its data, its environment. No code of it is executed."""

from __future__ import annotations

import ast
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Final

from ...trainer.contract.trainer_folder.left_out import MAX_FILE_BYTES, LeftOutPath
from ...trainer.contract.trainer_toml.globs import folders_of
from ..errors import BadInputError
from ..source import git
from ..source.folder_listing import MAX_SOURCE_FILES, list_folder
from ..source.inspection.cuda_use import cuda_use
from ..source.inspection.needs import needs_of, parsed
from ..source.source_text import decode
from ..source.trainer_folder import MAX_SOURCE_BYTES

MAX_TEXT_BYTES: Final = 1 << 20
"""Bytes of a text that is read for hints."""
MAX_TEXTS: Final = 2000
_TEXTS: Final = (".py", ".md", ".rst", ".txt", ".toml", ".sh", ".yaml", ".yml", ".json", ".cfg", ".env")
_CONFIGURATION: Final = (".yaml", ".yml", ".toml", ".json", ".env")
_ENVIRONMENTS: Final = (".venv", "venv", "env")
HIDDEN_SETTINGS: Final = ".env"
"""A hidden file whose text is read all the same: programs take their settings from it."""
_CUDA_INDEX: Final = "download.pytorch.org/whl/cu"
_FIXED_SEED: Final = re.compile(
    r"(?:\b(?:manual_seed(?:_all)?|seed|seed_everything|set_seed|default_rng|RandomState|PRNGKey)\(\s*"
    r"|\b(?:\w+\.)*(?:random_state|seed)\s*=\s*)(\d+)"
)
_IMPORTS_OS: Final = re.compile(r"^\s*import (?:[\w., ]+, *)?os\b", re.MULTILINE)
_CONDA_ROOTS: Final = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", ".conda", "micromamba")


@dataclass(frozen=True, slots=True)
class FixedSeed:
    """A number that a script gives a random generator as its seed.

    Attributes:
        place: `train.py:12`.
        number: As written.
        imports_os: Whether the script imports `os`.
    """

    place: str
    number: str
    imports_os: bool

    @property
    def replacement(self) -> str:
        """What to write in the place of the number, so that each run has a seed of its own."""
        above = "" if self.imports_os else ", below an `import os`"
        return f'int(os.environ.get("LABHAND_SEED", {self.number})){above}'


@dataclass(frozen=True, slots=True)
class FolderSurvey:
    """What a folder of training code holds.

    Attributes:
        folder: Where it lies.
        texts: The content of its texts and of `.env`, by path relative to the folder.
        paths: All files that would be part of a source, less data.
        data: Files and folders that are too large or too many to be copied into each run.
        dangling: Symlinks that lead nowhere.
        left_out: What is hidden, ignored by git, or no file at all.
        notebooks: Notebooks, which aren't run.
        unreadable: What is wrong with files that are no text in their encoding.
        prefix: The folder of a virtual environment, relative to the folder, or of a conda environment; empty for none.
        changes: What git reports as not committed.
    """

    folder: Path
    texts: Mapping[str, str]
    paths: tuple[str, ...]
    data: tuple[str, ...] = ()
    dangling: tuple[str, ...] = ()
    left_out: tuple[LeftOutPath, ...] = ()
    notebooks: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    prefix: str = ""
    changes: int = 0

    @property
    def python_files(self) -> list[str]:
        """Paths of the Python files, those nearest to the top first."""
        return sorted((path for path in self.paths if path.endswith(".py")), key=lambda path: (path.count("/"), path))

    @property
    def configuration_files(self) -> list[str]:
        """Paths of files that may hold settings."""
        return [path for path in self.paths if path.endswith(_CONFIGURATION) and PurePosixPath(path).name != "pyproject.toml"]

    def has(self, path: str) -> bool:
        """Whether a file is part of the source."""
        return path in self.paths

    @property
    def has_cuda_wheels(self) -> bool:
        """Whether its environment is made of gigabytes of wheels for CUDA, of PyTorch's index for it."""
        return any(_CUDA_INDEX in self.texts.get(name, "") for name in ("pyproject.toml", "requirements.txt"))

    def place_of_package(self, name: str) -> str:
        """Return the folder that PYTHONPATH has to name for a package or module of this folder: `.`, `src`, or empty."""
        for place, root in ((".", ""), ("src", "src/")):
            if self.has(f"{root}{name}/__init__.py") or self.has(f"{root}{name}.py"):
                return place
        return ""

    def lacks_packages(self, path: str) -> bool:
        """Whether a script imports packages that aren't in the environment which would run it, as far as can be told."""
        if not self.prefix and (self.has("uv.lock") or self.has("requirements.txt")):  # an environment can be made of these
            return False
        source = {name: text.encode("utf-8", "replace") if name == path else b"" for name, text in self.texts.items()}
        modules = needs_of(source, path.__eq__).modules
        return not all(map(self._is_installed, modules))

    def _is_installed(self, module: str) -> bool:
        if not self.prefix:
            return find_spec(module) is not None
        places = (self.folder / self.prefix).glob("lib/python3*/site-packages")
        return any(next(place.glob(f"{module}*"), None) is not None for place in places)

    def fixed_seed(self, paths: Sequence[str]) -> FixedSeed | None:
        """Return where one of these files gives a random generator a seed that is a number; None if none does."""
        for path in paths:
            text = self.texts.get(path, "")
            if match := _FIXED_SEED.search(text):
                line = text.count("\n", 0, match.start()) + 1
                return FixedSeed(f"{path}:{line}", match[1], imports_os=_IMPORTS_OS.search(text) is not None)
        return None

    def needs_cuda(self, path: str) -> str:
        """Return the line of a script, or of a module that it imports, that needs a CUDA GPU whatever the machine has.

        Returns:
            `train.py:12`; empty where a processor would do, or none of the files says.
        """
        reached = [path, *imported_files(self, path)] if self.has(path) else []
        own = frozenset(PurePosixPath(name).stem for name in self.python_files)
        trees = {name: parsed(self.texts[name]) for name in reached if name in self.texts}
        uses = {name: cuda_use(tree, own) for name, tree in trees.items() if tree is not None}
        if any(use.asks for use in uses.values()):
            return ""
        return next((f"{name}:{use.line}" for name, use in uses.items() if use.line), "")


def survey(folder: Path) -> FolderSurvey:
    """Look at a folder.

    Raises:
        BadInputError: It isn't a folder, holds nothing, or too much, or git can't tell which files it ignores.
    """
    if not folder.is_dir():
        raise BadInputError(f"There is no folder {folder}", "Give the path of a folder that holds training code")
    listing = list_folder(folder, None)
    dangling = tuple(path for path in listing.paths if not (folder / path).exists())
    sizes = {path: os.lstat(folder / path).st_size for path in listing.paths if path not in dangling}
    data = _data(folder, sizes)
    paths = tuple(path for path in sizes if not any(_is_in(path, place) for place in data))
    wanted = [path for path in paths if path.endswith(_TEXTS) or PurePosixPath(path).name == "Makefile"]
    small = [path for path in wanted[:MAX_TEXTS] if sizes[path] <= MAX_TEXT_BYTES]
    texts, unreadable = _read_texts(folder, [*small, *_hidden_settings(folder)])
    return FolderSurvey(
        folder=folder,
        texts=texts,
        paths=paths,
        data=data,
        dangling=dangling,
        left_out=listing.left_out,
        notebooks=tuple(path for path in listing.paths if path.endswith(".ipynb")),
        unreadable=unreadable,
        prefix=next((name for name in _ENVIRONMENTS if (folder / name / "pyvenv.cfg").is_file()), "") or _conda(texts),
        changes=_count_changes(folder, [left.path for left in listing.left_out]),
    )


def _hidden_settings(folder: Path) -> list[str]:
    place = folder / HIDDEN_SETTINGS
    is_plain = place.is_file() and not place.is_symlink()
    return [HIDDEN_SETTINGS] if is_plain and place.stat().st_size <= MAX_TEXT_BYTES else []


def _conda(texts: Mapping[str, str]) -> str:
    """Return the folder of the conda environment that the folder's file names, if it exists on this machine."""
    text = texts.get("environment.yml") or texts.get("environment.yaml") or ""
    name = re.search(r"^name:[ \t]*([\w.-]+)", text, re.MULTILINE)
    if name is None:
        return ""
    active = Path(os.environ.get("CONDA_PREFIX") or os.devnull)
    places = [active, *(Path.home() / root / "envs" / name[1] for root in _CONDA_ROOTS)]
    return next((str(place) for place in places if place.name == name[1] and (place / "conda-meta").is_dir()), "")


def imported_files(found: FolderSurvey, path: str) -> list[str]:
    """Return the files of a folder that a Python file imports, directly or through others, nearest first."""
    reached: list[str] = []
    waiting = [path]
    while waiting:
        current = waiting.pop(0)
        for name in _imports_of(found, current):
            if name not in reached and name != path:
                reached.append(name)
                waiting.append(name)
    return reached


def _imports_of(found: FolderSurvey, path: str) -> Iterator[str]:
    try:
        tree = ast.parse(found.texts.get(path, ""))
    except (SyntaxError, ValueError, RecursionError):
        return
    roots = list(dict.fromkeys([*folders_of(path), "", "src"]))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        here = roots
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = [module, *(f"{module}.{alias.name}".strip(".") for alias in node.names)]
            if node.level:
                here = [_climb(path, node.level)]
        for name in names:
            yield from _files_of_module(found, name, here)


def _climb(path: str, levels: int) -> str:
    for _ in range(levels):
        path = path.rpartition("/")[0]
    return path


def _files_of_module(found: FolderSurvey, module: str, roots: Sequence[str]) -> Iterator[str]:
    if not module:
        return
    for root in roots:
        place = f"{root}/{module.replace('.', '/')}".lstrip("/")
        for path in (f"{place}.py", f"{place}/__init__.py"):
            if found.has(path):
                yield path
                return


def _data(folder: Path, sizes: Mapping[str, int]) -> tuple[str, ...]:
    """Return what can't be part of a source: symlinks, large files, and folders of many files without code."""
    with_code = {parent for path in sizes if path.endswith(".py") for parent in folders_of(path)}
    places = [path for path, size in sizes.items() if size > MAX_FILE_BYTES or (folder / path).is_symlink()]
    counts: Counter[str] = Counter(parent for path in sizes for parent in folders_of(path))
    volumes: Counter[str] = Counter()
    for path, size in sizes.items():
        volumes.update(dict.fromkeys(folders_of(path), size))
    plain = [place for place in counts if place not in with_code]
    places += [place for place in plain if counts[place] > MAX_SOURCE_FILES // 4 or volumes[place] > MAX_SOURCE_BYTES // 4]
    outermost = (_outermost(place, with_code) for place in places)
    return tuple(dict.fromkeys(outermost))


def _outermost(path: str, with_code: set[str]) -> str:
    """Return the largest folder around data that holds no code; the path itself where there is none."""
    around = [parent for parent in folders_of(path) if parent not in with_code]
    return around[-1] if around else path


def _is_in(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def _read_texts(folder: Path, paths: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read files as text.

    Returns:
        The texts by path, and what is wrong with those that are no text in their encoding.
    """
    texts: dict[str, str] = {}
    problems: list[str] = []
    for path in paths:
        with suppress(OSError):
            data = (folder / path).read_bytes()
            try:
                texts[path] = decode(path, data)
            except BadInputError as error:
                texts[path] = data.decode("utf-8", "replace")
                problems.append(str(error))
    return texts, tuple(problems)


def _count_changes(folder: Path, left_out: Sequence[str]) -> int:
    """Count what git reports as not committed, without what isn't part of runs anyway, such as `.venv/`."""
    answer = git.attempt("status", "--porcelain", "-z", "--untracked-files=normal", "--", ".", cwd=folder, isolated=False)
    reported = answer.output.split(b"\0")[:-1] if answer.status == 0 else []
    ends = tuple(os.fsencode(path) for path in left_out)
    return sum(not (entry.startswith(b"?? ") and entry.endswith(ends)) for entry in reported)
