"""A short afternoon: every hint that is given is followed, and every row is recomputed against the source that it names."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from .afternoon import REHEARSAL, SHORT, experiments_of, lab_at, report_problems, run
from .row_gains import RowCheck

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_in_a_session_every_hint_is_accepted_and_every_gain_is_on_the_source_that_its_row_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    lab = tmp_path / "lab"
    lab_at(lab, REHEARSAL)
    agent = anyio.run(run, lab, SHORT, 2)
    assert agent.problems == []
    assert report_problems(lab) == []
    assert experiments_of(agent) >= 30
    assert agent.followed.total() >= 3
    assert min(agent.rows.checked[figure] for figure in ("score", "gain", "changes")) >= 10
    assert agent.rows.checked["gain_on_base"] >= 1  # few sources are made from another than the reference
    _notices_another_reference(lab)


def _notices_another_reference(lab: Path) -> None:
    """A gain that is on another source than the one that the answer names is a problem."""
    with sqlite3.connect(lab / ".labhand" / "lab.db") as db:
        number, tree, score, stratum, gain = db.execute(
            "SELECT number, tree, score, stratum, gain FROM experiments WHERE verdict = 'worse' AND gain IS NOT NULL LIMIT 1"
        ).fetchone()
        mean, seeds = db.execute(
            "SELECT avg(score), count(*) FROM experiments WHERE stratum = ? AND tree = (SELECT tree FROM champions JOIN sources"
            " USING (commit_hash) ORDER BY champions.number DESC LIMIT 1)",
            (stratum,),
        ).fetchone()
        champion, noise = db.execute(
            "SELECT champions.experiment, noise FROM strata JOIN champions ON champions.number = strata.champion"
            " WHERE strata.number = ?",
            (stratum,),
        ).fetchone()
    db.close()
    name = "baseline" if champion is None else f"e{champion:04d}"
    row = {"id": f"e{number:04d}", "score": score, "gain": gain}
    common: dict[str, Any] = {"noise": noise, "reference": {"id": name, "score": mean, "seeds": seeds}}
    check = RowCheck(lab)
    right = cast("dict[str, Any]", json.loads(json.dumps({"common": common, "rows": [row]})))
    assert check.check("get_results", right, check.moment()) == [], tree
    wrong = right | {"rows": [row | {"gain": gain + 5 * noise}]}
    assert len(check.check("get_results", wrong, check.moment())) == 1
