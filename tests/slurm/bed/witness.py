"""Someone who sees with their own eyes what trains where: the trainer `sleeper` tells them, past labhand and SkyPilot."""

from __future__ import annotations

import json
import socket
import threading
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PORT = 17137
LONGEST = 4096


@dataclass(frozen=True)
class Span:
    """One training, seen from its begin on.

    Attributes:
        cluster: On which; so is `run`, by the name of the folder in which it runs.
        gpu: The number of the device.
        began: Unix time; so is `ended`, None if nobody saw it end.
    """

    cluster: str
    run: str
    gpu: str
    began: float
    ended: float | None


class Witness:
    """Listens from being entered until it is left."""

    def __init__(self) -> None:
        self._seen: list[dict[str, Any]] = []
        self._wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._wire.bind(("127.0.0.1", PORT))
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Listen no more."""
        self._wire.sendto(b"", ("127.0.0.1", PORT))
        self._thread.join()
        self._wire.close()

    def spans(self) -> list[Span]:
        """Every training that was seen to begin, in that order; one that began twice is there twice."""
        seen = list(self._seen)
        ends = defaultdict[str, list[float]](list)
        for told in seen:
            if told["what"] == "ended":
                ends[told["folder"]].append(told["at"])
        return [self._span(told, ends[told["folder"]]) for told in seen if told["what"] == "began"]

    def _span(self, told: dict[str, Any], ends: list[float]) -> Span:
        run = Path(told["folder"]).parent
        ended = next((at for at in ends if at > told["at"]), None)
        return Span(run.parents[1].name, run.name, str(told["gpu"]), told["at"], ended)

    def _listen(self) -> None:
        while told := self._wire.recv(LONGEST):
            self._seen.append(json.loads(told))
