"""What is added to a command so that its script runs without a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server import machine
from labhand.server.onboarding.conversation import TrialFailedError
from labhand.server.onboarding.cpu_options import cpu_option
from labhand.server.onboarding.onboarding import make_trainer

from . import foreign
from .foreign import Recorded

HEAD = "import argparse\nparser = argparse.ArgumentParser()\n"


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ('parser.add_argument("--cuda", action="store_false", help="use CUDA (default: True)")', ("--cuda",)),
        ('parser.add_argument("--no-cuda", action="store_true", default=False)', ("--no-cuda",)),
        ('parser.add_argument("-c", "--disable_cuda", action="store_true")', ("--disable_cuda",)),
        ('parser.add_argument("--cpu", action="store_true")', ("--cpu",)),
        ('parser.add_argument("--device", default="cuda:0", type=str)', ("--device", "cpu")),
        ('@click.option("--use-cpu", is_flag=True)\ndef main(use_cpu): ...', ("--use-cpu",)),
        ('parser.add_argument("--cuda", action="store_true")', None),
        ('parser.add_argument("--no-cuda", action="store_false")', None),
        ('parser.add_argument("--device", default="cpu")', None),
        ('parser.add_argument("--cpu-workers", type=int, default=4)', None),
        ('parser.add_argument("--gpu", type=int, default=0)', None),
        ("parser.add_argument(", None),
    ],
)
def test_an_option_that_leaves_the_gpu_is_found(declared: str, words: tuple[str, ...] | None) -> None:
    option = cpu_option({"README.md": declared, "train.py": f"{HEAD}{declared}\n"})

    assert (option and (option.words, option.place)) == (words and (words, "train.py:3"))


@pytest.fixture
def no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a GPU, whose slots no other test takes."""
    monkeypatch.setenv("LABHAND_SLOTS", str(tmp_path / "slots"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    machine.devices.cache_clear()


NEEDS_A_GPU = """
parser.add_argument("--seed", type=int, default=1)
args = parser.parse_args()
if args.cuda:
    raise AssertionError("Torch not compiled with CUDA enabled")
print("Test set: Average loss:", 1 / args.seed)
"""


@pytest.mark.slow
@pytest.mark.usefixtures("no_gpu")
def test_a_script_that_takes_a_gpu_is_told_not_to(tmp_path: Path) -> None:
    declared = 'parser.add_argument("--cuda", action="store_false", help="use CUDA")'
    folder = foreign.write(tmp_path / "adding", {"train.py": f"{HEAD}{declared}{NEEDS_A_GPU}"})
    talk = Recorded()

    assert make_trainer(folder, talk, 60.0).score > 0
    assert "The code takes a GPU, and this machine has none: --cuda was added (train.py:3)." in talk.text
    toml = (folder / "trainer.toml").read_text("utf-8")
    assert "# --cuda was added, because this machine has no GPU: leave it out where there is one." in toml
    assert 'command = ["python", "train.py", "--cuda", "--seed", "{seed}"]' in toml


@pytest.mark.slow
@pytest.mark.usefixtures("no_gpu")
def test_without_a_try_the_metric_is_one_that_the_command_prints(tmp_path: Path) -> None:
    train = "if True:\n    raise RuntimeError('No CUDA GPUs are available')\nprint(f'Test loss: {1:.2f}')\n"
    other = "print(f'valid loss: {1:.2f} | valid bpc: {1:.2f}')\n"
    folder = foreign.write(tmp_path / "foreign", {"train.py": train, "words/other_task.py": other})
    with pytest.raises(TrialFailedError, match="needs a CUDA GPU"):
        make_trainer(folder, Recorded(), 60.0)

    toml = (folder / "trainer.toml").read_text("utf-8")
    assert 'name = "test_loss"' in toml
    assert "valid" not in toml
