"""Code that logs to W&B: its runs are offline, and what it logs may be the metric, in the file that W&B writes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ..source.inspection.needs import parsed
from .metric_candidates import MetricCandidate, candidate_of, ranked

OFFLINE: Final = {"WANDB_MODE": "offline"}
RUN_FILE: Final = "wandb/offline-run-*/run-*.wandb"
_IMPORT: Final = re.compile(r"^[ \t]*(?:import|from)[ \t]+wandb\b", re.MULTILINE)
_SEPARATOR: Final = re.compile(r"[^\w]+")


def uses_wandb(texts: Sequence[str]) -> bool:
    """Return whether one of these scripts imports W&B."""
    return any(_IMPORT.search(text) for text in texts)


def logged_metrics(texts: Sequence[str]) -> list[MetricCandidate]:
    """Return what scripts that import W&B log to it and that may be a metric, the likeliest first.

    Args:
        texts: The scripts.
    """
    keys = [key for text in texts if _IMPORT.search(text) for key in _keys(text)]
    found = [(key, candidate_of(_SEPARATOR.sub("_", key), f"wandb.log: {key}", None)) for key in dict.fromkeys(keys)]
    return ranked([replace(candidate, file=RUN_FILE, key=key) for key, candidate in found if candidate is not None])


def _keys(text: str) -> Iterator[str]:
    """The names in the dictionaries of a script: of those that it hands to `log`, or else of all."""
    tree = parsed(text)
    if tree is None:
        return
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_log(node.func)]
    dictionaries = [each for call in calls for each in call.args if isinstance(each, ast.Dict)]
    for node in dictionaries or ast.walk(tree):
        for key in node.keys if isinstance(node, ast.Dict) else ():
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value


def _is_log(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr == "log"
