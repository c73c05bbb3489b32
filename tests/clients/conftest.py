"""Real MCP clients, and a lab for them to work in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .programs import INSTALLED, ROOT, Clients, open_lab


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever stands in this folder needs the real clients."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("clients")
            item.add_marker("slow")


def pytest_runtest_setup() -> None:
    """Without the clients these tests are skipped, or fail where the clients are required."""
    if not (INSTALLED / "stamp").is_file():
        reason = "the real clients are not installed: `make clients` brings them"
        if os.environ.get("REQUIRE_CLIENTS"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture
def clients(tmp_path: Path) -> Clients:
    """Clients in a lab of their own."""
    return open_lab(tmp_path)


@pytest.fixture
def with_plugin(clients: Clients) -> Clients:
    """Claude Code with the plugin, installed from the marketplace that this repository is."""
    for command in (["marketplace", "add", str(ROOT)], ["install", "labhand@labhand"]):
        done = clients.run("claude", "plugin", *command)
        assert done.code == 0, done.out + done.err
    return clients
