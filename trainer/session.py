"""The API that a trainer's `train.py` uses to be run and scored by labhand.

```python
session = Session.connect()
model = build_model({"vocabulary": session.vocabulary_size, "width": WIDTH})
...                                     # compile and warm up on random batches
tokens = session.ready()                # the clock starts here
while session.progress() < 1:
    ...                                 # one step
    session.report(step=step, loss=loss, tokens=seen)
session.save(model, config)
```

Run by hand, outside of the lab, the same script trains on the prepared corpus by its own clock.
"""

from __future__ import annotations

import json
import mmap
import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from .channel import VARIABLE, BrokenChannelError, Channel

if TYPE_CHECKING:
    from .contract.run_spec import DeviceKind


class Session:
    """An experiment's side of its run.

    Attributes:
        seed: For everything random.
        budget_seconds: Of training, from `ready` on.
        used_seconds: Of it, what an earlier run has used, whose checkpoint this one goes on from.
        device: `cpu` or `cuda`.
        vocabulary_size: Token ids are below it.
        context: Length of the sequences that the evaluator gives the model, in tokens.
    """

    def __init__(self, facts: Mapping[str, Any], channel: Channel | None) -> None:
        self.seed: int = facts["seed"]
        self.budget_seconds: float = facts["budget_seconds"]
        self.used_seconds: float = facts.get("used_seconds", 0.0)
        self.device: str = facts["device"]
        self.vocabulary_size: int = facts["vocabulary"]
        self.context: int = facts["context"]
        self._facts = facts
        self._channel = channel
        self._now = time.process_time if facts["clock"] == "cpu" else time.monotonic
        self._started: float | None = None

    @classmethod
    def connect(cls) -> Session:
        """The session that the runner opened for this process; a session without a runner if the script is run by hand."""
        descriptor = os.environ.get(VARIABLE)
        if descriptor is None:
            return cls(_facts_by_hand(), None)
        end = socket.socket(fileno=int(descriptor))
        end.set_inheritable(False)
        channel = Channel(end)
        facts, _ = _answer(channel)
        return cls(facts, channel)

    def ready(self) -> NDArray[np.uint16]:
        """End the start-up: the clock runs from here.

        Returns:
            This seed's training documents, one after another, each beginning with the BOS token: uint16, memory-mapped.
        """
        tokens = _load_by_hand(self._facts) if self._channel is None else self._ask_for_tokens(self._channel)
        self._started = self._now()
        return tokens

    @staticmethod
    def _ask_for_tokens(channel: Channel) -> NDArray[np.uint16]:
        channel.send({"say": "ready"})
        answer, file = _answer(channel)
        if file is None:
            raise BrokenChannelError("the runner sent no data")
        mapped = mmap.mmap(file, 2 * answer["tokens"], access=mmap.ACCESS_COPY)
        os.close(file)
        return np.frombuffer(mapped, dtype=np.uint16)

    def progress(self) -> float:
        """The share of the budget that is used, in [0, 1], by this process's own clock. The runner's clock decides."""
        if self._started is None:
            return 0.0
        return min(1.0, (self.used_seconds + self._now() - self._started) / self.budget_seconds)

    def report(self, *, step: int, loss: float, tokens: int, flops: float | None = None) -> None:
        """Add a point to the training curve. A loss that isn't finite ends the run as diverged.

        Args:
            step: Optimizer steps so far.
            loss: Of the latest batch, in nats per token.
            tokens: Seen so far.
            flops: Spent so far.
        """
        if self._channel is not None:
            message = {"say": "report", "step": int(step), "loss": float(loss), "tokens": int(tokens), "flops": flops}
            self._channel.send(message)

    def save(self, model: torch.nn.Module, config: Mapping[str, Any]) -> None:
        """Write the model that is to be scored, and end the run: code after this call may not be executed.

        The evaluator calls `build_model(config)` and loads the weights into it.
        """
        folder = Path(self._facts["output"])
        plain = getattr(model, "_orig_mod", model)  # the module that torch.compile wraps
        torch.save(plain.state_dict(), folder / "model.pt")
        (folder / "config.json").write_text(json.dumps(dict(config), indent=1), encoding="utf-8")
        if self._channel is not None:
            self._channel.send({"say": "saved", "seconds": self.used_seconds + self._now() - (self._started or 0.0)})


def _answer(channel: Channel) -> tuple[Mapping[str, Any], int | None]:
    answer = channel.receive()
    if answer is None:
        raise BrokenChannelError("the runner has ended")
    return answer


def _facts_by_hand() -> Mapping[str, Any]:
    """The facts that the runner would send, from the `trainer.toml` beside the script."""
    from .contract.errors import ContractError  # noqa: PLC0415  within a run neither is needed
    from .contract.trainer_toml.trainer_file import read_trainer  # noqa: PLC0415  within a run neither is needed

    folder = Path(sys.argv[0]).absolute().parent
    device: DeviceKind = "cuda" if torch.cuda.is_available() else "cpu"
    trainer = read_trainer(folder).on_device(device)
    if trainer.data is None:
        raise ContractError(f"{folder / 'trainer.toml'}: data is missing, so there is nothing to train on")
    budget = trainer.budget.cpu_seconds if device == "cpu" else trainer.budget.seconds
    return {
        "seed": int(os.environ.get("LABHAND_SEED", "0")),
        "budget_seconds": float(os.environ.get("LABHAND_BUDGET_SECONDS", budget)),
        "clock": "cpu" if device == "cpu" else "wall",
        "device": device,
        "corpus": trainer.data.corpus,
        "vocabulary": trainer.data.vocabulary,
        "context": trainer.data.context,
        "output": str(folder),
    }


def _load_by_hand(facts: Mapping[str, Any]) -> NDArray[np.uint16]:
    from .data.corpus import load_corpus, training_stream  # noqa: PLC0415  within a run the runner sends the data

    return training_stream(load_corpus(facts["corpus"], facts["vocabulary"]), facts["seed"])
