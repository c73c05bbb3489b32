"""Changes of the trainer's folder that no experiment has: a person has corrected a script, and runs go on without that."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from ...source.trainer_folder import Source, built_in
from ...store.experiments import rows
from .. import references
from ..lab import Lab

_ANSWERS: WeakKeyDictionary[Lab, tuple[Source, int, Sequence[str]]] = WeakKeyDictionary()
"""The last answer of each lab: for these files, and this number of experiments."""


async def changed_files(lab: Lab) -> Sequence[str]:
    """Return the editable files of the trainer's folder that differ from the baseline's, if no experiment has them so."""
    source = lab.in_force.source
    if lab.trainer.folder.is_relative_to(built_in()):
        return ()
    newest = await rows.newest_number(lab.db) or 0
    answer = _ANSWERS.get(lab)
    if answer is None or answer[0] is not source or answer[1] != newest:
        answer = (source, newest, await _changed(lab, source))
        _ANSWERS[lab] = answer
    return answer[2]


async def _changed(lab: Lab, source: Source) -> Sequence[str]:
    now = lab.editable_files(source)
    before = lab.editable_files((await references.baseline(lab)).committed)
    changed = sorted(path for path in now.keys() | before.keys() if now.get(path) != before.get(path))
    return () if not changed or await references.is_known(lab, now) else changed
