"""The code of a source: what is left of it when its knobs are taken out. Sources of one code differ in knobs only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from anyio import to_thread

from ...errors import LabhandError
from ...source.trainer_folder import Source
from ...store.comparison import champions
from ...store.experiments.trials import TriedExperiment
from ..lab import Lab
from ..proposals import Proposal

AT_ONCE = 500
"""Sources that are held in memory."""

Changed = Mapping[str, bytes | None]
"""Files that differ from the baseline's; None for what is gone."""


@dataclass(frozen=True, slots=True)
class CodeDigest:
    """What a source is apart from its knobs.

    Attributes:
        digest: Equal for sources that differ in knobs only; empty for the baseline's code.
        lines: Of its editable files, those that aren't blank.
    """

    digest: str
    lines: int


class Baseline:
    """What code is compared with. Make it with `Baseline.of`."""

    def __init__(self, tree: str, source: Source, knobs: Collection[str]) -> None:
        self.tree = tree
        self._source = source
        self._blanked = {path: _blanked(path, data, knobs) for path, data in source.items()}
        self._lines = sum(map(_lines, source.values()))

    @classmethod
    async def of(cls, lab: Lab) -> Baseline:
        """The lab's."""
        first = await champions.baseline(lab.db)
        if first is None:
            raise LabhandError(
                f"The lab in {lab.folder} has no baseline", "Its database was changed by hand: start another lab"
            )
        source = await lab.sources.read(first.commit)
        editable = {path: data for path, data in source.items() if lab.trainer.is_editable(path)}
        return cls(first.tree, editable, await champions.knobs(lab.db, first.commit))

    def code(self, changed: Changed, knobs: Collection[str]) -> CodeDigest:
        """The code of a source with these knobs that differs from the baseline in these files, all of them editable."""
        blanked = {path: None if data is None else _blanked(path, data, knobs) for path, data in changed.items()}
        parts = [f"{path}\0{blank}" for path, blank in sorted(blanked.items()) if blank != self._blanked.get(path)]
        lines = self._lines + sum(_lines(data or b"") - _lines(self._source.get(path, b"")) for path, data in changed.items())
        return CodeDigest(sha256("\0".join(parts).encode()).hexdigest()[:16] if parts else "", lines)

    def code_of(self, lab: Lab, proposal: Proposal) -> CodeDigest:
        """The code of a source that is not kept yet."""
        editable = {path: data for path, data in proposal.source.items() if lab.trainer.is_editable(path)}
        changed: dict[str, bytes | None] = {path: data for path, data in editable.items() if self._source.get(path) != data}
        return self.code(changed | dict.fromkeys(self._source.keys() - editable.keys()), proposal.knobs.keys())


async def codes(lab: Lab, baseline: Baseline, tried: Iterable[TriedExperiment]) -> dict[str, CodeDigest]:
    """The code of every experiment's source, by tree."""
    knobs = {one.tree: one.knobs.keys() for one in tried}
    trees = list(knobs)
    found: dict[str, CodeDigest] = {}
    for start in range(0, len(trees), AT_ONCE):
        block = trees[start : start + AT_ONCE]
        differing = await lab.sources.differing(baseline.tree, block, lab.trainer.is_editable)
        found |= await to_thread.run_sync(_codes, baseline, block, differing, knobs)
    return found


def _codes(
    baseline: Baseline, trees: Sequence[str], differing: Sequence[Changed], knobs: Mapping[str, Collection[str]]
) -> dict[str, CodeDigest]:
    return {tree: baseline.code(changed, knobs[tree]) for tree, changed in zip(trees, differing, strict=True)}


def _blanked(path: str, data: bytes, knobs: Collection[str]) -> str:
    """A file without the values of its knobs. Of one that is set over several lines the first is taken out."""
    text = data.decode("utf-8", "replace")
    if not knobs or not path.endswith(".py"):
        return text
    names = "|".join(map(re.escape, sorted(knobs)))
    # A second statement on the line is code.
    return re.sub(rf"^({names})\b([^=\n;#]*)=[^\n;#]*(?:#[^\n]*)?$", r"\1\2", text, flags=re.MULTILINE)


def _lines(data: bytes) -> int:
    return sum(1 for line in data.splitlines() if line.strip())
