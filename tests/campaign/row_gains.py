"""Every row that an answer shows, recomputed against the source that it names, from the raw ledger.

A gain is one score less the mean of the named source's scores in the row's stratum. An answer is made while experiments end, so
a row is right if it agrees with the ledger at any moment of the call.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any, cast

Row = dict[str, Any]
_KNOB = re.compile(r"\b([A-Z][A-Z0-9_]*) ([^\s,]+)→([^\s,…]+)(?=,|$)")
_MAX_SCORE = 1e50


class RowCheck:
    """Holds rows against a lab's database. Nothing of labhand is used.

    Args:
        root: Where the lab's `.labhand` lies.
        sign: 1 where lower scores are better.
    """

    def __init__(self, root: Path, sign: int = 1) -> None:
        self._file = root / ".labhand" / "lab.db"
        self._sign = sign
        self.checked: Counter[str] = Counter()
        """How many figures were recomputed, by kind."""

    def moment(self) -> int:
        """Return the number of the newest experiment that has ended."""
        if not self._file.exists():
            return 0
        return int(self._query("SELECT coalesce(max(finished_seq), 0) AS last FROM experiments")[0]["last"])

    def check(self, tool: str, answer: Mapping[str, Any], since: int) -> list[str]:
        """Return what is wrong with the rows of an answer.

        Args:
            tool: The tool that gave the answer.
            answer: Its data.
            since: The moment before the call.
        """
        rows = list(_rows_of(tool, answer))
        if not rows:
            return []
        ledger = _Ledger(self._query)
        problems: list[str] = []
        for row, strata in rows:
            problems += self._check_row(ledger, row, strata, since)
        return problems

    def _query(self, sql: str) -> list[Row]:
        with sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=20) as db:
            db.row_factory = sqlite3.Row
            rows = [dict(row) for row in db.execute(sql)]
        db.close()
        return rows

    def _check_row(self, ledger: _Ledger, row: Row, strata: Mapping[str, Row], since: int) -> Iterator[str]:
        experiment = ledger.experiments[row["id"]]
        yield from self._changes(ledger, row, experiment)
        if row.get("score") is None:
            return
        summary = strata.get(row.get("stratum", ""))
        if summary is None:
            yield f"{row['id']} has a score, and the answer doesn't say in which stratum"
            return
        within = _half_a_place(summary.get("noise"), row["score"])
        if abs(row["score"] - experiment["score"]) > within:
            yield f"{row['id']}: score {row['score']}, in the ledger {experiment['score']}"
        self.checked["score"] += 1
        wrong: list[str] = []
        for moment in sorted({since, *(seq for seq in ledger.moments if seq >= since)}):  # the newest is reported
            wrong = list(self._gains(ledger.at(moment), experiment, row, summary, within))
            if not wrong:
                break
        yield from wrong
        self.checked["gain"] += "gain" in row
        self.checked["gain_on_base"] += "gain_on_base" in row

    def _changes(self, ledger: _Ledger, row: Row, experiment: Row) -> Iterator[str]:
        """The knobs in `changes` have these values in the base and in the experiment."""
        knobs = [ledger.knobs(ledger.commit(row["base"])), ledger.knobs(experiment["commit_hash"])] if "base" in row else []
        for name, *values in _KNOB.findall(row.get("changes", "")) if knobs else []:
            self.checked["changes"] += 1
            for value, known in zip(values, knobs, strict=True):
                if _plain(value) != _plain(known.get(name)):
                    yield f"{row['id']}: {name} is {known.get(name)!r}, and the row says {row['changes']!r} on {row['base']}"

    def _gains(self, state: _State, experiment: Row, row: Row, summary: Row, within: float) -> Iterator[str]:
        reference = cast("Row", summary.get("reference") or {})
        scores = state.reference(reference.get("id"), experiment)
        if scores and reference.get("seeds") != len(scores):
            yield f"the reference {reference['id']} has {len(scores)} seeds, and not {reference.get('seeds')}"
        if scores and abs(fmean(scores) - reference["score"]) > within:
            yield f"the reference {reference['id']} has the mean {fmean(scores)}, and not {reference['score']}"
        yield from self._compare("gain", row, self._gain(state, row, experiment, scores, reference.get("id")), within)
        yield from self._compare("gain_on_base", row, self._on_base(state, experiment, row, reference.get("id")), within)

    def _gain(self, state: _State, row: Row, experiment: Row, scores: Sequence[float], name: str | None) -> float | None:
        """The gain on the reference; None where there must be none, NaN where there may be one or not."""
        if name is None or not scores or state.is_of(name, experiment) or abs(experiment["score"]) > _MAX_SCORE:
            return None
        gain = self._sign * (fmean(scores) - experiment["score"])
        return math.nan if experiment["must_beat"] is not None and "gain" not in row else gain

    def _on_base(self, state: _State, experiment: Row, row: Row, reference: str | None) -> float | None:
        base = row.get("base")
        if base is None or base == reference:
            return None
        scores = state.base(base, experiment)
        return self._sign * (fmean(scores) - experiment["score"]) if scores else None

    def _compare(self, name: str, row: Row, right: float | None, within: float) -> Iterator[str]:
        shown = row.get(name)
        if right is not None and math.isnan(right):
            return
        if (shown is None) != (right is None) or (shown is not None and right is not None and abs(shown - right) > within):
            yield f"{row['id']}: {name} is {shown}, and by the ledger {right} (verdict {row.get('verdict')})"


class _Ledger:
    """The experiments of a lab, read once."""

    def __init__(self, query: Any) -> None:  # noqa: ANN401 - a method of RowCheck
        columns = "number, commit_hash, tree, base, purpose, setting, score, stratum, doubt, must_beat, finished_seq"
        everything = query(f"SELECT {columns} FROM experiments ORDER BY number")  # noqa: S608 - of this module
        self.experiments: dict[str, Row] = {f"e{row['number']:04d}": row for row in everything}
        self.moments = [row["finished_seq"] for row in everything if row["finished_seq"]]
        self._knobs = {row["commit_hash"]: row["knobs"] for row in query("SELECT commit_hash, knobs FROM sources")}
        [first] = query("SELECT commit_hash, tree FROM champions JOIN sources USING (commit_hash) ORDER BY number LIMIT 1")
        self._baseline, self.baseline_tree = first["commit_hash"], first["tree"]

    def commit(self, name: str) -> str:
        return str(self._baseline if name == "baseline" else self.experiments[name]["commit_hash"])

    def knobs(self, commit: str) -> Row:
        return cast("Row", json.loads(self._knobs[commit]))

    @cache  # noqa: B019  a ledger lives as long as the check of one answer
    def at(self, moment: int) -> _State:
        scored = [row for row in self.experiments.values() if row["score"] is not None and (row["finished_seq"] or 0) <= moment]
        return _State(self, scored)


class _State:
    """The scores that a ledger had at a moment."""

    def __init__(self, ledger: _Ledger, scored: Sequence[Row]) -> None:
        self._ledger = ledger
        self._scored = [row for row in scored if abs(row["score"]) <= _MAX_SCORE]

    def reference(self, name: str | None, experiment: Row) -> list[float]:
        """The scores of the champion, or of the baseline, in the stratum of an experiment."""
        return [] if name is None else [row["score"] for row in self._of(name, experiment["stratum"])]

    def base(self, name: str, experiment: Row) -> list[float]:
        return [row["score"] for row in self._of(name, experiment["stratum"]) if row["doubt"] != "not_reproduced"]

    def is_of(self, name: str, experiment: Row) -> bool:
        """Whether an experiment is a replicate of the named source."""
        if name == "baseline":
            return bool(experiment["purpose"] == "baseline" or experiment["tree"] == self._ledger.baseline_tree)
        return bool(experiment["tree"] == self._ledger.experiments[name]["tree"])

    def _of(self, name: str, stratum: int) -> Iterator[Row]:
        return (row for row in self._scored if row["stratum"] == stratum and self.is_of(name, row))


def _rows_of(tool: str, answer: Mapping[str, Any]) -> Iterator[tuple[Row, Mapping[str, Row]]]:
    """Return each row with what all rows share put back, and the strata of the answer by name."""
    common = cast("Row", answer.get("common") or {})
    strata: dict[str, Row] = {"": common, **common.get("strata", {})}
    if tool == "get_briefing":
        strata = {"": cast("Row", answer.get("stratum") or {})}
        for row in answer.get("promising", []):
            yield row, strata
    elif tool == "get_experiment":
        yield {k: v for k, v in answer.items() if k != "stratum"}, {"": cast("Row", answer.get("stratum") or {})}
    for row in answer.get({"wait": "finished", "get_results": "rows"}.get(tool, ""), []):
        shared = {name: value for name, value in common.items() if name not in {"stratum", "reference", "noise", "strata"}}
        yield {**shared, **row}, strata


def _half_a_place(noise: float | None, score: float) -> float:
    """Return half a unit of the last decimal that rows show, and a little for the rounding of the noise."""
    places = 1 - math.floor(math.log10(noise)) if noise else 4 - (math.floor(math.log10(abs(score))) if score else 0)
    return 0.51 * 10.0 ** -max(0, places)


def _plain(value: object) -> object:
    """Return a knob's value as a number where it is one, otherwise as text without quotes."""
    text = str(value).strip("'\"")
    try:
        return float(text.replace("_", ""))
    except ValueError:
        return text
