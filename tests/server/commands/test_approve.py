"""`labhand proposals`, `approve` and `reject` on the command line."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from anyio import to_thread
from labhand.server.commands import report
from labhand.server.lab.approval.plans import summaries
from labhand.server.lab.report.gather import gather
from labhand.server.main import app
from typer.testing import CliRunner, Result

from ..lab.approval import planning
from ..lab.writing import launch
from .terminals import on_terminal, read_until

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("no_dispatcher")]


async def labhand(root: Path, *words: str) -> Result:
    """Run a command as a person does, without a terminal."""
    return await to_thread.run_sync(lambda: CliRunner().invoke(app, [*words, "--root", str(root)]))


async def test_plans_are_listed_with_decision_and_use(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        assert "Nothing was proposed yet" in (await labhand(tmp_path, "proposals")).output
        plan = await planning.approved(lab, 2.0)
        await launch(lab, overrides={"X": 2.0})
        await planning.proposed(lab, 3.0, success="Something\x1b[31m else")
        listed = (await labhand(tmp_path, "proposals")).stdout
        data = json.loads((await labhand(tmp_path, "proposals", "--json")).stdout)
    assert listed.startswith("p001 approved by eve")
    assert f"Digest: {plan.digest}" in listed
    assert "p002 open" in listed
    assert "\x1b" not in listed
    used = data["plans"][0]["deed"]
    assert used["experiments"] > 1
    assert f"Used: {used['gpu_hours']:.4g} of 2 GPU-hours" in listed


async def test_without_a_terminal_only_the_digest_approves(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        plan = await planning.proposed(lab)
        shown = await labhand(tmp_path, "approve", "p001")
        assert shown.exit_code == 2
        assert "Does it help?" in shown.output
        assert f"Nothing was decided: without a terminal to ask on, add --digest {plan.digest}" in shown.output
        wrong = await labhand(tmp_path, "approve", "p001", "--digest", "abc")
        assert (wrong.exit_code, "p001 has changed since it was shown" in " ".join(wrong.output.split())) == (2, True)
        assert [each.state for each in await summaries(lab)] == ["open"]
        done = await labhand(tmp_path, "approve", "p001", "--digest", plan.digest)
        assert (done.exit_code, "p001 is approved" in done.output) == (0, True)
        again = await labhand(tmp_path, "reject", "p001", "--digest", plan.digest)
        assert (again.exit_code, "The first decision counts" in " ".join(again.output.split())) == (2, True)


@pytest.mark.parametrize(("typed", "state", "code"), [("y", "approved", 0), ("n", "open", 1)])
async def test_on_a_terminal_the_plan_is_shown_and_the_person_is_asked(
    tmp_path: Path, typed: str, state: str, code: int
) -> None:
    async with planning.lab(tmp_path) as lab:
        plan = await planning.proposed(lab)
        command = [sys.executable, "-m", "labhand.server.main", "approve", "p001", "--root", str(tmp_path)]

        def answer() -> str:
            with on_terminal(*command) as (process, terminal):
                shown = read_until(terminal, "Approve it? [y/N]")
                os.write(terminal, f"{typed}\n".encode())
                assert process.wait(timeout=120) == code
            return shown

        shown = await to_thread.run_sync(answer)
        assert plan.digest in shown
        assert [each.state for each in await summaries(lab)] == [state]


async def test_a_plan_is_rejected_with_a_reason(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        plan = await planning.proposed(lab)
        assert "p001 is rejected" in (await labhand(tmp_path, "reject", "p001", "Too dear", "--digest", plan.digest)).output
        [rejected] = await summaries(lab)
    assert (rejected.state, rejected.reason, rejected.decided_in) == ("rejected", "Too dear", "command")


async def test_a_plan_that_does_not_exist_is_told(tmp_path: Path) -> None:
    async with planning.lab(tmp_path):
        missing = await labhand(tmp_path, "approve", "p007")
    assert (missing.exit_code, "There is no plan p007" in missing.output) == (2, True)


async def test_the_report_shows_plan_beside_deed(tmp_path: Path) -> None:
    async with planning.lab(tmp_path) as lab:
        assert "Plan beside deed" not in report.as_markdown(await gather(lab))
        await planning.approved(lab, 2.0, success="A <b>gain</b>")
        await launch(lab, overrides={"X": 2.0})
        gathered = await gather(lab)
        page, text = report.as_html(gathered), report.as_markdown(gathered)
    assert "<h2>Plan beside deed</h2>" in page
    assert "A &lt;b&gt;gain&lt;/b&gt;" in page
    [row] = [line for line in text.splitlines() if line.startswith("| p001")]
    [deed] = [plan.deed for plan in gathered.plans if plan.deed]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:3] == ["approved", "eve"]
    assert cells[5] == "2"
    assert cells[9] == str(deed.experiments)
