"""What an experiment was made from, and what its score rests on: the evaluator, and what held the sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...domain import Experiment
from ...ids import experiment_id
from ...store.experiments import stats
from .. import references
from ..lab import Lab
from ..sanitize import cut

MAX_ANCESTORS = 20
MAX_WORDS = 120
"""Characters of what an ancestor changed, and of a part of the sandbox."""
VERSION_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Ancestor:
    """An experiment from whose source another was made.

    Attributes:
        changes: What it changed itself.
    """

    id: str
    changes: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an experiment was made from, and what its score rests on.

    Attributes:
        ancestors: The newest first; empty for what was made from the baseline.
        scored_by: In words; empty while there is no result.
        sandbox: What held each part of the sandbox, such as `landlock-7` for `files`.
    """

    ancestors: Sequence[Ancestor]
    scored_by: str
    sandbox: Mapping[str, str]


async def get_provenance(lab: Lab, id: str) -> Provenance:
    """Return where an experiment and its score come from.

    Raises:
        BadInputError: The text is not an id.
        NotFoundError: The experiment doesn't exist.
    """
    experiment = await references.find_experiment(lab, id)
    line = await stats.ancestry(lab.db, experiment.number, MAX_ANCESTORS + 1)
    held: Mapping[str, Any] = experiment.result.get("sandbox") or {}
    return Provenance(
        [Ancestor(experiment_id(number), cut(changes, MAX_WORDS)) for number, changes in line[1:]],
        _scored_by(experiment),
        {name: cut(part, MAX_WORDS) for name, part in held.items() if isinstance(part, str) and part},
    )


def _scored_by(experiment: Experiment) -> str:
    if not experiment.result:
        return ""
    evaluator: Mapping[str, Any] | None = experiment.result.get("evaluator")
    if not evaluator:
        return "its own output, which labhand believes" if experiment.result.get("self_reported") else ""
    version, data, tokens = (evaluator.get(name) for name in ("version", "data", "tokens"))
    words = [f"the evaluator, version {str(version)[:VERSION_DIGITS]}"]
    words += [f"on {cut(str(data), MAX_WORDS)}"] if data else []
    words += [f"{tokens:,} tokens"] if isinstance(tokens, int) else []
    return ", ".join(words)
