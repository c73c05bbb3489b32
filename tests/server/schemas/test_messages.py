"""What all requests and answers have in common."""

from __future__ import annotations

from pathlib import Path

import pytest
from labhand.server.schemas.launch import Launch
from labhand.server.schemas.messages import changed
from labhand.server.schemas.monitor import WaitQuery
from pydantic import ValidationError

ROOT = Path(__file__).parents[3]


def test_a_changed_request_keeps_what_was_set_and_nothing_else() -> None:
    request = WaitQuery(ids=["e0001"])
    repeated = changed(request, after="c1")
    assert repeated.as_call() == 'wait(ids=["e0001"], after="c1")'
    assert request.as_call() == 'wait(ids=["e0001"])'


def test_what_is_changed_is_validated() -> None:
    with pytest.raises(ValidationError, match="greater than 0"):
        changed(Launch(hypothesis="-"), budget_seconds=-1)


def test_no_message_is_copied_without_validation() -> None:
    files = [path for folder in ("server", "tools") for path in (ROOT / folder).rglob("*.py")]
    copying = [path.name for path in files if ".model_copy(" in path.read_text("utf-8")]
    assert len(files) > 100
    assert copying == []
