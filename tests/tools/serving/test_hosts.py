"""The hosts and origins that a server answers to."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx2
import pytest
from labhand.tools.serving.hosts import AllowedHosts, host_of

from .servers import ALICE, TWO_CALLERS, client_of, serving

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
LOCAL = AllowedHosts("127.0.0.1", ["lab.example.org"])
ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - what is tested
EVERYWHERE = AllowedHosts(ALL_ADDRESSES, [])


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("localhost", "localhost"),
        ("LOCALHOST:8787", "localhost"),
        ("localhost.", "localhost"),
        ("[::1]:8787", "::1"),
        ("localhost:1.evil.com", None),
        ("localhost:99999", None),
        ("localhost:", None),
        ("user@localhost", None),
        ("localhost evil.com", None),
        ("[::1", None),
        ("", None),
        ("\u0661.0.0.1:\u0661", None),
    ],
)
def test_a_host_header_is_a_host_and_perhaps_a_port(header: str, host: str | None) -> None:
    assert host_of(header) == host


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "lab.example.org"])
def test_loopback_names_and_the_configured_hosts_are_answered(host: str) -> None:
    assert LOCAL.has_host(host)


@pytest.mark.parametrize("host", ["evil.com", "10.0.0.7", "lab.example.org.evil.com", ALL_ADDRESSES])
def test_a_server_at_loopback_answers_to_no_other_host(host: str) -> None:
    assert not LOCAL.has_host(host)


@pytest.mark.parametrize("host", ["10.0.0.7", "fe80::1", "localhost", socket.gethostname().lower()])
def test_a_server_at_all_addresses_answers_to_its_name_and_to_addresses_in_numbers(host: str) -> None:
    assert EVERYWHERE.has_host(host)
    assert not EVERYWHERE.has_host("rebound.evil.com")


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("http://localhost:3000", True),
        ("https://lab.example.org", True),
        ("http://[::1]:1", True),
        ("http://localhost:1.evil.com", False),
        ("http://localhost.evil.com", False),
        ("http://evil.com", False),
        ("null", False),
        ("http://localhost/path", False),
        ("ftp://localhost", False),
        ("http://user@localhost", False),
        ("http://[::1", False),
    ],
)
def test_a_page_may_call_only_from_a_name_of_the_server(origin: str, *, is_allowed: bool) -> None:
    assert LOCAL.has_origin(origin, "localhost") == is_allowed


def test_an_address_in_numbers_is_an_origin_only_of_the_server_itself() -> None:
    assert EVERYWHERE.has_origin("http://10.0.0.7:8787", "10.0.0.7")
    assert not EVERYWHERE.has_origin("http://10.0.0.8", "10.0.0.7")


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_server_at_all_addresses_can_be_used_and_refuses_other_hosts_with_the_setting_by_name(root: Path) -> None:
    with serving(root, toml=TWO_CALLERS, host=ALL_ADDRESSES) as server:
        async with client_of(server.url, ALICE) as client:
            assert len((await client.list_tools()).tools) > 10
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {ALICE}"}) as http:
            refused = await http.post(server.url, json=PING, headers={"Host": "lab.internal:8787"})
            rebound = await http.post(server.url, json=PING, headers={"Host": "localhost:1.evil.com"})
            page = await http.post(server.url, json=PING, headers={"Origin": "http://localhost:1.evil.com"})
    assert refused.status_code == 421
    assert 'hosts = ["lab.internal"]' in refused.text
    assert "[http]" in refused.text
    assert rebound.status_code == 421
    assert page.status_code == 403
    assert "hosts" in page.text
