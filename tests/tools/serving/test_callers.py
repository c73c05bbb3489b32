"""Who a caller over HTTP is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from labhand.server.errors import SettingsError
from labhand.server.http_settings import Http, token_hash, without_secrets
from labhand.server.settings import load_settings
from labhand.tools.serving.caller_tokens import CallerTokens
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import Implementation

from ..calls import data, finished
from .servers import ALICE, BOB, SERVE, TWO_CALLERS, client_of, serving

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "alice", "version": "1"}},
}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.mark.anyio
async def test_a_token_names_its_caller_and_no_other_token_does() -> None:
    tokens = CallerTokens({"alice": token_hash(ALICE), "bob": token_hash(BOB).upper().replace("SHA256", "sha256")})
    alice, bob = await tokens.verify_token(ALICE), await tokens.verify_token(BOB)
    assert alice is not None
    assert bob is not None
    assert (alice.client_id, bob.client_id) == ("alice", "bob")
    for wrong in ("", "alice", token_hash(ALICE), ALICE + " "):
        assert await tokens.verify_token(wrong) is None


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_caller_is_who_their_token_says_and_not_what_the_client_calls_itself(root: Path) -> None:
    with serving(root, toml=TWO_CALLERS) as server:
        async with client_of(server.url, ALICE) as alice:
            launched = await data(alice, "launch_experiment", hypothesis="It may help", overrides={"X": 2.0})
        [experiment] = launched["experiments"]
        headers = {"Authorization": f"Bearer {BOB}"}
        async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
            from mcp.client.streamable_http import streamable_http_client

            named = Implementation(name="alice", version="1")
            async with Client(streamable_http_client(server.url, http_client=http), client_info=named) as bob:
                cancelled = await data(bob, "cancel", ids=[experiment], reason="Mine now")
                written = await data(bob, "note", text="Bob was here")
                briefing = await data(bob, "get_briefing")
        async with client_of(server.url, ALICE) as alice:
            await finished(alice, experiment)
            row = await data(alice, "get_experiment", id=experiment)
    assert experiment not in str(cancelled.get("cancelled", ""))
    assert row["status"] != "cancelled"
    assert written
    assert "bob" in str(briefing["notes"])


@pytest.mark.anyio
async def test_a_session_works_only_with_the_token_that_opened_it(root: Path) -> None:
    with serving(root, toml=TWO_CALLERS) as server:
        async with httpx2.AsyncClient(headers=ACCEPT) as http:
            opened = await http.post(server.url, json=INITIALIZE, headers={"Authorization": f"Bearer {ALICE}"})
            session = {"Mcp-Session-Id": opened.headers["mcp-session-id"]}
            ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
            answers = [
                await http.request(method, server.url, json=ping if method == "POST" else None, headers=session | headers)
                for headers in ({"Authorization": f"Bearer {BOB}"}, {})
                for method in ("POST", "DELETE")
            ]
            own = await http.post(server.url, json=ping, headers=session | {"Authorization": f"Bearer {ALICE}"})
    assert [answer.status_code for answer in answers] == [404, 404, 401, 401]
    assert own.status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["labhand", " Labhand "])
async def test_no_client_is_the_lab_itself(root: Path, name: str) -> None:
    server = StdioServerParameters(command=sys.executable, args=[*SERVE, str(root)], env=dict(os.environ))
    async with Client(server, client_info=Implementation(name=name, version="1")) as client:
        launched = await data(client, "launch_experiment", hypothesis="It may help", overrides={"X": 2.0})
        refused = await data(client, "cancel", ids=launched["baseline"], reason="Mine")
        await data(client, "cancel", ids=[*launched["baseline"], *launched["experiments"]], reason="Done", force=True)
    assert "cancelled" not in refused or not refused["cancelled"]


@pytest.mark.parametrize("toml", ["", "[http]\nhosts = ['lab.example.org']\n"])
def test_what_others_reach_is_served_with_tokens_only(root: Path, toml: str) -> None:
    settings = root / "labhand.toml"
    settings.write_text(settings.read_text("utf-8") + toml, "utf-8")
    address = "127.0.0.1:1" if toml else "0.0.0.0:1"
    command = [sys.executable, *SERVE, str(root), "--http", "--address", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "labhand token" in " ".join(done.stderr.split())


def test_labhand_token_prints_a_token_and_the_line_that_knows_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "labhand.server.main", "token", "alice"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, cwd=tmp_path)
    token = done.stdout.strip()
    [line] = [line for line in done.stderr.splitlines() if "sha256:" in line]
    (tmp_path / "labhand.toml").write_text(f"[http.tokens]\n{line}\n", "utf-8")
    assert load_settings(tmp_path).http.tokens == {"alice": token_hash(token)}
    assert token not in done.stderr
    assert len(token) > 40


def test_a_name_that_no_caller_can_have_is_refused() -> None:
    for name in ("labhand", "shared-token", "", "a b", "-x"):
        command = [sys.executable, "-m", "labhand.server.main", "token", "--", name]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert (name, done.returncode) == (name, 2)
        assert done.stdout == ""


@pytest.mark.parametrize(
    "toml", ['[http.tokens]\nalice = "my-secret"\n', '[http.tokens]\n"a b" = "my-secret"\n', '[http]\ntoken = ["my-secret"]\n']
)
def test_an_error_in_the_settings_repeats_no_token(tmp_path: Path, toml: str) -> None:
    (tmp_path / "labhand.toml").write_text(toml, "utf-8")
    with pytest.raises(SettingsError) as error:
        load_settings(tmp_path)
    assert "my-secret" not in str(error.value)
    assert "http.token" in str(error.value)


def test_a_hash_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABHAND_HTTP__TOKENS__CAROL", token_hash("c"))
    assert load_settings(tmp_path).http == Http(tokens={"carol": token_hash("c")})


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_token_is_not_in_the_environment_of_dispatcher_and_runners(root: Path) -> None:
    secrets = {"LABHAND_HTTP__TOKEN": "s3cret-of-all", "labhand_http__tokens__alice": token_hash(ALICE)}
    with serving(root, environment=secrets) as server:
        async with client_of(server.url, "s3cret-of-all") as client:
            launched = await data(client, "launch_experiment", hypothesis="It may help", overrides={"X": 2.0})
            environments = _environments_of_the_lab(root, but=server.process.pid)
            await finished(client, *launched["experiments"])
    assert environments
    for environment in environments:
        assert b"s3cret-of-all" not in environment
        assert token_hash(ALICE).encode() not in environment


def test_every_form_of_the_variables_is_left_out() -> None:
    environment = {"LABHAND_HTTP__TOKEN": "a", "labhand_http": '{"token": "b"}', "LABHAND_SLOTS": "c"}
    assert without_secrets(environment) == {"LABHAND_SLOTS": "c"}


def _environments_of_the_lab(root: Path, but: int) -> list[bytes]:
    """The environments of the processes that work for a lab, except its server."""
    environments: list[bytes] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(root).encode() in (process / "cmdline").read_bytes() and int(process.name) != but:
                environments.append((process / "environ").read_bytes())
        except OSError:
            continue
    return environments
