"""The table `[approval]` of `labhand.toml`: from which cost on a person approves what is launched."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Approval(BaseModel):
    """Limits on the lab's total cost. Above them, nothing starts without a plan that a person has approved."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    above_usd: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None,
        description="US dollars that the lab may spend in all without an approved plan; 0 to approve all that costs money",
    )
    above_gpu_hours: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None, description="GPU-hours that the lab may use in all without an approved plan"
    )
    expires_hours: Annotated[float, Field(gt=0, le=24 * 365, allow_inf_nan=False)] | None = Field(
        default=None,
        description="Hours for which an approval holds; then nothing more of its plan starts. By default it holds until the"
        " plan is used up",
    )
    by_client: bool = Field(
        default=True,
        description="Let a person approve in the agent's client, where that can ask (elicitation); if false, only on the"
        " dashboard and by `labhand approve`",
    )

    @property
    def is_wanted(self) -> bool:
        """Whether anything needs approval."""
        return self.above_usd is not None or self.above_gpu_hours is not None
