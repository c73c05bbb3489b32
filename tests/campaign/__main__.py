"""A real campaign on this machine, through MCP, that ends in a report whose every figure is recomputed from the ledger.

Run: python -m tests.campaign FOLDER
Trains the built-in `gpt` some sixty times for ten seconds (of CPU, where there is no GPU): a screen of four knobs, two
changes of code, batches of the optimiser, a closer look, a validation, and the champion taken apart. FOLDER keeps the lab; the
report lies in FOLDER/report. Takes about fifteen minutes on two cores that have nothing else to do.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import anyio
from labhand.server.commands.report import MARKDOWN, write_report
from labhand.server.commands.setup.init import prepare_data

from .agent import Campaign, run
from .recompute import recompute

SECONDS = 10
PLAN = Campaign(
    screen={"WIDTH": [32, 96], "BATCH_SIZE": [4, 16], "MATRIX_LR": [0.01, 0.04], "COOLDOWN": [0.3, 0.7]},
    search={"WIDTH": [32, 64, 96, 128], "BATCH_SIZE": [2, 32], "MATRIX_LR": [0.005, 0.08]},
    batches=(6,),
    ideas=(
        (
            "A smoother activation wastes fewer units",
            [{"file": "train.py", "find": "F.relu(self.up(x)).square()", "replace": "F.gelu(self.up(x))"}],
        ),
        (
            "The previous token's embedding beside the own one spares attention a step",
            [
                {
                    "file": "train.py",
                    "find": "        x = norm(x)\n",
                    "replace": "        x = norm(x + 0.5 * F.pad(x, (0, 0, 1, -1)))\n",
                }
            ],
        ),
    ),
    hopeless={"HEAD_LR": 5000.0},
    closer=1,
    pairs=6,
    seeds=2,
)


def main(root: Path) -> None:
    """Run the campaign, write the report, and hold it against the ledger."""
    began = time.monotonic()
    root.mkdir(parents=True, exist_ok=True)
    (root / "labhand.toml").write_text(
        f'trainer = "gpt"\ngoal = "Bits per byte after ten seconds"\nbudget_seconds = {SECONDS}\n', "utf-8"
    )
    prepare_data(root)
    anyio.run(run, root, PLAN)
    write_report(root, root / "report")
    page = recompute(root, (root / "report" / MARKDOWN).read_text("utf-8"))
    left = page.unaccounted()
    print("\n".join(left) or "Every figure of the report was recomputed from the ledger.")  # noqa: T201
    print(f"It took {time.monotonic() - began:.0f} s.")  # noqa: T201
    sys.exit(bool(left))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
