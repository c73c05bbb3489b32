"""Resources: the lab's results as documents that a client can attach."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from ..server.errors import LabhandError, NotFoundError
from ..server.lab.inspect import experiment as experiments
from ..server.lab.references import find_experiment
from ..server.lab.results import text_tables
from .lab_context import LabHandle

TSV = "text/tab-separated-values"


def add_resources(server: MCPServer[LabHandle], handle: LabHandle) -> None:
    """Offer the leaderboard, the table of results and each experiment."""

    @server.resource(
        "labhand://leaderboard",
        title="Leaderboard",
        mime_type="text/markdown",
        description="The best experiments, with verdicts",
    )
    async def leaderboard() -> str:
        with _errors_for_clients():
            return await text_tables.leaderboard(await handle.lab())

    @server.resource(
        text_tables.TSV_URI,
        title="results.tsv",
        mime_type=TSV,
        description="The finished experiments: commit, metric, memory, status, description. The last line names the next part",
    )
    async def results() -> str:
        with _errors_for_clients():
            return await text_tables.results_page(await handle.lab(), 0)

    @server.resource(
        f"{text_tables.TSV_URI}/{{after}}",
        title="results.tsv, continued",
        mime_type=TSV,
        description="The part of results.tsv after an experiment",
    )
    async def later_results(after: str) -> str:
        with _errors_for_clients():
            lab = await handle.lab()
            return await text_tables.results_page(lab, (await find_experiment(lab, after)).number)

    @server.resource(
        "labhand://experiment/{id}", title="An experiment", mime_type="application/json", description="One experiment in full"
    )
    async def experiment(id: str) -> str:
        with _errors_for_clients():
            return (await experiments.get_experiment(await handle.lab(), id, ["all"], None)).model_dump_json()


@contextmanager
def _errors_for_clients() -> Generator[None]:
    """Turn errors of the lab into those whose text the SDK sends to a client."""
    try:
        yield
    except NotFoundError as error:
        raise ResourceNotFoundError(str(error)) from error
    except LabhandError as error:
        raise ResourceError(str(error)) from error
