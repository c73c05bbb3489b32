"""A variant's name stays with the experiment: two variants never read as two equal lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.domain import Purpose
from labhand.server.lab.analysis.analyze import analyze
from labhand.server.lab.inspect.experiment import get_experiment
from labhand.server.lab.lab import Lab
from labhand.server.lab.launch.validate import validate
from labhand.server.lab.monitor.briefing import get_briefing
from labhand.server.lab.report.gather import gather
from labhand.server.lab.results.table import get_results
from labhand.server.lab.results.text_tables import results_tsv
from labhand.server.schemas.launch import GridLaunched
from labhand.server.schemas.results import ResultsQuery
from labhand.server.schemas.validation import ValidationRequest
from labhand.server.source import git
from labhand.server.store.migrations import MIGRATIONS, statements

from ...dispatcher.scripted import script
from .. import writing

pytestmark = pytest.mark.anyio
SCORES = {"gelu": 1.0, "silu": 2.0}
"""By variant; all else scores 4."""


LINE = "import random"
"""A line of the trainer's `train.py` that both variants change, so that both changes read `train.py +1 −1`."""


def variant(name: str) -> dict[str, object]:
    """Return a variant that changes one line of code."""
    return {"name": name, "edits": [{"file": "train.py", "find": LINE, "replace": f"{LINE}  # {name}"}]}


async def launch_both(lab: Lab) -> GridLaunched:
    """Launch the variants gelu and silu as a grid."""
    return await writing.launch_grid(lab, variants=[variant(name) for name in SCORES], replicates=2)


def by_variant(experiment: object, _: object) -> float:
    """Score an experiment by the variant that its source is."""
    changes, seed = str(getattr(experiment, "changes", "")), int(getattr(experiment, "seed", 0))
    return next((score for name, score in SCORES.items() if changes.startswith(name)), 4.0) + (seed % 7) / 100


async def test_a_variants_name_is_shown_in_rows_effects_ancestry_search_export_and_report(tmp_path: Path) -> None:
    async with script(tmp_path, by_variant) as script_lab:
        lab = script_lab.lab
        launched = await launch_both(lab)
        await script_lab.play()
        rows = (await get_results(lab, ResultsQuery(ids=[launched.grid]))).rows
        changes = {row.changes for row in rows}
        assert len(changes) == 2, "two variants are two different lines"
        assert {text.partition(":")[0] for text in changes if text} == {"gelu", "silu"}

        found = await get_results(lab, ResultsQuery(search="silu"))
        assert found.total == 2
        assert (await get_experiment(lab, found.rows[0].id)).changes.startswith("silu: ")
        assert "(gelu: " in await results_tsv(lab)
        subject = git.run(f"--git-dir={lab.sources.path}", "log", "-1", "--format=%s", found.rows[0].id).decode()
        assert subject.startswith("silu: ")

        terms = [effect.term for effect in (await analyze(lab, "effects")).main]
        assert any("gelu (e" in term for term in terms)
        assert any("silu (e" in term for term in terms)

        best = next(row.id for row in rows if row.changes and row.changes.startswith("gelu"))
        await validate(lab, ValidationRequest(ids=[best]), writing.ME)
        await script_lab.play()
        briefing = await get_briefing(lab)
        assert briefing.champion.ancestry[0].startswith(f"{best}: gelu: ")
        assert (await gather(lab)).champions[0].changes.startswith("gelu: ")
        arms = [e for e in await writing.experiments(lab) if e.purpose is Purpose.VALIDATION]
        assert {e.changes.partition(":")[0] for e in arms} == {"gelu", "unchanged"}


async def test_a_lab_of_the_version_before_shows_the_names_that_it_kept(tmp_path: Path) -> None:
    async with writing.opened(tmp_path) as lab:
        launched = await launch_both(lab)
        async with lab.db.transaction() as tx:
            await tx.execute("UPDATE experiments SET changes = 'train.py +1 −1' WHERE variant <> ''")
            for statement in statements(MIGRATIONS[0]):
                if "SET changes" in statement or "experiments_text" in statement:
                    await tx.execute(statement)
        rows = (await get_results(lab, ResultsQuery(ids=[launched.grid]))).rows
        assert {row.changes for row in rows} == {"gelu: train.py +1 −1", "silu: train.py +1 −1"}
        assert (await get_results(lab, ResultsQuery(search="gelu"))).total == 2
