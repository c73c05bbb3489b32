"""All finished experiments as one Parquet file, through pyarrow: a row each, a column for each knob, metric and measure."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from anyio import to_thread

from ...errors import BadInputError
from ..lab import Lab
from .exported_run import FACTS, ExportedRun, exported_runs
from .optional_library import load_library

EXTRA = "parquet"
_LISTS = ("guards", "flags")
_INTEGERS = ("seed", "replicate")
_NUMBERS = ("score", "gain", "budget_seconds", "gpu_seconds", "usd")
_TIMES = ("launched_at", "started_at", "finished_at")
_TEXT, _INTEGER, _NUMBER, _FLAG = "string", "int64", "float64", "bool"


async def write_parquet(lab: Lab, file: Path) -> int:
    """Write a file, and replace one that exists at once. Returns the number of rows.

    Besides the fields of `ExportedRun` it has the columns `knobs.NAME`, `metrics.NAME`, `measures.NAME` and
    `stratum_facts.NAME`. A knob whose values are of several kinds, or lists, has them as JSON. The lab is read twice: the
    columns have to be known before the first row.

    Raises:
        BadInputError: pyarrow isn't installed, or the file can't be written.
    """
    arrow, parquet = load_library("pyarrow", EXTRA), load_library("pyarrow.parquet", EXTRA)
    columns = await _columns_of(lab)
    schema = arrow.schema([(name, _type_of(arrow, kind)) for name, kind in columns.items()])
    schema = schema.with_metadata({"labhand.lab": lab.identity, "labhand.metric": lab.trainer.metric.name})
    count = 0
    temporary = await to_thread.run_sync(_temporary_beside, file)
    try:
        with parquet.ParquetWriter(temporary, schema) as writer:
            async for block in exported_runs(lab):
                rows = [_row(run, columns) for run in block]
                await to_thread.run_sync(writer.write_table, arrow.Table.from_pylist(rows, schema=schema))
                count += len(rows)
        await to_thread.run_sync(temporary.replace, file)
    finally:
        await to_thread.run_sync(lambda: temporary.unlink(missing_ok=True))
    return count


async def _columns_of(lab: Lab) -> dict[str, str]:
    """Return the kind of each column, in order."""
    kinds: dict[str, set[str]] = {}
    async for block in exported_runs(lab, with_curves=False):
        for run in block:
            for name, value in _wide(run).items():
                kinds.setdefault(name, set()).add(_kind_of(value))
    columns = {name: _kind_of_fact(name) for name in FACTS}
    return {**columns, "curve": "curve", **{name: _one_kind(kinds[name]) for name in sorted(kinds)}}


def _kind_of_fact(name: str) -> str:
    groups = {"lists": _LISTS, _INTEGER: _INTEGERS, _NUMBER: _NUMBERS, "time": _TIMES}
    return next((kind for kind, names in groups.items() if name in names), _TEXT)


def _wide(run: ExportedRun) -> dict[str, Any]:
    """Return the values that have a column each, by the column's name."""
    groups: Mapping[str, Mapping[str, Any]] = {
        "knobs": run.knobs,
        "metrics": run.metrics,
        "measures": run.measures,
        "stratum_facts": run.stratum_facts,
    }
    return {f"{group}.{name}": value for group, values in groups.items() for name, value in values.items()}


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return _FLAG
    if isinstance(value, int):
        return _INTEGER if -(2**63) <= value < 2**63 else _NUMBER
    if isinstance(value, float):
        return _NUMBER
    return "null" if value is None else _TEXT if isinstance(value, str) else "json"


def _one_kind(kinds: Iterable[str]) -> str:
    """Return the kind that holds values of several kinds."""
    found = set(kinds) - {"null"}
    if found <= {_INTEGER, _NUMBER} and found:
        return _NUMBER if _NUMBER in found else _INTEGER
    return found.pop() if len(found) == 1 else "json" if found else _TEXT


def _type_of(arrow: Any, kind: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    if kind == "curve":
        return arrow.list_(arrow.struct([("seconds", arrow.float64()), ("loss", arrow.float64())]))
    made = {"lists": lambda: arrow.list_(arrow.string()), "time": lambda: arrow.timestamp("us", tz="UTC"), "json": arrow.string}
    return made.get(kind, getattr(arrow, kind if kind in {_TEXT, _INTEGER, _NUMBER} else "bool_"))()


def _row(run: ExportedRun, columns: Mapping[str, str]) -> dict[str, Any]:
    wide = _wide(run)
    row = {name: _cell(wide.get(name, getattr(run, name, None)), kind) for name, kind in columns.items()}
    row["curve"] = [{"seconds": seconds, "loss": loss} for seconds, loss in run.curve]
    return row


def _cell(value: Any, kind: str) -> Any:  # noqa: ANN401 - whatever a knob holds
    if kind == "time":
        return round(value * 1e6)
    if kind == "json" and value is not None:
        return json.dumps(value, ensure_ascii=False)
    if kind == _NUMBER and value is not None:
        return float(value)
    return None if value == "" else value


def _temporary_beside(file: Path) -> Path:
    """Return a new file in the folder of another, so that it can take its place at once."""
    try:
        with NamedTemporaryFile(prefix=f".{file.name}.", dir=file.parent, delete=False) as made:
            os.fchmod(made.fileno(), 0o644)
            return Path(made.name)
    except OSError as error:
        raise BadInputError(f"{file} can't be written: {error.strerror}", "Name another file with --output") from error
