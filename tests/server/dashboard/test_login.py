"""Sessions of the dashboard: who gets one, how long it lasts, and how many there are."""

from __future__ import annotations

import pytest
from labhand.server.dashboard import login
from labhand.server.dashboard.login import MAX_FAILURES, MAX_SESSIONS, Login, TooManyFailuresError
from labhand.server.http_settings import token_hash


class FakeClock:
    """Stands for the time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    fake = FakeClock()
    monkeypatch.setattr(login, "time", fake)
    return fake


def two_callers() -> Login:
    return Login({"alice": token_hash("of-alice"), "bob": token_hash("of-bob").upper().replace("SHA256", "sha256")})


def test_a_token_opens_a_session_of_its_caller() -> None:
    opened = two_callers()
    cookie = opened.open("of-bob")
    session = opened.find(cookie)
    assert session is not None
    assert session.caller == "bob"
    assert opened.find(None) is opened.find("") is opened.find("of-bob") is None
    other = opened.find(opened.open("of-bob"))
    assert other is not None
    assert other.form_token != session.form_token


def test_a_session_ends_when_it_is_closed_or_was_unused_for_half_a_day(clock: FakeClock) -> None:
    opened = two_callers()
    closed, unused, used = (opened.open("of-alice") for _ in range(3))
    opened.close(closed)
    clock.now += 7 * 3600
    assert opened.find(used)
    clock.now += 7 * 3600
    assert opened.find(closed) is opened.find(unused) is None
    assert opened.find(used)


def test_wrong_tokens_are_bounded(clock: FakeClock) -> None:
    opened = two_callers()
    assert [opened.open(f"guess {turn}") for turn in range(MAX_FAILURES)] == [None] * MAX_FAILURES
    with pytest.raises(TooManyFailuresError):
        opened.open("guess")
    assert opened.open("of-alice")  # whoever guesses can't keep the person out
    clock.now += 61
    assert opened.open("guess") is None


def test_the_number_of_sessions_is_bounded(clock: FakeClock) -> None:
    opened = two_callers()
    cookies = [opened.open("of-alice") for _ in range(MAX_SESSIONS)]
    clock.now += 1
    assert opened.find(cookies[0])
    newest = opened.open("of-alice")
    assert opened.find(cookies[0])
    assert opened.find(newest)
    assert sum(opened.find(cookie) is not None for cookie in cookies) == MAX_SESSIONS - 1
