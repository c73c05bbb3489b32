"""Commands that may train: from the README, pyproject.toml, the Makefile, and the names of scripts."""

from __future__ import annotations

import ast
import itertools
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any, Final, cast

from ..errors import BadInputError, nearest
from .folder_survey import FolderSurvey

_BLOCK: Final = re.compile(r"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)^[ \t]*```", re.MULTILINE | re.DOTALL)
_INDENTED: Final = re.compile(r"^(?: {4,}|\t)[ \t]*(\S[^\n]*)$", re.MULTILINE)
"""A line of a block of code without fences, as Markdown and reStructuredText have it."""
_SHELLS: Final = frozenset({"", "sh", "bash", "shell", "console", "zsh", "text", "terminal"})
_PROGRAM: Final = re.compile(r"(?:python[0-9.]*|uv|torchrun|accelerate|poetry|sh|bash|make|\./\S+)")
_PROCESSES: Final = re.compile(r"--(?:nproc[-_]per[-_]node|num[-_]processes)[= ](\d{1,3})\b")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=\S*")
_PLACEHOLDER: Final = re.compile(r"[<>{}$|&;`*]|\.\.\.|path/to|/your")
_TRAINS: Final = re.compile(r"train|pretrain|fit|experiment", re.IGNORECASE)
_DOES_NOT_TRAIN: Final = re.compile(
    r"\b(?:pip|venv|install|sync|lock|add|pytest|setup|docker|clone|jupyter|lint|format)\b"
    r"|sampl|eval|test|prepar|download|preprocess|generat|infer|predict|serve|demo|plot|visuali|export|convert|bench",
    re.IGNORECASE,
)
_PREPARES: Final = re.compile(r"prepar|download|preprocess|make_data|build_data", re.IGNORECASE)
LACKING: Final = 2.0
"""Subtracted from the weight of a script that imports packages which aren't installed."""
_SCRIPTS: Final = {"train.py": 6.0, "main.py": 3.0, "run.py": 2.0, "__main__.py": 2.5, "pretrain.py": 4.0}
_EXAMPLE: Final = 'Write it as in a shell at that folder: --command "python train.py --epochs 3"'
_GUARD: Final = re.compile(r"^if __name__ ==", re.MULTILINE)
_TRAINING: Final = re.compile(r"\btrain\w*\(|\.run\(|\.fit\(|\.backward\(|\.learn\(")
_LEARNS: Final = re.compile(r"\.backward\(")
_DEFINITIONS: Final = (
    *(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.Assign, ast.AnnAssign, ast.Pass),
)


@dataclass(frozen=True, slots=True)
class CommandCandidate:
    """A command that may train.

    Attributes:
        words: The command, as `trainer.toml` has it.
        place: Where it stands, such as `README.md`.
        weight: The likelihood that it is the command which trains; higher is better.
    """

    words: tuple[str, ...]
    place: str
    weight: float

    @property
    def script(self) -> str:
        """The file that it runs; empty where that can't be told."""
        return next((word.removeprefix("./") for word in self.words if word.endswith((".py", ".sh"))), "")

    @property
    def processes(self) -> int:
        """How many processes it starts that train together, as `--nproc_per_node=2` of torchrun says."""
        match = _PROCESSES.search(" ".join(self.words))
        return max(1, int(match[1])) if match else 1

    @property
    def module(self) -> str:
        """The module that it runs with `-m`, or imports; empty for none."""
        for flag, word in zip(self.words, self.words[1:], strict=False):
            if flag == "-m":
                return word
            if flag == "-c" and (imported := re.search(r"(?:from |run_module\(')([\w.]+)", word)):
                return imported[1]
        return ""


def command_candidates(found: FolderSurvey, *, has_gpu: bool) -> list[CommandCandidate]:
    """Return the commands that may train, the likeliest first.

    Args:
        found: The folder.
        has_gpu: This machine has a GPU; without one, commands that name the processor are preferred.
    """
    candidates = [
        *(*_from_documents(found), *_from_makefile(found), *_from_project(found)),
        *(*_from_comments(found), *_from_names(found)),
    ]
    best: dict[tuple[str, ...], CommandCandidate] = {}
    for candidate in candidates:
        weight = candidate.weight + _bonus(candidate.words, has_gpu=has_gpu)
        weight -= LACKING * bool(candidate.script and found.lacks_packages(candidate.script))
        if candidate.words not in best or best[candidate.words].weight < weight:
            best[candidate.words] = CommandCandidate(candidate.words, candidate.place, weight)
    usable = [candidate for candidate in best.values() if _exists(found, candidate)]
    return sorted(usable, key=lambda candidate: -candidate.weight)


def written_command(found: FolderSurvey, text: str) -> CommandCandidate:
    """Return the command that a person has written.

    Raises:
        BadInputError: It can't be read as a command, or runs a file that isn't part of the folder.
    """
    try:
        words = tuple(_normal(shlex.split(text)))
    except ValueError as error:
        raise BadInputError(f"{text!r} can't be read as a command: {error}", _EXAMPLE) from error
    candidate = CommandCandidate(words, "your own words", 0.0)
    if not words:
        raise BadInputError("The command is empty", _EXAMPLE)
    if candidate.script and not found.has(candidate.script):
        similar = nearest(candidate.script, found.python_files, "scripts")
        raise BadInputError(f"{text!r} runs {candidate.script}, and {found.folder} has no such file", similar)
    return candidate


def preparing_command(found: FolderSurvey) -> CommandCandidate | None:
    """Return the command of the README or a script by whose name data is prepared; None for none."""
    named = [
        CommandCandidate(words, place, 0) for words, place in _document_commands(found) if _PREPARES.search(" ".join(words[1:]))
    ]
    scripts = [path for path in found.python_files if _PREPARES.match(PurePosixPath(path).name) and path.count("/") < 2]
    named += [CommandCandidate(("python", path), path, 0) for path in scripts]
    return next((candidate for candidate in named if _exists(found, candidate)), None)


def other_commands(found: FolderSurvey, command: CommandCandidate) -> list[str]:
    """Return the commands of the folder's documents that run another of its files than a command does, in their order."""
    named = [CommandCandidate(words, place, 0) for words, place in _document_commands(found)]
    others = [each for each in named if each.script and each.script != command.script and _exists(found, each)]
    return list(dict.fromkeys(shlex.join(each.words) for each in others))


def _bonus(words: tuple[str, ...], *, has_gpu: bool) -> float:
    text = " ".join(words)
    bonus = 0.0 if has_gpu or "cpu" not in text else 1.5
    if words[0] in {"torchrun", "accelerate"} or "torch.distributed" in text:
        bonus -= 3
    return bonus - (1.0 if not has_gpu and "cuda" in text else 0.0)


def _exists(found: FolderSurvey, candidate: CommandCandidate) -> bool:
    """Return whether the folder holds what a command runs."""
    script, module = candidate.script, candidate.module
    if script:
        return found.has(script)
    if module:
        place = module.replace(".", "/")
        names = [f"{root}{place}{end}" for root in ("", "src/") for end in (".py", "/__main__.py", "/__init__.py")]
        return any(map(found.has, names))
    return candidate.words[0] in {"make"}


def _from_documents(found: FolderSurvey) -> Iterator[CommandCandidate]:
    for number, (words, place) in enumerate(_document_commands(found)):
        text = " ".join(takewhile(lambda word: not word.startswith("--"), words[1:]))  # `--do_eval` says nothing of the script
        candidate = CommandCandidate(words, place, (8.0 if _TRAINS.search(text) else 2.0) - 0.1 * number)
        if not _DOES_NOT_TRAIN.search(text) or _TRAINS.search(PurePosixPath(text).name):
            yield candidate
        elif _LEARNS.search(found.texts.get(candidate.script, "")):  # `ode_demo.py` trains, whatever its name says
            yield replace(candidate, weight=candidate.weight - 0.5)


def _document_commands(found: FolderSurvey) -> Iterator[tuple[tuple[str, ...], str]]:
    documents = sorted((path for path in found.texts if path.endswith((".md", ".rst"))), key=_document_order)
    for path in documents[:10]:
        text = found.texts[path]
        blocks = [match[2] for match in _BLOCK.finditer(text) if match[1].lower() in _SHELLS]
        blocks += [match[1] for match in _INDENTED.finditer(_BLOCK.sub("", text))]
        for line in "\n".join(blocks).replace("\\\n", " ").splitlines():
            if words := _words_of(line):
                yield tuple(_from_root(found, PurePosixPath(path).parent, word) for word in words), path


def _from_root(found: FolderSurvey, folder: PurePosixPath, word: str) -> str:
    """Return a word of a command with the path of the script that it names, which may be relative to the document's folder."""
    beside = str(folder / word)
    return beside if word.endswith((".py", ".sh")) and not found.has(word) and found.has(beside) else word


def _document_order(path: str) -> tuple[int, bool, str]:
    return path.count("/"), not path.lower().startswith("readme"), path


def _words_of(line: str) -> tuple[str, ...]:
    """The command that a line of a shell shows; empty if it is none, or has to be filled in first."""
    line = re.split(r"\s#", line.strip().removeprefix("$ ").removeprefix("> "))[0].strip()
    try:
        words = shlex.split(line)
    except ValueError:
        return ()
    while words and _ASSIGNMENT.fullmatch(words[0]):
        words.pop(0)
    if not words or not _PROGRAM.fullmatch(words[0]) or _PLACEHOLDER.search(line):
        return ()
    return tuple(_normal(words))


def _normal(words: list[str]) -> list[str]:
    """A command with `python` for every name of the interpreter, and without the flags that pick processes."""
    if words[0].startswith("python"):
        return ["python", *words[1:]]
    if words[:2] == ["poetry", "run"]:
        return _normal(words[2:]) if len(words) > 2 else words
    return words


def _from_comments(found: FolderSurvey) -> Iterator[CommandCandidate]:
    """Yield the commands in the comment at the top of a script that run this script."""
    for path in found.python_files:
        for line in itertools.takewhile(
            lambda line: line.startswith("#") or not line.strip(), found.texts.get(path, "").splitlines()
        ):
            words = _words_of(line.lstrip("#! \t"))
            candidate = CommandCandidate(words, f"the comment at the top of {path}", 7.0 - 1.5 * path.count("/"))
            if len(words) > 1 and candidate.script == path and not _DOES_NOT_TRAIN.search(PurePosixPath(path).name):
                yield candidate


def _from_makefile(found: FolderSurvey) -> Iterator[CommandCandidate]:
    text = found.texts.get("Makefile", "")
    for match in re.finditer(r"^([\w.-]*(?:train|fit)[\w.-]*)[ \t]*:(?!=)[^\n]*\n\t@?([^\n]+)", text, re.MULTILINE):
        words = _words_of(match[2])
        yield CommandCandidate(words or ("make", match[1]), f"target {match[1]} of the Makefile", 5.0 if words else 1.0)


def _from_project(found: FolderSurvey) -> Iterator[CommandCandidate]:
    try:
        project: dict[str, Any] = tomllib.loads(found.texts.get("pyproject.toml", ""))
    except tomllib.TOMLDecodeError:
        return
    poetry = cast("dict[str, Any]", project.get("tool", {})).get("poetry", {})
    scripts = {**project.get("project", {}).get("scripts", {}), **poetry.get("scripts", {})}
    for name, target in scripts.items():
        module, _, function = str(target).partition(":")
        if not re.fullmatch(r"[\w.]+", module) or not re.fullmatch(r"\w+", function):
            continue
        is_below_src = any(path.startswith(f"src/{module.partition('.')[0]}") for path in found.paths)
        place = "import sys; sys.path.insert(0, 'src'); " if is_below_src else ""
        words = ("python", "-c", f"{place}from {module} import {function}; {function}()")
        yield CommandCandidate(words, f"script {name} in pyproject.toml", 5.5 if _TRAINS.search(f"{name} {target}") else 1.0)


def _from_names(found: FolderSurvey) -> Iterator[CommandCandidate]:
    for path in found.python_files:
        name, text = PurePosixPath(path).name, found.texts.get(path, "")
        has_guard = bool(_GUARD.search(text))
        weight = _weight_of_name(name) or (0.5 if has_guard and _TRAINING.search(text) and _may_train(name) else 0.0)
        if not weight and not (len(found.python_files) == 1 and _may_train(name) and _does_something(text)):
            continue
        weight -= 1.5 * path.count("/")
        if found.has(f"{path.rpartition('/')[0]}/__init__.py"):
            if not _does_something(text):
                continue
            yield CommandCandidate(_as_module(path), path, weight + 0.2)
        elif name != "__main__.py":
            yield CommandCandidate(("python", path), path, weight + (0.5 if has_guard else 0.0))


def _weight_of_name(name: str) -> float:
    return _SCRIPTS.get(name, 1.5 if _TRAINS.search(name) and _may_train(name) else 0.0)


def _may_train(name: str) -> bool:
    return not _DOES_NOT_TRAIN.search(name)


def _does_something(text: str) -> bool:
    """Return whether running a file does more than define: a module of a library named trainer.py is no command."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return True
    docstring = [node for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)]
    return not body or any(not isinstance(node, _DEFINITIONS) and node not in docstring for node in body)


def _as_module(path: str) -> tuple[str, ...]:
    module = path.removesuffix(".py").removesuffix("/__main__").replace("/", ".")
    if module.startswith("src."):
        run = f"import sys, runpy; sys.path.insert(0, 'src'); runpy.run_module({module[4:]!r}, run_name='__main__')"
        return "python", "-c", run
    return "python", "-m", module
