"""Every finished experiment as a line of JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from dataclasses import asdict

from ..lab import Lab
from .exported_run import exported_runs


async def json_lines(lab: Lab) -> AsyncGenerator[str]:
    """Yield a line for each finished experiment, the oldest first: all of `ExportedRun` but the curve and what is empty."""
    async for block in exported_runs(lab, with_curves=False):
        for run in block:
            filled = {name: value for name, value in asdict(run).items() if value not in (None, "", [], {}, ())}
            yield json.dumps(filled, ensure_ascii=False)
