"""Folders of training code that know nothing of labhand, and a conversation that records what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ARGPARSE = """\
import argparse, random
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--seed", type=int, default=1337)
options = parser.parse_args()
random.seed(options.seed)
weight = random.random()
for epoch in range(options.epochs):
    weight -= options.lr * 2 * (weight - 3)
    print(f"epoch {epoch} train loss {(weight - 3) ** 2:.4f}, val loss {(weight - 3) ** 2 + 0.01:.4f}, lr {options.lr}")
"""
"""A script with options, which prints two losses on one line."""

PACKAGE: Mapping[str, str] = {
    "pyproject.toml": '[project]\nname = "fitter"\n[project.scripts]\nfit-train = "fitter.cli:main"\n',
    "src/fitter/__init__.py": "",
    "src/fitter/cli.py": "import os\nfrom .model import fit\nfrom . import metrics\n\ndef main():\n"
    "    print(f\"Final accuracy: {metrics.percent(fit(int(os.environ.get('LABHAND_SEED', 0)))):.2f}%\")\n",
    "src/fitter/model.py": "import random\nRATE = 0.3\n\ndef fit(seed):\n"
    "    return 0.7 + RATE * random.Random(seed).random() / 10\n",
    "src/fitter/metrics.py": "def percent(share):\n    return 100 * share\n",
    "tests/test_fitter.py": "",
}
"""A package below src/, which isn't installed."""

YAML: Mapping[str, str] = {
    "conf/base.yaml": "optimizer:\n  lr: 0.01\ntrain:\n  steps: 300\nseed: 3\n",
    "main.py": "import random, re\n"
    "values = dict(re.findall(r'(\\w+): ([\\d.]+)', open('conf/base.yaml').read()))\n"
    "random.seed(int(values['seed']))\nx = random.random()\n"
    "for step in range(int(values['steps'])):\n    x -= float(values['lr']) * x\n"
    "print('test_rmse:', x + 0.1)\nprint('val_rmse:', x)\n",
}
"""A script with its settings in YAML, which prints two metrics."""

OUTSIDE: Mapping[str, str] = {
    "code/train.py": "import os, random\nopen('.project-root').close()\n"
    "total = sum(float(open(path).read()) for path in ('../data/x.csv', 'cached/m.txt', {other!r}))\n"
    "print(f'loss: {{total + random.Random(os.environ[\"LABHAND_SEED\"]).random() / 10:.4f}}')\n",
    "code/.project-root": "",
    "code/cached/m.txt": "1",
    "code/.gitignore": "cached/\n",
    "data/x.csv": "0.25",
    "other/y.txt": "0.5",
}
"""A script that reads hidden, ignored and outer files; `{other}` is to be filled in."""

AUTORESEARCH_TRAIN = """\
import time
import torch
from kernels import get_kernel
from prepare import TIME_BUDGET, evaluate_bpb

capability = torch.cuda.get_device_capability()
attention = get_kernel("some/fast-attention" if capability == (9, 0) else "some/other-attention").interface
DEPTH = 8
learning_rate = torch.tensor(0.0, device="cpu")  # one scalar in main memory, which is no choice of a device
torch.cuda.manual_seed(42)
device = torch.device("cuda")
model = torch.nn.Linear(DEPTH, DEPTH).to("cuda")
print(f"Gradient accumulation steps: {2}")
loss = 1.0
print(f"\\rstep {1:05d} | loss: {loss:.6f} | mfu: {2:.1f}%", end="", flush=True)
torch.cuda.synchronize()
val_bpb = evaluate_bpb(model)
print("---")
print(f"val_bpb:          {val_bpb:.6f}")
print(f"training_seconds: {TIME_BUDGET:.1f}")
print(f"peak_vram_mb:     {torch.cuda.max_memory_allocated() / 2**20:.1f}")
print(f"mfu_percent:      {39.8:.2f}")
print(f"num_steps:        {1}")
"""
"""Needs a CUDA GPU, first at line 6, whatever else it names."""

AUTORESEARCH: Mapping[str, str] = {
    "README.md": "# autoresearch\n\n```bash\ncurl -LsSf https://astral.sh/uv/install.sh | sh\nuv sync\nuv run prepare.py\n"
    "# Train\nuv run train.py\n```\n",
    "pyproject.toml": '[project]\nname = "autoresearch"\ndependencies = ["kernels", "torch==2.9.1"]\n'
    '[tool.uv.sources]\ntorch = [{ index = "cuda" }]\n'
    '[[tool.uv.index]]\nname = "cuda"\nurl = "https://download.pytorch.org/whl/cu128"\nexplicit = true\n',
    "uv.lock": "version = 1\n",
    "prepare.py": 'import torch\nTIME_BUDGET = 300\n\ndef token_bytes(device="cpu"):\n'
    "    return torch.load('bytes.pt', map_location=device)\n\n"
    "def evaluate_bpb(model):\n    return 1.0 + token_bytes(device='cuda')\n",
    "train.py": AUTORESEARCH_TRAIN,
}
"""In the style of autoresearch: `uv run`, a CUDA GPU, an evaluation in a protected file."""


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a folder of texts."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def content(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too, less git's own."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@dataclass
class Recorded:
    """A conversation with somebody who agrees to all or nothing, and takes the choice that has a word or writes an answer."""

    agree: bool = True
    wanted: str = ""
    written: str = ""
    told: list[str] = field(default_factory=list[str])
    shown: list[str] = field(default_factory=list[str])

    def say(self, text: str) -> None:
        self.told.append(text)

    def show(self, text: str) -> None:
        self.shown.append(text)

    def agrees(self, question: str) -> bool:
        self.told.append(question)
        return self.agree

    def choose(self, question: str, choices: Sequence[str]) -> int:
        self.told.append(f"{question} {' | '.join(choices)}")
        return next((place for place, choice in enumerate(choices) if self.wanted and self.wanted in choice), 0)

    def choose_or_write(self, question: str, choices: Sequence[str]) -> int | str:
        return self.written or self.choose(question, choices)

    @property
    def text(self) -> str:
        return "\n".join(self.told)
