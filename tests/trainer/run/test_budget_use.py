"""Budgets in the unit that a command counts in: how it is told, and what becomes of a run that doesn't keep to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from labhand.trainer.contract.errors import ContractError
from labhand.trainer.contract.trainer_toml.trainer_file import parse_trainer

from ..running import MakeRun, RunFolder, lay_out

TRAINER = """
name = "counter"
editable = ["train.py"]
command = {command}
[[metrics]]
name = "loss"
source = "output"
[budget]
seconds = 2
cpu_seconds = 2
startup_seconds = {startup}
evaluation_seconds = 0.5
{budget}
"""
STEPS = 'unit = "steps"\namount = 1000'


def trainer(budget: str, command: str = '["python", "train.py"]', startup: float = 20) -> str:
    return TRAINER.format(command=command, budget=budget, startup=startup)


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Lays out a run of a script that counts its own budget."""

    def make(train: str, trainer: str, **spec: object) -> RunFolder:
        run = lay_out(tmp_path / "e0001-1", trainer, train, **spec)
        run.environment["LABHAND_CACHE"] = str(tmp_path / "cache")
        return run

    return make


SHOW = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)])); print('loss: 1'); print('num_steps: 2000')"


def test_a_command_is_told_its_budget_by_its_flag_its_variable_and_in_proportion_to_the_seconds(make_run: MakeRun) -> None:
    command = '["python", "train.py", "--max_steps={steps}", "{seconds}", "--seed", "{seed}", "${now:%Y}", "{other}"]'
    run = make_run(SHOW, trainer(STEPS + '\nenv = "MAX_STEPS"', command), budget_seconds=4.0, seed=11)
    result = run.run()
    arguments, variables = json.loads(run.log().splitlines()[0])
    assert arguments == ["--max_steps=2000", "4", "--seed", "11", "${now:%Y}", "{other}"]
    named = ("MAX_STEPS", "LABHAND_BUDGET_STEPS", "LABHAND_BUDGET_UNIT")
    assert [variables[name] for name in named] == ["2000", "2000", "steps"]
    assert result["budget"] == "2000 steps"
    assert result["flags"] == []
    assert result["score"] == 1


@pytest.mark.parametrize(
    ("train", "budget", "seconds", "flag"),
    [
        ("print('num_steps: 400')", STEPS, 2.0, "budget_unused: it reported 400 steps of 1000; nothing in trainer.toml"),
        ("print('num_steps: 2000')", STEPS, 2.0, "budget_exceeded: it reported 2000 steps of 1000"),
        ("print('num_steps: 990')", STEPS, 2.0, None),
        ("print('num_epochs: 6')", 'unit = "epochs"\namount = 3\nenv = "E"', 2.0, "budget_exceeded: it reported 6 epochs of 3"),
        ("print('total_tokens_M: 2')", 'unit = "tokens"\namount = 2e6', 2.0, None),
        ("", "", 20.0, "budget_unused: it used 0."),
        ("", "", 0.5, None),
    ],
)
def test_a_run_that_uses_far_less_or_more_than_its_budget_is_told_so(
    make_run: MakeRun, train: str, budget: str, seconds: float, flag: str | None
) -> None:
    result = make_run(f"{train}\nprint('loss: 1')", trainer(budget), budget_seconds=seconds).run()
    assert result["score"] == 1
    assert len(result["flags"]) == (flag is not None)
    assert all(said.startswith(flag or "?") for said in result["flags"])


@pytest.mark.slow
def test_sixty_four_seconds_of_a_budget_of_eight_are_told(make_run: MakeRun) -> None:
    spin = "import time\nwhile time.process_time() < 11.5: pass\nprint('loss: 1')"
    result = make_run(spin, trainer(""), budget_seconds=1.0).run()
    [flag] = result["flags"]
    assert flag.startswith("budget_exceeded: it used 11")
    assert "s of CPU time of a budget of 1 s; nothing in trainer.toml passes the budget on" in flag


SLOW = """
import json, os, time
from pathlib import Path
for step in range(1, 100000):
    print(f"loss: {10 / step:.4f}", flush=True)
    Path("extra.new").write_text(json.dumps({"l0": step}))
    os.replace("extra.new", "extra.json")  # the run may be killed at any instruction
    begin = time.process_time()
    while time.process_time() < begin + 0.1: pass
"""


@pytest.mark.parametrize("on_timeout", ["fail", "last"])
def test_what_a_run_printed_before_it_took_too_long_is_kept(make_run: MakeRun, on_timeout: str) -> None:
    more = '[[metrics]]\nname = "l0"\nfile = "extra.json"\n'
    text = trainer(f'on_timeout = "{on_timeout}"', startup=0.5).replace("[budget]", f"{more}[budget]")
    result = make_run(SLOW, text, budget_seconds=0.5).run()
    assert result["metrics"]["l0"] > 3
    assert 0 < result["metrics"]["loss"] < 4
    if on_timeout == "fail":
        assert (result["status"], result["score"], result["failure"]["kind"]) == ("failed", None, "timeout")
        assert result["flags"] == []
    else:
        assert (result["status"], result["failure"]) == ("succeeded", None)
        assert result["score"] == result["metrics"]["loss"]
        [flag] = result["flags"]
        assert flag.startswith(
            "timed_out: The command ran for longer than start-up, budget and evaluation together allow; the last"
        )


def test_a_run_that_takes_too_long_and_gave_no_value_fails_in_any_case(make_run: MakeRun) -> None:
    result = make_run("while True: pass", trainer('on_timeout = "last"', startup=0.2), budget_seconds=0.2).run()
    assert (result["status"], result["failure"]["kind"], result["metrics"]) == ("failed", "timeout", {})


@pytest.mark.parametrize(
    ("budget", "command", "message"),
    [
        ('unit = "steps"', "", "budget.amount (line 8): is missing: set the number of steps"),
        ("amount = 5", "", "budget.amount (line 13): is for a unit other than seconds"),
        ('unit = "hours"', "", "has to be one of seconds, steps, epochs, tokens, flops"),
        (STEPS, '["python", "train.py", "--n={epochs}"]', "command (line 4): has {epochs}, and budget.unit is 'steps'"),
        (STEPS + '\nenv = "A B"', "", "has to be the name of an environment variable"),
        ('on_timeout = "score"', "", "has to be one of fail, last"),
    ],
)
def test_a_budget_that_cannot_be_meant_so_is_refused_with_its_line(budget: str, command: str, message: str) -> None:
    text = trainer(budget, command) if command else trainer(budget)
    with pytest.raises(ContractError) as refused:
        parse_trainer(text.encode(), Path("trainer.toml"))
    assert message in refused.value.problem
