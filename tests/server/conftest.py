"""What tests of the server share."""

from __future__ import annotations

import pytest
from labhand.server.lab.lab import Lab


@pytest.fixture
def no_dispatcher(monkeypatch: pytest.MonkeyPatch) -> None:
    """No lab that a command opens starts a dispatcher, which would start SkyPilot where a pool needs it."""

    def starts_nothing(_: Lab) -> None:
        return None

    monkeypatch.setattr(Lab, "wake_dispatcher", starts_nothing)
