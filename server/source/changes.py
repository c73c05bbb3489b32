"""Changes: makes a new source from a base and a requested change, and describes briefly how two sources differ.

The functions block while git applies a patch or merges. Call them in a thread if an event loop runs.
"""

from __future__ import annotations

import ast
import warnings
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ...trainer.contract.errors import ContractError
from ...trainer.contract.trainer_folder.left_out import MAX_FILE_BYTES
from ...trainer.contract.trainer_folder.packages import PACKAGES_FILE, packages_content, read_packages
from ..errors import BadInputError, nearest
from ..schemas.launch import Change
from . import patch_formats
from .edits import patch, replace
from .knobs import KnobFile, find_knobs, has_knobs, knob_words
from .line_diff import replacements
from .literals import UNPARSABLE, Value
from .merge import merge
from .source_knobs import Knobs
from .source_text import BYTE_ORDER_MARK, decode, encode, show
from .trainer_folder import Source, Trainer

MAX_DESCRIPTION = 300
MAX_SCOPES_NAMED = 4


@dataclass(frozen=True, slots=True)
class MergeInput:
    """The change of an experiment, to be merged into another source.

    Attributes:
        id: The experiment's id: `e0042`.
        before: The source of its base.
        after: Its own source.
    """

    id: str
    before: Source
    after: Source


def apply_change(base: Source, change: Change, trainer: Trainer, merges: Sequence[MergeInput] = ()) -> Source:
    """Makes a source: applies files, patch, `apply`, packages, edits and overrides, in this order.

    Args:
        base: The source that `change.base` names.
        change: The requested change. The caller has already looked up its `base` and `apply`.
        trainer: Decides which files are editable.
        merges: The changes of the experiments in `change.apply`, in that order.

    Raises:
        BadInputError: A part can't be applied, a file isn't editable, or the result has a syntax error.
        ConflictError: A merged change affects the same knobs or lines.
    """
    source = dict(base)
    for path, text in change.files.items():
        path = _editable(path, trainer)
        source[path] = encode(path, text, base.get(path, b""))
    if change.patch is not None:
        source = dict(_patched(source, change.patch, trainer))
    for merged in merges:
        source = dict(merge(source, _without_packages(merged.before), _without_packages(merged.after), merged.id))
    source = add_packages(source, [*_brought_packages(merges), *change.packages])
    for edit in change.edits:
        path = _editable(edit.file, trainer)
        source[path] = encode(path, replace(_text(source, path), edit), source[path])
    check(base, source, trainer)
    return Knobs(source, trainer).override(change.overrides) if change.overrides else source


def packages_of(source: Source) -> dict[str, str]:
    """Returns the requirements that a source adds to its trainer's environment, by normalised name.

    Raises:
        BadInputError: Its file of packages can't be used.
    """
    try:
        return read_packages(source.get(PACKAGES_FILE))
    except ContractError as error:
        raise BadInputError(f"{PACKAGES_FILE}: {error.problem}", error.remedy or "Name fewer packages") from error


def add_packages(source: Source, requirements: Sequence[str]) -> dict[str, bytes]:
    """Returns a source with further packages. A later requirement of a name replaces an earlier one.

    Raises:
        BadInputError: A requirement is no package.
    """
    if not requirements:
        return dict(source)
    try:
        added = read_packages(packages_content(requirements))
    except ContractError as error:
        raise BadInputError(f"packages: {error.problem}", error.remedy or "Name fewer packages") from error
    return {**source, PACKAGES_FILE: packages_content({**packages_of(source), **added}.values())}


def _brought_packages(merges: Sequence[MergeInput]) -> list[str]:
    return [requirement for merged in merges for requirement in packages_of(merged.after).values()]


def _without_packages(source: Source) -> Source:
    return {path: data for path, data in source.items() if path != PACKAGES_FILE}


def _patched(source: Source, text: str, trainer: Trainer) -> Source:
    """Returns a source after a patch, in any of the formats that are taken."""
    text = text.removeprefix(BYTE_ORDER_MARK)
    patches = patch_formats.parse(text.replace("\r\n", "\n"))
    if patches is None:
        return patch(source, text, lambda path: _editable(path, trainer))
    return patch_formats.apply(source, patches, lambda path: _editable(path, trainer))


def take_folder(folder: Source, baseline: Source, trainer: Trainer) -> Source:
    """Returns the editable files of a folder on disk with the baseline's protected files, for `base="workdir"`.

    Raises:
        BadInputError: A protected file differs from the baseline's, or a file has a syntax error.
    """
    protected = {path: data for path, data in baseline.items() if not trainer.is_editable(path)}
    for path, data in protected.items():
        if folder.get(path) != data:
            raise BadInputError(
                f"{path} in the folder differs from the baseline's file, and isn't editable",
                "Restore it, or start a new lab with the changed trainer",
            )
    source = protected | {path: data for path, data in folder.items() if trainer.is_editable(path)}
    check(baseline, source, trainer)
    return source


def knobs_of(source: Source, trainer: Trainer) -> dict[str, Value]:
    """Returns every knob's value by its name (see `Knobs`)."""
    return Knobs(source, trainer).values


def describe(before: Source, after: Source) -> str:
    """Returns what differs, in a few words: `DEPTH 4→6; train.py +12 −3: class Block, def main`. Empty if nothing differs."""
    knobs: list[str] = []
    files: list[str] = []
    for path in sorted(_differing(before, after)):
        old, new = _texts(before, after, path)
        if path == PACKAGES_FILE:
            files.append(_describe_packages(before, after))
        elif path not in after:
            files.append(f"{path} removed")
        elif path not in before:
            files.append(f"{path} new, {len(new.splitlines())} lines")
        else:
            words, old = _set_knobs(path, old, new) if has_knobs(path) else ("", old)
            knobs += [words] if words else []
            files += [_describe_lines(path, old, new)] if old != new else []
    whole = "; ".join([*filter(None, [", ".join(knobs)]), *files])
    return whole if len(whole) <= MAX_DESCRIPTION else whole[: MAX_DESCRIPTION - 1] + "…"


def _describe_packages(before: Source, after: Source) -> str:
    new, old = packages_of(after), packages_of(before)
    added = [requirement for name, requirement in new.items() if old.get(name) != requirement]
    words = [f"+{requirement}" for requirement in added] + [f"−{name}" for name in old if name not in new]
    return f"packages {' '.join(words)}"


def diffstat(before: Source, after: Source) -> str:
    """Returns the lines added and removed for each file: `train.py +12 −3`. Empty if nothing differs."""
    parts: list[str] = []
    for path in sorted(_differing(before, after)):
        removed, added = _changed_lines(*_texts(before, after, path))
        parts.append(f"{path} +{len(added)} −{len(removed)}")
    return ", ".join(parts)


def _differing(before: Source, after: Source) -> Iterator[str]:
    return (path for path in {*before, *after} if before.get(path) != after.get(path))


def check(before: Source, after: Source, trainer: Trainer) -> None:
    """Checks that only editable files differ, and that their content can run.

    Raises:
        BadInputError: A file that differs is not editable, not text, too large, removed, or has a syntax error.
    """
    for path in sorted(_differing(before, after)):
        if path == PACKAGES_FILE:
            continue
        _editable(path, trainer)
        data = after.get(path)
        if data is not None:
            _check_file(path, data)
        elif path in trainer.editable:
            raise BadInputError(f"{path} can't be removed: trainer.toml lists it as editable", "Change its content instead")
        for parent in PurePosixPath(path).parents:
            if str(parent) in after:
                raise BadInputError(f"{path} can't be a file: {parent} is a file, not a folder", "Choose another path")


def _editable(path: str, trainer: Trainer) -> str:
    """Returns the path in its normal form.

    Raises:
        BadInputError: Experiments may not change this path.
    """
    pure = PurePosixPath(path)
    allowed = f"Editable: {', '.join(trainer.editable)}"
    if pure.is_absolute() or ".." in pure.parts:
        raise BadInputError(f"{path!r} leaves the trainer folder", allowed)
    is_hidden = str(pure) not in trainer.editable and any(part.startswith(".") for part in pure.parts)
    if not path.isprintable() or is_hidden:
        raise BadInputError(f"{path!r} can't be part of a source: hidden files and control characters aren't allowed", allowed)
    if str(pure) == PACKAGES_FILE:
        raise BadInputError(f"{path} isn't edited: a launch writes it", 'Ask for packages: packages=["einops"] in a launch')
    if not trainer.is_editable(str(pure)):
        raise BadInputError(f"{path} isn't editable", allowed)
    return str(pure)


def _text(source: Source, path: str) -> str:
    if path not in source:
        raise BadInputError(
            f"The base has no file {path}", nearest(path, source, "files of the base", "Use files to add a file")
        )
    return decode(path, source[path])


def _check_file(path: str, data: bytes) -> None:
    if len(data) > MAX_FILE_BYTES:
        raise BadInputError(
            f"{path} has {len(data):,} bytes, and {MAX_FILE_BYTES:,} are allowed",
            "Split it into several files, or leave out data that the trainer can compute",
        )
    if b"\0" in data:
        raise BadInputError(f"{path} is binary", "Only text can be changed")
    decode(path, data)
    if path.endswith(".py"):
        _check_syntax(path, data)


def _check_syntax(path: str, data: bytes) -> None:
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(data, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise BadInputError(
            f"{path}, line {error.lineno}, column {error.offset}: {error.msg}: {(error.text or '').strip():.160}",
            "Correct the syntax; nothing was launched",
        ) from error
    except UNPARSABLE as error:
        raise BadInputError(
            f"{path} can't be parsed: {str(error) or type(error).__name__}", "Correct it; nothing was launched"
        ) from error


def _set_knobs(path: str, old: str, new: str) -> tuple[str, str]:
    """How the knobs that both texts have differ, in words, and the old text with the new values of these knobs."""
    file, knobs = KnobFile(old, path), find_knobs(new, path)
    words = knob_words(file.knobs, knobs)
    return words, file.fill({name: knobs[name].text for name in file.knobs.keys() & knobs.keys()}) if words else old


def _describe_lines(path: str, old: str, new: str) -> str:
    removed, added = _changed_lines(old, new)
    changed = list(dict.fromkeys([*scopes(new, added), *scopes(old, removed)]))
    named = ", ".join(changed[:MAX_SCOPES_NAMED]) + (", …" if len(changed) > MAX_SCOPES_NAMED else "")
    return f"{path} +{len(added)} −{len(removed)}" + (f": {named}" if named else "")


def _texts(before: Source, after: Source, path: str) -> tuple[str, str]:
    return show(path, before.get(path, b"")), show(path, after.get(path, b""))


def _changed_lines(old: str, new: str) -> tuple[list[int], list[int]]:
    """Numbers of the lines that are removed from the old text, and of the lines that are added in the new text."""
    start = old.rfind("\n", 0, _common(old, new)) + 1
    head = old.count("\n", 0, start)
    old, new = old[start:], new[start:]
    tail = old[len(old) - _common(old[::-1], new[::-1]) :].partition("\n")[2]
    before, after = (text[: len(text) - len(tail)].split("\n") for text in (old, new))
    removed: list[int] = []
    added: list[int] = []
    for low, high, first, last in replacements(before, after):
        removed += range(head + low + 1, head + high + 1)
        added += range(head + first + 1, head + last + 1)
    return removed, added


def _common(left: str, right: str) -> int:
    """Length of the common beginning of two texts; by bisection, because a grid calls it a thousand times."""
    return bisect_left(range(min(len(left), len(right))), 1, key=lambda last: left[: last + 1] != right[: last + 1])


def scopes(text: str, lines: Iterable[int]) -> list[str]:
    """Returns the classes and functions to which lines of a Python file belong, methods as `Block.forward`."""
    try:
        spans = list(_spans(ast.parse(text)))
    except UNPARSABLE:
        return []
    innermost = {line: name for first, last, name in spans for line in range(first, last + 1)}
    return list(dict.fromkeys(innermost[line] for line in lines if line in innermost))


def _spans(module: ast.Module) -> Iterator[tuple[int, int, str]]:
    """First line, last line and name of top-level functions and classes, a class before its methods."""
    for node in module.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield node.lineno, node.end_lineno or node.lineno, f"def {name}"
            case ast.ClassDef(name=name):
                yield node.lineno, node.end_lineno or node.lineno, f"class {name}"
                for inner in node.body:
                    if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                        yield inner.lineno, inner.end_lineno or inner.lineno, f"{name}.{inner.name}"
            case _:
                pass
