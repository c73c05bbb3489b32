"""The doctor and the release of SkyPilot."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from labhand.server.backends.skypilot.client import SkyPilotInfo
from labhand.server.commands.setup import doctor
from labhand.server.commands.setup.trainer_checks import CheckResult
from labhand.server.settings import Settings


def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str, server: str) -> CheckResult:
    """Return what the doctor finds where these versions of SkyPilot are installed."""
    if find_spec("sky") is None:
        pytest.skip("SkyPilot isn't installed: pip install 'labhand[skypilot]'")

    async def ask() -> SkyPilotInfo:
        return SkyPilotInfo(client, server, ["slurm"])

    monkeypatch.setattr(doctor, "_ask_skypilot", ask)
    pool = {"backend": "skypilot", "infra": "slurm/lab", "gpu": "H100"}
    return doctor._skypilot(tmp_path, Settings.model_validate({"pools": {"h100": pool}}))  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(("client", "server"), [("0.14.0", "0.14.1"), ("0.14.1", "0.13.2.post1"), ("0.9.3", "0.9.3")])
def test_the_doctor_warns_below_the_release_that_does_not_lose_clusters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: str, server: str
) -> None:
    result = check(tmp_path, monkeypatch, client, server)
    assert result.state == "note"
    assert "may forget a Slurm cluster that is up" in result.finding
    assert "skypilot>=0.14.1" in result.fix


@pytest.mark.parametrize("version", ["0.14.1", "0.14.1.post2", "0.15.0rc1", "1.0.0.dev20261027"])
def test_the_doctor_is_content_with_a_release_that_has_the_fixes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    assert check(tmp_path, monkeypatch, version, version).state == "ok"
