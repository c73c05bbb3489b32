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

Several processes train one model with `Session.connect(parallel=True)`. The same script then runs in each of them, and calls
`session.ranks.average_gradients(model.parameters())` after the backward pass.
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

from .channel import VARIABLE, BrokenChannelError, Channel, memory_file
from .ranks import Ranks as Ranks  # scripts annotate with it
from .ranks import await_word, join, start_others

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
        ranks: This process among those that train together.
    """

    ranks = Ranks()

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
        self._others = list[Channel]()

    @classmethod
    def connect(cls, *, parallel: bool = False) -> Session:
        """The session that the runner opened for this process; a session without a runner if the script is run by hand.

        Args:
            parallel: Start the command once more for each further process that `[processes]` in `trainer.toml` gives to a run.
                All of them then run the same script, see the same progress, and end with `save`, each as often as the others.
                What they report and save doesn't count, except for the first one's.
        """
        descriptor = os.environ.get(VARIABLE)
        if descriptor is None:
            session = cls(_facts_by_hand(), None)
        else:
            end = socket.socket(fileno=int(descriptor))
            end.set_inheritable(False)
            channel = Channel(end)
            facts, _ = _answer(channel)
            session = cls(facts, channel)
        if parallel:
            session._join()
        return session

    def _join(self) -> None:
        facts = self._facts
        if "rank" in facts and self._channel is not None:
            self._channel.send({"say": "joined"})
        else:
            facts, self._others = start_others(facts)
        self.ranks = join(facts)

    def ready(self) -> NDArray[np.uint16]:
        """End the start-up: the clock runs from here.

        Returns:
            This seed's training documents, one after another, each beginning with the BOS token: uint16, memory-mapped.
        """
        for rank, other in enumerate(self._others, start=1):
            await_word(other, rank)
        count, file = self._tokens_by_hand() if self._channel is None else self._ask_for_tokens(self._channel)
        for other in self._others:
            other.send({"tokens": count}, file)
        mapped = mmap.mmap(file, 2 * count, access=mmap.ACCESS_COPY)
        os.close(file)
        self._started = self._now()
        return np.frombuffer(mapped, dtype=np.uint16)

    def _tokens_by_hand(self) -> tuple[int, int]:
        tokens = _load_by_hand(self._facts)
        return len(tokens), memory_file("training-tokens", tokens.tobytes())

    @staticmethod
    def _ask_for_tokens(channel: Channel) -> tuple[int, int]:
        channel.send({"say": "ready"})
        answer, file = _answer(channel)
        if file is None:
            raise BrokenChannelError("the runner sent no data")
        return answer["tokens"], file

    def progress(self) -> float:
        """The share of the budget that is used, in [0, 1], by the processes' own clocks. The runner's clock decides."""
        return 0.0 if self._started is None else min(1.0, self._used() / self.budget_seconds)

    def _used(self) -> float:
        """Seconds of the budget: CPU time of all processes that train together, or wall clock of the first one."""
        counts = self.ranks.rank == 0 or self._facts["clock"] == "cpu"
        return self.used_seconds + self.ranks.total(self._now() - (self._started or 0.0) if counts else 0.0)

    def report(self, *, step: int, loss: float, tokens: int, flops: float | None = None) -> None:
        """Add a point to the training curve. A loss that isn't finite ends the run as diverged.

        Args:
            step: Optimizer steps so far.
            loss: Of the latest batch, in nats per token.
            tokens: Seen so far.
            flops: Spent so far.
        """
        if self._channel is not None and self.ranks.rank == 0:
            message = {"say": "report", "step": int(step), "loss": float(loss), "tokens": int(tokens), "flops": flops}
            self._channel.send(message)

    def save(self, model: torch.nn.Module, config: Mapping[str, Any]) -> None:
        """Write the model that is to be scored, and end the run: code after this call may not be executed.

        The evaluator calls `build_model(config)` and loads the weights into it.
        """
        is_first = self.ranks.rank == 0
        if is_first:
            folder = Path(self._facts["output"])
            plain = getattr(model, "_orig_mod", model)  # the module that torch.compile wraps
            torch.save(plain.state_dict(), folder / "model.pt")
            (folder / "config.json").write_text(json.dumps(dict(config), indent=1), encoding="utf-8")
        used = self._used()
        self.ranks.leave()
        if self._channel is not None and is_first:
            self._channel.send({"say": "saved", "seconds": used})


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
