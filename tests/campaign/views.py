"""What the experiments of a ledger differ in, and which of them an analysis rests on."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .raw import Ledger, Row


def decimals(noise: float) -> int:
    return max(0, 1 - math.floor(math.log10(noise)))


def codes_of(ledger: Ledger) -> dict[str, str]:
    """The code of each source, by tree: its text without the values of knobs; empty for the baseline's."""

    def blank(commit: str, knobs: Iterable[str]) -> str:
        names = "|".join(map(re.escape, sorted(knobs)))
        pattern = re.compile(rf"^({names})\b([^=\n;#]*)=[^\n;#]*(?:#[^\n]*)?$", re.MULTILINE)
        files = ledger.source(commit)
        return repr({path: pattern.sub(r"\1\2", text.decode()) for path, text in files.items() if path.endswith(".py")})

    first = ledger.one("SELECT * FROM sources WHERE tree = ? LIMIT 1", ledger.baseline_tree)
    given = blank(first["commit_hash"], json.loads(first["knobs"]))
    told = {e["tree"]: blank(e["commit_hash"], e["knobs"]) for e in ledger.experiments}
    return {tree: "" if text == given else text for tree, text in told.items()}


def failed_by_own_fault(ledger: Ledger) -> list[Row]:
    settings = {e["setting"] for e in ledger.scored}
    return [
        e
        for e in ledger.experiments
        if e["setting"] in settings and (e["status"] == "stopped" or (e["failure"] and e["failure"] != "lost_machine"))
    ]


def left_out(ledger: Ledger, shown: Iterable[Row], more: Sequence[str] = ()) -> str:
    here = {e["number"] for e in shown}
    why: Counter[str] = Counter()
    for e in ledger.experiments:
        if e["number"] in here:
            continue
        if e["score"] is not None:
            why[f"in another stratum, s{e['stratum']}, whose scores don't compare"] += 1
        elif e["status"] in {"queued", "starting", "running", "evaluating"}:
            why["not finished"] += 1
        else:
            why[f"failed ({e['failure']})" if e["failure"] else e["status"]] += 1
    told = [f"{count} {reason}" for reason, count in why.most_common()] + list(more)
    return f". Left out: {'; '.join(told)}." if told else "."


def differing(experiments: Sequence[Row]) -> dict[str, list[Any]]:
    """Knobs that all have and that differ, with their values in order."""
    first = experiments[0]["knobs"]
    values = {name: {repr(e["knobs"].get(name)): e["knobs"].get(name) for e in experiments} for name in first}
    return {
        name: sorted(known.values(), key=lambda value: value if is_number(value) else repr(value))
        for name, known in values.items()
        if len(known) > 1 and all(name in e["knobs"] for e in experiments)
    }


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def stratum_line(ledger: Ledger) -> str:
    facts = json.loads(ledger.one("SELECT facts FROM strata WHERE number = ?", ledger.stratum)["facts"])
    return f"Stratum s{ledger.stratum}: {facts.get('device')}, {facts.get('budget_seconds')} s"


def of_main_code(ledger: Ledger, codes: Mapping[str, str], experiments: Iterable[Row]) -> list[Row]:
    main = Counter(codes[e["tree"]] for e in ledger.scored).most_common(1)[0][0]
    return [e for e in experiments if codes[e["tree"]] == main]
