"""`labhand demo`: a script that does through a real MCP client what an agent does. Nothing is recorded in advance."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio
import tomlkit
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.shared.dispatcher import ProgressFnT
from mcp.types import CallToolResult, TextContent
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ...trainer.contract.trainer_toml.trainer_file import TRAINER_FILE
from ..errors import LabhandError
from ..schemas.results import Row
from ..settings import FILE
from ..source.repository import write_folder
from ..source.trainer_folder import built_in, read_folder
from .console import err, in_words, out, registration_command, results_table
from .setup.init import prepare_data

FACTORS: Mapping[str, list[Any]] = {"WIDTH": [32, 128], "MATRIX_LR": [0.01, 0.04]}
"""Two knobs of the built-in trainer, with two values each."""


def run_demo(budget_seconds: float, keep: Path | None) -> None:
    """Create a lab, run the baseline and a grid in it through MCP, and print the results.

    Args:
        budget_seconds: Seconds of training of each experiment.
        keep: Folder for the lab; None for a temporary folder.

    Raises:
        LabhandError: A call failed, or the data can't be prepared.
    """
    # The lab's dispatcher may still write to its log while a temporary folder is removed.
    temporary = partial(tempfile.TemporaryDirectory[str], prefix="labhand-demo-", ignore_cleanup_errors=True)
    with nullcontext(str(keep)) if keep else temporary() as folder:
        root = Path(folder).resolve()
        root.mkdir(parents=True, exist_ok=True)
        copy_trainer(root / "gpt")
        (root / FILE).write_text(f'trainer = "./gpt"\ngoal = "A demonstration"\nbudget_seconds = {budget_seconds}\n', "utf-8")
        err.print(f"[bold]A lab at {root}[/bold]")
        began = time.monotonic()
        prepare_data(root)
        err.print(f"Data is prepared ({time.monotonic() - began:.0f} s).")
        anyio.run(_research, root)
        err.print(f"All of it took {time.monotonic() - began:.0f} s.")
    err.print("\n[bold]Plug in Claude Code[/bold], in the folder where you want to work:\n")
    out.print(f"  {registration_command()}", markup=False)


def copy_trainer(folder: Path) -> None:
    """Copy the built-in trainer, with its small corpus on GPUs, too: a demonstration doesn't begin with a long download."""
    write_folder(read_folder(built_in() / "gpt"), folder)
    settings = folder / TRAINER_FILE
    document: Any = tomlkit.parse(settings.read_text("utf-8"))
    document["data"].pop("gpu", None)
    settings.write_text(tomlkit.dumps(document), "utf-8")


async def _research(root: Path) -> None:
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "labhand.server.main", "serve", "--root", str(root), "--as", "demo"]
    )
    async with Client(server) as client:
        agent = DemoAgent(client)
        await agent.look_around()
        baseline = await agent.call(
            "launch_experiment", hypothesis="The trainer as it is, to measure the rest against", base="baseline"
        )
        grid = await agent.call(
            "launch_grid",
            hypothesis="A narrower model takes more steps in the same time, and may want another learning rate",
            factors=dict(FACTORS),
            theme="depth",
        )
        replicates = [*baseline["experiments"], *baseline.get("baseline", []), *grid.get("baseline", [])]
        err.print(f"Launched {', '.join(replicates)} (the baseline, for the noise) and {grid['grid']}: {grid['total']} cells.")
        await agent.wait_for([*replicates, grid["grid"]])
        await agent.wait_for_the_rest()
        await agent.show_results()


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """An agent that is a script: it makes calls that any client could make."""

    client: Client

    async def call(self, tool: str, **arguments: object) -> dict[str, Any]:
        """Call a tool and return its structured answer.

        Raises:
            LabhandError: The tool answered with an error.
        """
        return _data(await self._result(tool, arguments))

    async def _result(self, tool: str, arguments: dict[str, object], progress: ProgressFnT | None = None) -> CallToolResult:
        result = await self.client.call_tool(tool, arguments, progress_callback=progress)
        if result.is_error:
            raise LabhandError(f"{tool} answered: {_text(result)}")
        return result

    async def look_around(self) -> None:
        """Print the GPUs, and the size of the baseline's outline."""
        gpus = await self.call("list_gpus")
        for pool in gpus["pools"]:
            err.print(f"list_gpus: {pool['total']} x {pool['gpu']}, {gpus['budget_seconds']:g} s of training each")
        source = _text(await self._result("read_source", {"id": "baseline"}))
        err.print(f"read_source: {len(source.splitlines())} lines of outline and knobs")

    async def wait_for(self, ids: list[str]) -> None:
        """Wait until all are finished, with live progress."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=err) as bar:
            task = bar.add_task("waiting", total=None)

            async def show(progress: float, total: float | None, message: str | None) -> None:
                bar.update(task, completed=progress, total=total, description=message or "waiting")

            cursor: str | None = None
            while True:
                arguments: dict[str, object] = {"ids": ids, "until": "all"}
                if cursor is not None:
                    arguments["after"] = cursor
                answer = _data(await self._result("wait", arguments, show))
                cursor = answer["cursor"]
                for failure in answer.get("failures", []):
                    bar.console.print(f"[red]{failure['count']} {failure['kind']}[/red]: {escape(failure.get('message', ''))}")
                if not answer.get("pending"):
                    return

    async def wait_for_the_rest(self) -> None:
        """Wait until what the lab has added meanwhile is finished too, such as another run of the baseline."""
        total = 0
        while (count := (await self.call("get_results", limit=1))["total"]) > total:
            total = count
            await self.wait_for([f"e0001-e{total:04}"])

    async def show_results(self) -> None:
        """Print the table of results, the noise, and what was spent."""
        results = await self.call("get_results", limit=50)
        rows = [Row.model_validate(row) for row in results["rows"]]
        out.print(results_table("get_results", rows, results["common"]))
        briefing = await self.call("get_briefing")
        out.print(f"noise: {briefing.get('noise', '')}", markup=False)
        for name in ("allowance", "efficiency"):
            out.print(f"{name}: {in_words(briefing.get(name, {}))}", markup=False)


def _data(result: CallToolResult) -> dict[str, Any]:
    return cast("dict[str, Any]", result.structured_content or {})


def _text(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))
