"""Whole runs of a trainer that the evaluator scores, and how they fail; test_run.py has the one that succeeds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..running import MakeRun, is_alive

pytestmark = pytest.mark.slow


def test_a_seed_decides_which_documents_are_read_in_which_order(make_run: MakeRun) -> None:
    def first_tokens(name: str, seed: int) -> str:
        run = make_run(("\n    train(session, model, tokens)", "\n    print(tokens[:500].tolist())"), name=name, seed=seed)
        assert run.run()["status"] == "succeeded"
        return run.log()

    first = first_tokens("e0001-1", 1)
    assert first.startswith("[299, ")
    assert first == first_tokens("e0002-1", 1)
    assert first != first_tokens("e0003-1", 2)


def test_a_loss_that_is_no_number_ends_the_run_at_once(make_run: MakeRun) -> None:
    run = make_run(("loss=loss.item()", "loss=float('nan') if step > 2 else 1.0"), budget_seconds=600)
    result = run.run()
    assert result["failure"]["kind"] == "diverged"
    assert "step 3" in result["failure"]["message"]
    assert result["seconds"]["training"] < 60


def test_a_start_up_that_never_ends_is_ended(make_run: MakeRun) -> None:
    result = make_run(("import torch\n", "import time; time.sleep(600)\n"), startup=0.5).run()
    assert result["failure"]["kind"] == "timeout"
    assert "start-up" in result["failure"]["message"]
    assert "training" not in result["seconds"]


def test_training_past_the_deadline_fails_whatever_it_does_with_sigterm(make_run: MakeRun) -> None:
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    result = make_run(("session.progress() < 1", "True"), ("    step = 0", f"    {ignore}; step = 0"), budget_seconds=0.2).run()
    assert result["failure"]["kind"] == "timeout"
    assert result["score"] is None
    assert 1.2 < result["seconds"]["training"] < 8


BURN_ELSEWHERE = """
    import os, signal, sys
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            open("daemon", "w").write(str(os.getpid()))
            while True: pass
        os._exit(0)
    signal.pause()
"""


def test_the_time_of_a_daemon_counts_and_it_is_killed(make_run: MakeRun) -> None:
    run = make_run(("    train(session, model, tokens)", BURN_ELSEWHERE), budget_seconds=0.5)
    result = run.run()
    assert result["failure"]["kind"] == "timeout"
    assert result["seconds"]["training"] > 1.5
    assert result["seconds"]["training_wall"] < 10
    assert not is_alive(int((run.work / "daemon").read_text()))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tokens = session.ready()\n", "raise SystemExit\n", "session.ready"),
        ("session.save(model, config)", "pass", "no model.pt"),
        ("def build_model", "def build_something", "build_model"),
        ("return self.table[tokens]", "return self.table[tokens] if self.training else tokens", "logits"),
        ("session.save(model, config)", "session.save(torch.nn.Linear(1, 1), config)", "Missing key"),
        ("session.report(step=step, ", "session._channel.socket.send(b'hello'); session.report(step=step, ", "messages"),
    ],
)
def test_a_broken_contract_is_told_from_a_crash(make_run: MakeRun, old: str, new: str, message: str) -> None:
    repairs = [("model = build_model(config)", "model = build_something(config)")] if "build_something" in new else []
    failure = make_run((old, new), *repairs, budget_seconds=1.0).run()["failure"]
    assert failure["kind"] == "contract_broken"
    assert message in failure["message"] + "".join(failure["lines"])


def test_saving_ends_the_experiment_at_once(make_run: MakeRun) -> None:
    go_on = "session.save(model, config)\n    import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
    result = make_run(("session.save(model, config)", go_on), budget_seconds=1.0).run()
    assert result["status"] == "succeeded"
    assert result["seconds"]["training_wall"] < 20


EVIL = """
class Evil:
    def __reduce__(self):
        import os
        return os.mkdir, ("ran",)

if __name__ =="""


def test_a_checkpoint_that_would_run_code_is_not_loaded(make_run: MakeRun) -> None:
    save = "session.save(model, config)"
    instead = "at = session._facts['output']; open(at + '/config.json', 'w').write('{}'); torch.save(Evil(), at + '/model.pt')"
    run = make_run(("\nif __name__ ==", EVIL), (save, instead), budget_seconds=1.0)
    assert run.run()["failure"]["kind"] == "contract_broken"
    assert not list(run.path.rglob("ran"))


PEEK = """
        logits = self.table[tokens]
        if self.training: return logits
        bonus = torch.nn.functional.one_hot(tokens.roll(-1, 1), logits.shape[-1])
        return logits + {strength} * bonus
"""


@pytest.mark.parametrize("strength", [20.0, 1.0])
def test_a_model_that_looks_ahead_is_caught(make_run: MakeRun, strength: float) -> None:
    failure = make_run(("        return self.table[tokens]\n", PEEK.format(strength=strength))).run()["failure"]
    assert failure["kind"] == "tampering"
    assert "sees the future" in failure["message"]


REMEMBER = """
        logits = self.table[tokens]
        if self.training: return logits
        logits = logits.clone()
        for row, answer in zip(tokens, logits):
            known = MEMORY.get(tuple(row[:16].tolist()))
            MEMORY[tuple(row[:16].tolist())] = row
            if known is not None:
                answer[torch.arange(31), known[1:]] += 10.0
        return logits
"""


def test_a_model_that_remembers_rows_is_caught(make_run: MakeRun) -> None:
    remember = ("        return self.table[tokens]\n", REMEMBER)
    failure = make_run(remember, ("class Bigram", "MEMORY = {}\n\nclass Bigram")).run()["failure"]
    assert failure["kind"] == "tampering"
    assert "remembers" in failure["message"]


def test_a_models_process_has_no_way_to_speak_for_the_next_one(make_run: MakeRun) -> None:
    count = """
import os, stat

def is_socket(number):
    try:
        return number > 2 and stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:  # what listed the others
        return False

print("sockets:", sum(is_socket(int(name)) for name in os.listdir("/proc/self/fd")))

class Bigram"""
    run = make_run(("class Bigram", count))
    assert run.run()["status"] == "succeeded"
    assert run.log().count("sockets: 1\n") == 2  # in training, and in the first process of two that score


def test_an_honest_model_with_a_little_noise_is_scored(make_run: MakeRun) -> None:
    noisy = "return self.table[tokens] + 0.01 * torch.randn(300)"
    result = make_run(("return self.table[tokens]", noisy)).run()
    assert result["status"] == "succeeded", result["failure"]


def test_a_model_of_mere_noise_is_told_to_be_steady(make_run: MakeRun) -> None:
    noisy = "return torch.nn.functional.dropout(self.table[tokens], 0.5)"
    failure = make_run(("return self.table[tokens]", noisy)).run()["failure"]
    assert failure["kind"] == "contract_broken"
    assert "each time" in failure["message"]


def test_a_corpus_that_is_not_prepared_is_said_to_be(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    run.environment["LABHAND_CACHE"] = str(tmp_path / "empty")
    failure = run.run()["failure"]
    assert failure["kind"] == "contract_broken"
    assert "labhand prepare" in failure["message"]


def test_the_same_script_trains_by_hand(make_run: MakeRun) -> None:
    run = make_run()
    environment = os.environ | run.environment | {"LABHAND_BUDGET_SECONDS": "0.2"}
    subprocess.run([sys.executable, "train.py"], cwd=run.source, env=environment, check=True)
    assert (run.source / "model.pt").exists()
