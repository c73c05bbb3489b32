"""Resources: the lab's results as documents that a client can attach."""

from __future__ import annotations

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError

from ..server.errors import LabhandError, NotFoundError
from ..server.lab.inspect import experiment as experiments
from ..server.lab.results import export
from .lab_context import LabHandle


def add_resources(server: MCPServer[LabHandle], handle: LabHandle) -> None:
    """Offer the leaderboard, the table of results and each experiment."""

    @server.resource(
        "labhand://leaderboard",
        title="Leaderboard",
        mime_type="text/markdown",
        description="The best experiments, with verdicts",
    )
    async def leaderboard() -> str:
        try:
            return await export.leaderboard(await handle.lab())
        except LabhandError as error:
            raise ResourceError(str(error)) from error

    @server.resource(
        "labhand://results.tsv",
        title="results.tsv",
        mime_type="text/tab-separated-values",
        description="Every finished experiment: commit, metric, memory, status, description",
    )
    async def results() -> str:
        try:
            return await export.results_tsv(await handle.lab())
        except LabhandError as error:
            raise ResourceError(str(error)) from error

    @server.resource(
        "labhand://experiment/{id}", title="An experiment", mime_type="application/json", description="One experiment in full"
    )
    async def experiment(id: str) -> str:
        try:
            return (await experiments.get_experiment(await handle.lab(), id, ["all"], None)).model_dump_json(indent=1)
        except NotFoundError as error:
            raise ResourceNotFoundError(str(error)) from error
        except LabhandError as error:
            raise ResourceError(str(error)) from error
