"""When each service may be asked again. All labhand processes of a user share it, as each client has a server of its own.

The state is a JSON file in the user's cache folder, changed under a lock (`flock`). A file that can't be read counts as empty:
it only delays.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from ...trainer.contract.files import cache_folder, try_lock, write_whole

Why = Literal["throttled", "failed"]
MAX_WAIT_SECONDS = 10.0
"""How long a request waits for its turn."""
MAX_REST_SECONDS = 48 * 3600.0
"""The longest rest, whatever a service asks for."""
LOCK_SECONDS = 5.0
"""How long a process waits for the lock. It is held for milliseconds."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rest:
    """A service isn't asked for a while.

    Attributes:
        why: It throttled a request, or a request failed.
        until: A Unix time.
        reason: What the service answered, or how the request failed.
    """

    why: Why
    until: float
    reason: str


class Cooldowns:
    """The rests of services, by a name for each: its address, and whether a key is used.

    Attributes:
        folder: Where they are kept.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_folder() / "literature"
        self._path = self.folder / "cooldowns.json"

    def take_turn(self, name: str, spacing: float) -> float | Rest:
        """Take the next turn to ask a service.

        Args:
            name: Of the service.
            spacing: Seconds between two requests to it, by all processes together.

        Returns:
            Seconds to wait before asking, or why the service must not be asked now.
        """

        def change(states: dict[str, Any]) -> float | Rest:
            state, now = _as_state(states.get(name)), time.time()
            if rest := _rest_of(state, now):
                return rest
            # A time further ahead than any queue of waiting requests was written under another clock.
            turn = max(now, _number(state.get("next")))
            turn = now if turn > now + MAX_REST_SECONDS else turn
            if turn > now + MAX_WAIT_SECONDS:
                return Rest("throttled", turn, "other requests of this machine come first")
            states[name] = {"next": turn + spacing}
            return turn - now

        return self._change(change)

    def rest(self, name: str, rest: Rest) -> None:
        """Let all processes leave a service alone for a while."""

        def change(states: dict[str, Any]) -> None:
            until = min(rest.until, time.time() + MAX_REST_SECONDS)
            states[name] = {"until": until, "why": rest.why, "reason": rest.reason}

        self._change(change)

    def _change(self, change: Callable[[dict[str, Any]], T]) -> T:
        with self._locked():
            states = self._read()
            before = json.dumps(states)
            result = change(states)
            after = json.dumps(states)
            if after != before:
                write_whole(self._path, after, flush=False)
        return result

    def _read(self) -> dict[str, Any]:
        try:
            states: object = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return dict(_as_state(states))

    @contextmanager
    def _locked(self) -> Generator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.folder / "cooldowns.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor, self.folder)
            yield
        finally:
            os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while not try_lock(descriptor):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{folder / 'cooldowns.lock'} stays locked by another process")
        time.sleep(0.01)


def _as_state(state: object) -> Mapping[str, Any]:
    return cast(dict[str, Any], state) if isinstance(state, dict) else {}


def _rest_of(state: Mapping[str, Any], now: float) -> Rest | None:
    until = _number(state.get("until"))
    if not now < until <= now + MAX_REST_SECONDS:
        return None
    return Rest("failed" if state.get("why") == "failed" else "throttled", until, str(state.get("reason", ""))[:300])


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
