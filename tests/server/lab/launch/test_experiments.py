"""Launching one idea."""

from __future__ import annotations

import shutil
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest
from labhand.server.domain import Purpose, Status
from labhand.server.errors import BadInputError, ConflictError, LabhandError, NotFoundError
from labhand.server.lab import references
from labhand.server.lab.lab import Lab
from labhand.server.schemas.launch import Launched
from labhand.server.source import git

from .. import builders
from ..builders import Woken
from ..writing import end, everything, experiments, find, launch, lay_out, log, opened

pytestmark = pytest.mark.anyio


async def test_an_idea_is_a_commit_on_its_base_that_git_knows_by_the_experiment(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        answer = await launch(lab, hypothesis="Nearer to 3 is better", overrides={"X": 2}, theme="x")
        assert answer.experiments == ["e0001"]
        assert (answer.base, answer.gpu, answer.changes) == ("baseline", "cpu", "X 1.0→2.0")
        assert answer.diffstat == "train.py +1 −1"
        assert log(lab, "--format=%s: %b", "baseline..e0001") == ["X 1.0→2.0: Nearer to 3 is better", ""]
        made = await find(lab, "e0001")
        assert (made.status, made.launched_by, made.theme, made.overrides) == (Status.QUEUED, "me", "x", {"X": 2.0})
        assert answer.seeds == 1
        assert (await references.resolve(lab, "e0001")).source["train.py"].count(b"X = 2.0") == 1


async def test_experiments_stand_on_each_other(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        first = await launch(lab, overrides={"X": 2})
        second = await launch(lab, base="e0001", edits=[{"file": "train.py", "find": "Y = 0.0", "replace": "Y = -1.0"}])
        assert second.base == "e0001"
        assert second.changes == "Y 0.0→-1.0"
        [name] = second.experiments
        assert (await find(lab, name)).base == 1
        assert log(lab, "--format=%s", f"baseline..{name}") == ["Y 0.0→-1.0", "X 1.0→2.0"]
        assert second.seeds == first.seeds


async def test_an_experiment_launched_unchanged_is_another_replicate_of_the_same_idea(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        answer = await launch(lab, base="e0001", replicates=2)
        assert (answer.base, answer.changes, answer.duplicates) == ("e0001", "unchanged", ["e0001"])
        first, second = await find(lab, "e0001"), await find(lab, "e0006")
        assert (second.commit, second.changes, second.overrides) == (first.commit, first.changes, first.overrides)
        assert (second.base, second.replicate) == (None, 1)


async def test_the_same_source_seed_budget_and_gpu_is_answered_with_the_earlier_experiment(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": "2.0"})
        before = await experiments(lab)
        again = await launch(lab, caller="another", edits=[{"find": "X = 1.0", "replace": "X = 2.0"}])
        assert again.experiments == again.duplicates == ["e0001"]
        assert again.next == ""
        assert await experiments(lab) == before


async def test_only_the_replicates_that_are_missing_are_run(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2}, replicates=2)
        more = await launch(lab, overrides={"X": 2}, replicates=3)
        assert more.duplicates == ["e0001-e0002"]
        assert more.experiments == ["e0001-e0002", "e0007"]
        made = [await find(lab, name) for name in ("e0001", "e0002", "e0007")]
        assert [one.replicate for one in made] == [0, 1, 2]
        assert more.seeds == len({one.seed for one in made})
        assert len({one.tree for one in made}) == 1
        assert made[0].commit == made[1].commit


async def test_the_first_launch_in_a_setting_adds_replicates_of_the_baseline_that_go_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        first = await launch(lab, overrides={"X": 2})
        assert first.baseline == ["e0002-e0005"]
        added = [one for one in await experiments(lab) if one.purpose is Purpose.BASELINE]
        assert [one.replicate for one in added] == [0, 1, 2, 3]
        assert {one.priority for one in added} == {2}
        assert first.seeds == 1
        assert added[0].seed == (await find(lab, "e0001")).seed
        second = await launch(lab, overrides={"X": 2.5})
        assert second.baseline == []
        shorter = await launch(lab, overrides={"X": 2.5}, budget_seconds=1)
        assert len(await experiments(lab)) == 11
        assert shorter.baseline == ["e0008-e0011"]


async def test_launching_the_baseline_counts_as_its_first_replicate(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        answer = await launch(lab, hypothesis="Where do we stand?")
        assert answer.experiments == ["e0001"]
        assert answer.changes == "unchanged"
        assert answer.baseline == ["e0002-e0004"]
        everyone = await experiments(lab)
        assert {one.purpose for one in everyone} == {"baseline"}
        assert [one.replicate for one in everyone] == [0, 1, 2, 3]
        assert len({one.commit for one in everyone}) == 1


async def test_a_baseline_that_failed_by_its_own_fault_is_not_run_again_and_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        for name in ("e0002", "e0003", "e0004"):
            await end(lab, name, Status.FAILED, failure="crashed")
        await end(lab, "e0005", Status.CANCELLED)
        assert (await launch(lab, overrides={"X": 2.5})).baseline == ["e0007"]


@pytest.mark.parametrize(
    ("status", "failure", "stands"),
    [
        (Status.RUNNING, None, True),
        (Status.SUCCEEDED, None, True),
        (Status.FAILED, "diverged", True),
        (Status.STOPPED, None, True),
        (Status.FAILED, "lost_machine", False),
        (Status.FAILED, "evaluator_failed", False),
        (Status.CANCELLED, None, False),
    ],
)
async def test_what_ended_without_saying_anything_of_the_idea_is_run_again(
    tmp_path: Path, status: Status, failure: str | None, *, stands: bool
) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        await end(lab, "e0001", status, failure=failure)
        again = await launch(lab, overrides={"X": 2})
        assert again.experiments == (["e0001"] if stands else ["e0006"])


async def test_what_failed_is_said_to_have_and_run_again_when_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2}, replicates=2)
        await end(lab, "e0001", Status.FAILED, failure="crashed")
        again = await launch(lab, overrides={"X": 2}, replicates=2)
        assert again.duplicates == ["e0001-e0002"]
        assert again.next.startswith("e0001 failed before and was not run again: launch_experiment(")
        assert "retry=true" in again.next
        retried = await launch(lab, overrides={"X": 2}, replicates=2, retry=True)
        assert retried.experiments == ["e0002", "e0007"]
        assert retried.duplicates == ["e0002"]
        once_more = await launch(lab, overrides={"X": 2}, replicates=2, retry=True)
        assert once_more.experiments == ["e0002", "e0007"]


async def test_a_request_that_comes_twice_is_told_the_same_and_started_once(tmp_path: Path) -> None:
    woken = Woken()
    async with opened(tmp_path, woken=woken) as lab:
        first = await launch(lab, overrides={"X": 2}, request_id="a")
        again = await launch(lab, overrides={"X": 2}, request_id="a")
        assert again == first
        assert again.baseline
        assert woken.times == 1
        others = await launch(lab, caller="another", overrides={"X": 2}, request_id="a")
        assert others.duplicates == ["e0001"]
        with pytest.raises(ConflictError, match="request_id='a' was already used"):
            await launch(lab, overrides={"X": 2.5}, request_id="a")


async def test_the_same_launch_by_several_at_once_makes_one_experiment(tmp_path: Path) -> None:
    answers: list[Launched] = []

    async def ask(lab: Lab, request_id: str | None = None) -> None:
        answers.append(await launch(lab, overrides={"X": 2}, request_id=request_id))

    async with opened(tmp_path) as one, opened(tmp_path) as other, anyio.create_task_group() as tasks:
        for lab in (one, other):
            tasks.start_soon(ask, lab)
            tasks.start_soon(ask, lab, "same")
    assert [answer.experiments for answer in answers] == [["e0001"]] * 4
    async with opened(tmp_path) as lab:
        assert Counter(one.purpose for one in await experiments(lab)) == {"idea": 1, "baseline": 4}


async def test_a_dry_run_prices_a_launch_and_writes_nothing(tmp_path: Path) -> None:
    woken = Woken()
    async with opened(tmp_path, woken=woken) as lab:
        before = await everything(lab)
        answer = await launch(lab, overrides={"X": 2}, replicates=2, dry_run=True, request_id="a")
        assert await everything(lab) == before
        assert answer.dry_run is True
        assert answer.experiments == []
        assert answer.seeds == 2
        assert answer.estimate.gpu_seconds == pytest.approx(6 * 6.5)
        assert woken.times == 0


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        ({"overrides": {"XX": 2}}, BadInputError, r"no knob XX.*X"),
        ({"overrides": {"X": "fast"}}, BadInputError, r"X = 1.0 \(train.py, line 7\) can't become 'fast'"),
        ({"edits": [{"find": "Z = 0", "replace": "Z = 1"}]}, BadInputError, "Z = 0"),
        ({"edits": [{"find": "X = 1.0", "replace": "X = = 1"}]}, BadInputError, "train.py, line 7, column"),
        ({"files": {"trainer.toml": "name = 'mine'"}}, BadInputError, "trainer.toml isn't editable"),
        ({"files": {"../train.py": ""}}, BadInputError, "leaves the trainer folder"),
        ({"gpu": "H100", "overrides": {"X": 2}}, BadInputError, "no GPU 'H100'.*cpu.*list_gpus"),
        ({"budget_seconds": 1e9, "overrides": {"X": 2}}, BadInputError, "more than the pools of cpu allow.*86400"),
        ({"base": "e0042"}, NotFoundError, "no experiment e0042.*newest is e0005"),
        ({"base": "g001"}, BadInputError, "'g001' is not the id of one experiment"),
        ({"base": "best"}, BadInputError, "'best' is not an id"),
        ({"folder": "trainer"}, BadInputError, 'base="workdir"'),
        ({"base": "workdir", "folder": "nowhere"}, BadInputError, "no trainer.toml in .*nowhere"),
        ({"apply": ["e0099"]}, NotFoundError, "no experiment e0099"),
    ],
)
async def test_bad_input_is_told_and_leaves_the_lab_as_it_was(
    tmp_path: Path, asked: dict[str, Any], error: type[LabhandError], told: str
) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 1.5})
        before = await everything(lab)
        with pytest.raises(error, match=f"(?s){told}"):
            await launch(lab, **asked)
        assert await everything(lab) == before


async def test_estimates_learn_from_what_ran_and_count_what_is_ahead(tmp_path: Path) -> None:
    async with opened(tmp_path, slots=2) as lab:
        first = await launch(lab, overrides={"X": 2})
        assert first.estimate.gpu_seconds == pytest.approx(5 * 6.5)
        assert first.estimate.starts_in_seconds == 0
        assert first.estimate.done_in_seconds == pytest.approx(3 * 6.5)
        assert first.estimate.usd is None
        await end(lab, "e0001", Status.SUCCEEDED, gpu_seconds=8.0)
        second = await launch(lab, overrides={"X": 2.5}, replicates=3)
        assert second.estimate.gpu_seconds == pytest.approx(24)
        assert second.estimate.starts_in_seconds == pytest.approx(4 * 6.5 / 2)
        assert second.estimate.done_in_seconds == pytest.approx(13 + 2 * 8)


async def test_winners_combine_and_history_shows_both(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        await launch(lab, edits=[{"find": "WEIGHTS = (1.0, 0.5)", "replace": "WEIGHTS = (0.9, 0.5)"}])
        both = await launch(lab, apply=["e0001", "e0006"])
        [name] = both.experiments
        text = (await references.resolve(lab, name)).source["train.py"]
        assert b"X = 2.0" in text
        assert b"WEIGHTS = (0.9, 0.5)" in text
        hashes = git.run(f"--git-dir={lab.sources.path}", "rev-parse", "baseline", "e0001", "e0006").decode().split()
        assert log(lab, "-1", "--format=%P", name) == [" ".join(hashes)]
        assert (await find(lab, name)).overrides == {"X": 2.0, "WEIGHTS": [0.9, 0.5]}


async def test_the_trainer_folder_can_be_launched_as_it_stands_on_disk(tmp_path: Path) -> None:
    folder = lay_out(tmp_path)
    shutil.copytree(folder, tmp_path / "copy")
    for place, value in ((folder, "2.0"), (tmp_path / "copy", "2.5")):
        file = place / "train.py"
        file.write_text(file.read_text().replace("X = 2.0", "X = 1.0").replace("X = 1.0", f"X = {value}"))
    async with opened(tmp_path) as lab:
        (folder / "train.py").write_text((folder / "train.py").read_text().replace("X = 2.0", "X = 3.0"))
        here = await launch(lab, base="workdir")
        assert (here.base, here.changes) == ("workdir", "X 2.0→3.0")
        there = await launch(lab, base="workdir", folder="copy", overrides={"Y": 1})
        assert there.changes == "X 2.0→2.5, Y 0.0→1.0"


async def test_earlier_experiments_that_changed_the_same_are_named(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        for value in (2, 2.1, 2.2, 2.3):
            await launch(lab, overrides={"X": value})
        await launch(lab, overrides={"Y": 1}, replicates=2)
        near = await launch(lab, overrides={"X": 2.4})
        assert [(one.id, one.changes, one.verdict) for one in near.similar] == [
            ("e0008", "X 1.0→2.3", "pending"),
            ("e0007", "X 1.0→2.2", "pending"),
            ("e0006", "X 1.0→2.1", "pending"),
        ]
        assert [one.id for one in (await launch(lab, overrides={"Y": 2})).similar] == ["e0010"]
        assert (await launch(lab, overrides={"STEPS": 4})).similar == []


async def test_the_same_source_at_another_budget_is_similar(tmp_path: Path) -> None:
    async with opened(tmp_path) as lab:
        await launch(lab, overrides={"X": 2})
        await builders.finish(lab, 1, score=1.98765432)
        again = await launch(lab, overrides={"X": 2}, budget_seconds=10)
        assert again.duplicates == []
        [similar] = again.similar
        assert (similar.id, similar.changes) == ("e0001", "the same source")
        assert (similar.budget_seconds, similar.gpu) == (5.0, "cpu")
        assert similar.score == 1.9877, "with the digits that the noise allows"


KILLED = """
import os, signal, sys, anyio
from pathlib import Path
from labhand.server.lab.launch import experiments
from labhand.server.lab.lab import Lab
from labhand.server.schemas.launch import Launch
from labhand.server.source.repository import Sources
from labhand.server.store.database import Transaction

def die(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    lab = await Lab.open(Path(sys.argv[1]), wake=die if sys.argv[2] == "wake" else lambda root: None)
    if sys.argv[2] == "commit":
        keep = lab.sources.commit
        async def commit(batch):
            await keep(batch)
            die()
        lab.sources.commit = commit
    if sys.argv[2] == "tag":
        name = lab.sources.tag
        async def tag(experiments):
            await name(experiments)
            die()
        lab.sources.tag = tag
    await experiments.launch(lab, Launch(hypothesis="It may help", overrides={"X": 2}), "me")

anyio.run(main)
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["commit", "tag", "wake"])
async def test_a_launch_that_is_killed_happened_whole_or_not_at_all(tmp_path: Path, moment: str) -> None:
    lay_out(tmp_path)
    killed = await anyio.run_process([sys.executable, "-c", KILLED, str(tmp_path), moment], check=False)
    assert killed.returncode == -signal.SIGKILL
    woken = Woken()
    async with opened(tmp_path, woken=woken) as lab:
        done = await experiments(lab)
        assert len(done) == (5 if moment == "wake" else 0)
        assert woken.times == (1 if moment == "wake" else 0)
        await launch(lab, overrides={"X": 2.5})
        for one in await experiments(lab):
            assert log(lab, "-1", "--format=%H", one.id) == [one.commit]


async def test_a_launch_whose_names_git_refuses_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as lab:
        # In milliseconds: git waits that long for the lock.
        monkeypatch.setitem(git._SETTINGS, "core.filesRefLockTimeout", "100")  # pyright: ignore[reportPrivateUsage]
        before = await everything(lab)
        (lab.sources.path / "refs/tags/e0003.lock").mkdir()
        with pytest.raises(LabhandError, match="update-ref"):
            await launch(lab, overrides={"X": 2})
        assert await everything(lab) == before
