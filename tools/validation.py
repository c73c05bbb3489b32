"""The tool that confirms."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..server.lab.launch import validate as validating
from ..server.schemas.answers import Validated
from ..server.schemas.requests import ValidationRequest
from .lab_context import LabContext, caller_of, lab_of
from .registry import tool


@tool("Validate candidates", always_loaded=True)
async def validate(
    ctx: LabContext,
    *,
    ids: Annotated[list[str], Field(description="Experiments; each is one test")],
    replicates: Annotated[int, Field(description="Pairs of fresh seeds, candidate and champion on each")] = 8,
    horizons: Annotated[
        list[int] | None,
        Field(description="[1, 2, 4]: a confirmed candidate leads only if not behind at these multiples of the budget, too"),
    ] = None,
    gpu: Annotated[str | None, Field(description="A kind that list_gpus names, or any; the candidate's own by default")] = None,
    dry_run: Annotated[bool, Field(description="Price it, start nothing")] = False,
) -> Validated:
    """Test candidates against the champion: the only way to `confirmed`, and to a new champion. Answers at once; then `wait`.

    Candidate and champion run in pairs on seeds that nothing else has. Each test has a level of its own, fixed at launch from
    the lab's whole stream of tests: every test makes later ones stricter, a confirmation pays back. So validate what is
    promising on several seeds, not everything; validating again is a new test. Eight pairs find a gain of 3 standard deviations
    between seeds with 95 %, four with 55 %. The gain that may be reported comes from other pairs, against the baseline, which
    the lab runs when a candidate has become champion.
    """
    request = ValidationRequest(ids=ids, replicates=replicates, horizons=horizons or [1], gpu=gpu, dry_run=dry_run)
    return await validating.validate(await lab_of(ctx), request, caller_of(ctx))
