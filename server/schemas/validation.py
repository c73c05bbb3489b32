"""Validations: tests of candidates against the champion."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .launch import Estimate
from .messages import Answer, LabLine, Request


class ValidationRequest(Request):
    """Tests of candidates against the champion, one test for each candidate."""

    tool: ClassVar[str] = "validate"

    ids: list[str] = Field(
        min_length=1, max_length=100, description="Experiments that have a score; one test each, in this order"
    )
    replicates: int = Field(
        default=8,
        ge=2,
        le=64,
        description="Number of pairs",
    )
    horizons: list[Annotated[int, Field(ge=1, le=100)]] = Field(
        default_factory=lambda: [1],
        description="Multiples of the budget, such as [1, 2, 4], at which a confirmed candidate must not be worse to become"
        " champion. The default is [1]",
    )
    gpu: str | None = Field(
        default=None,
        description="A kind that list_gpus names, or any. The default is the candidate's",
    )
    dry_run: bool = Field(default=False, description="Return the cost; start nothing")


class Cost(Answer):
    """What one stage of a validation costs.

    Attributes:
        stage: `test`, `horizon` or `report`. Every stage but the test runs only if the stages before it were passed.
        horizon: The multiple of the budget.
        seeds: Number of seeds. On each seed the candidate runs once, and so does what it is compared with.
    """

    stage: str
    horizon: int
    seeds: int
    gpu_seconds: float
    usd: float | None = None


class LaunchedTest(Answer):
    """One validation that was launched.

    Attributes:
        level: The significance level of the test.
        needs_gain: The mean gain that its pairs have to show, if they differ as much as the noise so far says.
        experiments: The experiments of the test, as ranges.
    """

    validation: str = ""
    candidate: str
    level: float
    needs_gain: float | None = None
    costs: list[Cost]
    experiments: list[str] = Field(default_factory=list[str])


class Validated(Answer):
    """The answer of `validate`.

    Attributes:
        champion: What the candidates are tested against.
        estimate: The cost of all stages, as if every candidate were confirmed; that much is reserved. The times are those of
            the test stage.
        tests_before: Number of tests that this lab launched before.
        note: Tests with too few pairs for the gain that their candidate has, at the noise so far.
        plan: The approved plan that they are part of.
        approval: In a dry run, why they need a plan that a person approves, and how to propose one.
    """

    tests: list[LaunchedTest]
    champion: str
    gpu: str
    why_gpu: str = ""
    estimate: Estimate
    tests_before: int
    dry_run: bool | None = None
    note: str = ""
    plan: str = ""
    approval: str = ""
    next: str = ""
    warning: str = ""
    lab: LabLine | None = None
