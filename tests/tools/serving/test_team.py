"""The way for a team, as docs/team.md has it: another machine, a reverse proxy that does TLS, two tokens.

Each machine is a network namespace of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from labhand.server.lab.dispatcher_process import dispatcher_lives

from ...docs.markdown import blocks
from .servers import ALICE, BOB, SERVE, TWO_CALLERS

PAGE = Path(__file__).parents[3] / "docs" / "team.md"
HOST = "lab.example.org"
LAB, DESK = f"lhlab{os.getpid()}", f"lhdesk{os.getpid()}"
LAB_ADDRESS, DESK_ADDRESS = "10.203.0.1", "10.203.0.2"
MAX_SECONDS = 120.0
CLIENT = """
import json, ssl, sys
import anyio, httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import Implementation

url, alice_token, bob_token, authority = sys.argv[1:]
verify = ssl.create_default_context(cafile=authority) if authority else True

async def call(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content

def http(token):
    return httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60, verify=verify)

async def research():
    async with http(alice_token) as alice_http, http(bob_token) as bob_http, http("guess") as other_http:
        refused = (await other_http.post(url, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})).status_code
        named = Implementation(name="alice", version="1")
        async with (
            Client(streamable_http_client(url, http_client=alice_http)) as alice,
            Client(streamable_http_client(url, http_client=bob_http), client_info=named) as bob,
        ):
            launched = await call(alice, "launch_experiment", hypothesis="It may help", overrides={"X": 2.0})
            cancelled = await call(bob, "cancel", ids=launched["experiments"], reason="Mine")
            for _ in range(6):
                waited = await call(alice, "wait", ids=launched["experiments"], timeout_seconds=10)
                if "pending" not in waited:
                    break
            rows = (await call(bob, "get_results", ids=launched["experiments"]))["rows"]
            experiment = await call(bob, "get_experiment", id=launched["experiments"][0])
    return {"refused": refused, "rows": rows, "cancelled": cancelled, "experiment": experiment}

print(json.dumps(anyio.run(research)))
"""


def run(*command: str) -> str:
    """Run a command of the system; return what it prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    """Two machines with one cable between them: the lab's, and a member's desk that knows the lab by its name."""
    names = Path("/etc/netns") / DESK
    try:
        for namespace in (LAB, DESK):
            run("ip", "netns", "add", namespace)
            run("ip", "-n", namespace, "link", "set", "lo", "up")
        run("ip", "-n", LAB, "link", "add", "cable0", "type", "veth", "peer", "name", "cable1", "netns", DESK)
        for namespace, end, address in ((LAB, "cable0", LAB_ADDRESS), (DESK, "cable1", DESK_ADDRESS)):
            run("ip", "-n", namespace, "address", "add", f"{address}/24", "dev", end)
            run("ip", "-n", namespace, "link", "set", end, "up")
        names.mkdir(parents=True)
        (names / "hosts").write_text(f"127.0.0.1 localhost\n{LAB_ADDRESS} {HOST}\n", "utf-8")
        run("ip", "netns", "exec", DESK, "true")
    except (OSError, subprocess.CalledProcessError) as error:
        _remove_network(names)
        pytest.skip(f"network namespaces aren't permitted here: {getattr(error, 'stderr', '') or error}")
    try:
        yield
    finally:
        _remove_network(names)


def _remove_network(names: Path) -> None:
    for namespace in (LAB, DESK):
        with suppress(OSError):
            subprocess.run(["ip", "netns", "delete", namespace], check=False, capture_output=True, timeout=120)
    shutil.rmtree(names, ignore_errors=True)


@dataclass(frozen=True)
class Process:
    """A process on the lab's machine."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_for_port(self, port: int) -> None:
        """Return when something listens at a port of the lab's machine."""
        deadline = time.monotonic() + MAX_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text("utf-8")
            if f":{port} " in run("ip", "netns", "exec", LAB, "ss", "-ltn"):
                return
            time.sleep(0.1)
        raise AssertionError(f"nothing listens at port {port}: {self.log.read_text('utf-8')}")


@contextmanager
def running(log: Path, *command: str) -> Generator[Process]:
    """Run a program on the lab's machine until the block ends."""
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["ip", "netns", "exec", LAB, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            yield Process(process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=120)
            except subprocess.TimeoutExpired:
                process.kill()


def at_the_desk(url: str, authority: str = "") -> dict[str, object]:
    """Do research from the other machine; return what the program there saw."""
    done = subprocess.run(
        ["ip", "netns", "exec", DESK, sys.executable, "-c", CLIENT, url, ALICE, BOB, authority],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def assert_worked_as_two_callers(seen: dict[str, object]) -> None:
    """Check that research worked, and that bob could not end what alice had launched."""
    assert seen["refused"] == 401
    assert '"score"' in json.dumps(seen["rows"])
    assert '"alice"' in json.dumps(seen["experiment"])
    assert "cancelled" not in json.dumps(seen["rows"])


def _wait_for_dispatcher(root: Path) -> None:
    deadline = time.monotonic() + MAX_SECONDS
    while dispatcher_lives(root / ".labhand") and time.monotonic() < deadline:
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.usefixtures("network")
def test_a_team_uses_a_lab_at_all_addresses_from_another_machine(root: Path, tmp_path: Path) -> None:
    settings = root / "labhand.toml"
    settings.write_text(settings.read_text("utf-8") + TWO_CALLERS, "utf-8")
    serve = (sys.executable, *SERVE, str(root), "--http", "--address", "0.0.0.0:8787")  # all of its addresses
    with running(tmp_path / "server.log", *serve) as server:
        server.wait_for_port(8787)
        seen = at_the_desk(f"http://{LAB_ADDRESS}:8787/mcp")
    _wait_for_dispatcher(root)
    assert_worked_as_two_callers(seen)


@pytest.mark.slow
@pytest.mark.usefixtures("network")
def test_a_team_uses_a_lab_behind_tls_from_a_reverse_proxy_as_documented(root: Path, tmp_path: Path) -> None:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None or shutil.which("openssl") is None:
        pytest.skip("no nginx or no openssl: apt-get install nginx-light openssl")
    [table], [block] = blocks(PAGE, "toml"), blocks(PAGE, "nginx")
    documented = table.partition("[http.tokens]")[0]
    settings = root / "labhand.toml"
    settings.write_text(settings.read_text("utf-8") + documented + TWO_CALLERS, "utf-8")
    authority = _certificate(tmp_path)
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(_configuration(block, tmp_path), "utf-8")
    with (
        running(tmp_path / "server.log", sys.executable, *SERVE, str(root), "--http") as server,
        running(tmp_path / "nginx.log", nginx, "-e", "stderr", "-c", str(configuration), "-g", "daemon off;") as proxy,
    ):
        server.wait_for_port(8787)
        proxy.wait_for_port(443)
        seen = at_the_desk(f"https://{HOST}/mcp", str(authority))
    _wait_for_dispatcher(root)
    assert_worked_as_two_callers(seen)


def _certificate(folder: Path) -> Path:
    """Make a certificate of the lab's name, signed by itself; return the file that a client trusts."""
    chain, key = folder / "fullchain.pem", folder / "privkey.pem"
    names = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    run("openssl", "req", *kind, *names, "-keyout", str(key), "-out", str(chain))
    return chain


def _configuration(block: str, folder: Path) -> str:
    """Return nginx's whole configuration around the server block of the page, with all files in a folder."""
    server = block.replace(f"/etc/ssl/{HOST}", str(folder))
    assert server.count(str(folder)) == 2
    temporary = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return (
        f"user root;\nworker_processes 1;\npid {folder / 'nginx.pid'};\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{server}}}\n"
    )
