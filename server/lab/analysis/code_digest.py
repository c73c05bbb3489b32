"""The code of a source: the source without the values of its knobs. Sources with the same code differ only in knobs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from anyio import to_thread

from ...source.changes import knobs_of
from ...source.knobs import KnobFile, find_knobs
from ...source.source_text import show
from ...source.trainer_folder import Source
from ...store.experiments.trials import TriedExperiment
from .. import references
from ..lab import Lab
from ..proposals import Proposal

BATCH = 500
"""Sources that are held in memory at once."""

Changed = Mapping[str, bytes | None]
"""Files that differ from the baseline's; None for a file that is gone."""


@dataclass(frozen=True, slots=True)
class CodeDigest:
    """The code of a source.

    Attributes:
        digest: Equal for sources that differ in knobs only; empty for the baseline's code.
        lines: How many lines of its editable files aren't blank.
    """

    digest: str
    lines: int


class Baseline:
    """The source that code is compared with. Make it with `Baseline.of`."""

    def __init__(self, tree: str, source: Source, knobs: Collection[str]) -> None:
        self.tree = tree
        self._source = source
        self._knobs = frozenset(knobs)
        self._parsed = frozenset(path for path, data in source.items() if _needs_parser(path, data))
        self._blanked = {path: self._blank(path, data, knobs) for path, data in source.items()}
        self._lines = sum(map(_lines, source.values()))

    @classmethod
    async def of(cls, lab: Lab) -> Baseline:
        """Return the baseline of a lab."""
        baseline = await references.baseline(lab)
        source = lab.editable_files(baseline.committed)
        # Read anew: a row may have been stored by a version that knew fewer kinds of knobs.
        knobs = await to_thread.run_sync(knobs_of, source, lab.trainer)
        return cls(baseline.commit.tree, source, knobs)

    def code(self, changed: Changed, knobs: Collection[str]) -> CodeDigest:
        """Return the code of a source.

        Args:
            changed: Its editable files that differ from the baseline's.
            knobs: The names of its knobs.
        """
        blanked = {
            path: None if data is None else self._blank(path, data, {*knobs, *self._knobs}) for path, data in changed.items()
        }
        parts = [f"{path}\0{blank}" for path, blank in sorted(blanked.items()) if blank != self._blanked.get(path)]
        lines = self._lines + sum(_lines(data or b"") - _lines(self._source.get(path, b"")) for path, data in changed.items())
        return CodeDigest(sha256("\0".join(parts).encode()).hexdigest()[:16] if parts else "", lines)

    def _blank(self, path: str, data: bytes, knobs: Collection[str]) -> str:
        """Return a file's text without the values of its knobs."""
        names = {name.removeprefix(f"{path}:") for name in knobs}
        text = show(path, data)
        if path in self._parsed:
            return KnobFile(text, path).fill(dict.fromkeys(names, ""))
        return _blanked(path, text, names)

    def code_of(self, lab: Lab, proposal: Proposal) -> CodeDigest:
        """Return the code of a source that is not saved yet."""
        editable = lab.editable_files(proposal.source)
        changed: dict[str, bytes | None] = {path: data for path, data in editable.items() if self._source.get(path) != data}
        return self.code(changed | dict.fromkeys(self._source.keys() - editable.keys()), proposal.knobs.keys())


async def codes(lab: Lab, baseline: Baseline, tried: Iterable[TriedExperiment]) -> dict[str, CodeDigest]:
    """Return the code of every experiment's source, by tree."""
    knobs = {experiment.tree: experiment.knobs.keys() for experiment in tried}
    trees = list(knobs)
    code_by_tree: dict[str, CodeDigest] = {}
    for start in range(0, len(trees), BATCH):
        block = trees[start : start + BATCH]
        differing = await lab.sources.differing(baseline.tree, block, lab.trainer.is_editable)
        code_by_tree |= await to_thread.run_sync(_codes, baseline, block, differing, knobs)
    return code_by_tree


def _codes(
    baseline: Baseline, trees: Sequence[str], differing: Sequence[Changed], knobs: Mapping[str, Collection[str]]
) -> dict[str, CodeDigest]:
    return {tree: baseline.code(changed, knobs[tree]) for tree, changed in zip(trees, differing, strict=True)}


def _needs_parser(path: str, data: bytes) -> bool:
    """Whether a file has knobs other than constants, which an expression can't find. For constants it is much faster."""
    return any(knob.kind != "constant" for knob in find_knobs(show(path, data), path).values())


def _blanked(path: str, text: str, knobs: Collection[str]) -> str:
    """Return a file's text without the values of its knobs. Of a value over several lines, only the first line is taken out."""
    if not knobs or not path.endswith(".py"):
        return text
    names = "|".join(map(re.escape, sorted(knobs)))
    # A second statement on the line is code.
    return re.sub(rf"^({names})\b([^=\n;#]*)=[^\n;#]*(?:#[^\n]*)?$", r"\1\2", text, flags=re.MULTILINE)


def _lines(data: bytes) -> int:
    return sum(1 for line in data.splitlines() if line.strip())
