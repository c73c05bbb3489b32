"""An afternoon in a lab, through MCP: every hint is followed, every row's gain recomputed, every text counted.

A scripted agent works in a lab as a real one would. Each call that an answer or an error suggests is parsed and made. Each row
is recomputed from the ledger against the source that it names, and so is the report. At the end the tokens that an agent would
have read for each experiment are printed: `tools/list` once, the instructions, and every answer's text, at four characters a
token. Pictures aren't counted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

import anyio
from labhand.server.commands.report import MARKDOWN, write_report
from labhand.server.commands.setup.init import prepare_data
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from .page import WrongClaimError
from .recompute import recompute
from .row_gains import RowCheck
from .session import Plan, afternoon, check_all_rows
from .transcript import Transcript

TRAINERS = Path(__file__).parents[1] / "trainers"
REHEARSAL = """trainer = "gpt"
goal = "Bits per byte after a minute"
budget_seconds = 60
[pools.h200]
backend = "simulated"
count = 8
effect = 0.2
failures = 0.03
"""
REAL = """trainer = "./teacher"
goal = "The error after two CPU-seconds"
budget_seconds = 2
"""
GPT = """trainer = "gpt"
goal = "Bits per byte after three CPU-seconds"
budget_seconds = 3
"""
ASPECTS = ("summary", "effects", "noise", "pareto", "horizons", "efficiency", "yardstick", "importance", "ablation")
PICTURES = ("progress", "effects", "timeline", "parallel", "horizons")  # simulated runs have no curves
OF_GPT = Plan(
    variants=[
        {
            "name": "gelu",
            "edits": [{"file": "train.py", "find": "F.relu(self.up(x)).square()", "replace": "F.gelu(self.up(x))"}],
        },
    ],
    factors={"WIDTH": [32, 48, 64, 96], "MATRIX_LR": [0.01, 0.02, 0.04]},
    screen={"BATCH_SIZE": [4, 16], "COOLDOWN": [0.3, 0.7], "EMBEDDING_LR": [0.04, 0.2], "HEAD_LR": [1.0, 4.0]},
    search={"WIDTH": [32, 128], "BATCH_SIZE": [2, 32], "MATRIX_LR": [0.005, 0.08], "HEAD_LR": [0.5, 8.0]},
    batches=(120,) * 6,
    broken=[{"find": "    torch.manual_seed(session.seed)", "replace": "    raise KeyError('x')"}],
    hopeless={"HEAD_LR": 5000.0},
    further={"COOLDOWN": [0.4, 0.6, 0.8], "ADAM_BETAS": ["(0.8, 0.9)", "(0.9, 0.95)"], "MLP_RATIO": [2, 3, 6]},
    budget=120,
    pairs=8,
    parts=3,
    validations=3,
    aspects=ASPECTS,
    pictures=PICTURES,
    symbol="norm",
)
SHORT = replace(OF_GPT, factors={"WIDTH": [32, 96]}, batches=(6,), further={"COOLDOWN": [0.4, 0.8]}, validations=1, parts=1)
OF_GPT_REAL = replace(SHORT, pairs=4, budget=6, batches=(4,), aspects=("summary",), pictures=("progress",))
OF_TEACHER = Plan(
    variants=[
        {
            "name": "sine",
            "edits": [
                {"find": "return math.tanh(x)", "replace": "return math.sin(x)"},
                {"find": "return 1 - y * y", "replace": "return math.sqrt(max(0.0, 1 - y * y))"},
            ],
        }
    ],
    factors={"WIDTH": [8, 16], "MOMENTUM": [0.5, 0.9]},
    screen={"RATE": [0.02, 0.1], "BATCH_SIZE": [4, 16], "SCALE": [0.5, 1.5]},
    search={"RATE": [0.02, 0.5], "WIDTH": [4, 16], "BATCH_SIZE": [2, 16]},
    batches=(8, 8),
    broken=[{"find": "    budget = float(", "replace": "    raise KeyError('x')\n    budget = float("}],
    hopeless={"RATE": 50.0},
    further={"COOLDOWN": [0.2, 0.6], "SCALE": [0.7, 1.4]},
    budget=4,
    pairs=6,
    parts=1,
    validations=1,
    aspects=("summary", "noise", "efficiency"),
    pictures=("progress", "timeline"),
    symbol="Network.step",
)


async def run(root: Path, plan: Plan, suggested_launches: int) -> Transcript:
    """Do a session in the lab at `root`, and check every row at its end."""
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "labhand.server.main", "serve", "--root", str(root), "--as", "agent"],
        env=dict(os.environ),
    )
    async with Client(server) as client:
        agent = Transcript(client, RowCheck(root), suggested_launches)
        try:
            await afternoon(agent, plan)
            await check_all_rows(agent)
        except Exception:  # noqa: BLE001 - what was found until then is shown
            agent.problems.append(traceback.format_exc())
        return agent


def lab_at(root: Path, settings: str) -> None:
    """Make the folder of a lab, with the trainer and the data that its settings want."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "labhand.toml").write_text(settings, "utf-8")
    if settings is REAL:
        shutil.copytree(TRAINERS / "teacher", root / "teacher")
    if settings is GPT:
        prepare_data(root)


def report_problems(root: Path) -> list[str]:
    """Write the report, and return what in it the ledger doesn't say."""
    write_report(root, root / "report")
    try:
        return recompute(root, (root / "report" / MARKDOWN).read_text("utf-8")).unaccounted()
    except WrongClaimError as error:
        return [str(error)]


def experiments_of(agent: Transcript) -> int:
    """Return the number of experiments that ended."""
    return agent.rows.moment()


def show(agent: Transcript) -> None:
    """Print the figures of a session."""
    ended = experiments_of(agent)
    print(f"{'read':24}{'calls':>7}{'tokens':>9}{'a call':>8}{'an experiment':>15}")  # noqa: T201
    for source, characters in agent.characters.most_common():
        calls, tokens = agent.calls[source], characters / 4
        print(f"{source:24}{calls:7}{tokens:9.0f}{tokens / calls:8.0f}{tokens / ended:15.1f}")  # noqa: T201
    followed = ", ".join(f"{count} {tool}" for tool, count in agent.followed.most_common())
    print(f"Hints followed: {followed}; {agent.repeated} were repetitions.")  # noqa: T201
    print(f"Recomputed from the ledger: {dict(agent.rows.checked)}")  # noqa: T201
    print(f"{ended} experiments, {sum(agent.calls.values())} calls, {agent.tokens():.0f} tokens (characters / 4).")  # noqa: T201
    print(f"Tokens an experiment: {agent.tokens() / ended:.1f}")  # noqa: T201


def main() -> None:
    """Run the session that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign.afternoon", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the lab is made; it must not exist")
    parser.add_argument("--rehearsal", action="store_true", help="900 simulated experiments instead of 60 real ones")
    parser.add_argument("--short", action="store_true", help="with --rehearsal: some 60 experiments")
    parser.add_argument("--gpt", action="store_true", help="train the built-in trainer instead of a small one of two seconds")
    arguments = parser.parse_args()
    root, began = arguments.folder.resolve(), time.monotonic()
    settings, plan, launches = REAL, OF_TEACHER, 1
    if arguments.rehearsal:
        settings, plan, launches = REHEARSAL, SHORT if arguments.short else OF_GPT, 4
    elif arguments.gpt:
        settings, plan = GPT, OF_GPT_REAL
    lab_at(root, settings)
    agent = anyio.run(run, root, plan, launches)
    show(agent)
    problems = [*agent.problems, *report_problems(root)]
    print("\n".join(problems) or "Every hint was accepted, and every figure was recomputed.")  # noqa: T201
    print(f"It took {time.monotonic() - began:.0f} s.")  # noqa: T201
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
