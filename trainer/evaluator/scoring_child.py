"""The experiment's model, in fresh processes that never get the targets: token ids come in, logits go out.

The runner starts `python -P -m labhand.trainer.evaluator.scoring_child` as it starts a guard; the command is one descriptor of
a channel for each process. It is their guard: it imports torch, which takes most of a start, and forks them one after
the other, each before any of the experiment's code is loaded. From then on nothing about them is trusted but the bounds of the
memory that they share with the evaluator.
"""

from __future__ import annotations

import importlib
import json
import mmap
import os
import socket
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..channel import Channel
from ..sandbox.guard import Guard, GuardSpec, keep_only


class ModelError(Exception):
    """The experiment's model breaks the contract."""


def _build(facts: Mapping[str, Any]) -> torch.nn.Module:
    """The trained model, built by `build_model` of the experiment's own `train.py`."""
    sys.path.insert(0, facts["source"])
    experiment = importlib.import_module("train")
    build = getattr(experiment, "build_model", None)
    if build is None:
        raise ModelError("train.py has no build_model(config)")
    model = build(json.loads(Path(facts["config"]).read_text(encoding="utf-8")))
    if not isinstance(model, torch.nn.Module):
        raise ModelError(f"build_model gave a {type(model).__name__}, not a torch.nn.Module")
    device = torch.device(facts["device"])
    model.load_state_dict(torch.load(facts["model"], map_location=device, weights_only=True))
    return model.to(device).eval()


def _serve(channel: Channel, facts: Mapping[str, Any], memory: mmap.mmap) -> None:
    rows, time, vocabulary = facts["rows"], facts["time"], facts["vocabulary"]
    inputs = np.frombuffer(memory, dtype=np.int32, count=rows * time).reshape(rows, time)
    logits = torch.frombuffer(memory, dtype=torch.float32, count=rows * time * vocabulary, offset=inputs.nbytes)
    model = _build(facts)
    channel.send({"parameters": sum(parameter.numel() for parameter in model.parameters())})
    while (received := channel.receive()) is not None:
        count = received[0]["rows"]
        tokens = torch.tensor(inputs[:count], dtype=torch.int64, device=facts["device"])
        with torch.inference_mode():
            answer = model(tokens)
        expected = (count, time, vocabulary)
        if not isinstance(answer, torch.Tensor) or tuple(answer.shape) != expected:
            given = tuple(answer.shape) if isinstance(answer, torch.Tensor) else type(answer).__name__
            raise ModelError(f"the model maps tokens {(count, time)} to {given}, not to logits {expected}")
        logits.view(rows, time, vocabulary)[:count].copy_(answer)
        channel.send({"done": count})


def _become(spec: GuardSpec, descriptor: int, guard: int) -> None:
    """Be one of the processes: load a model when the runner asks for it, and serve until the runner closes its end.

    Its first message also means that the process before it has ended.
    """
    keep_only(descriptor)  # above all not the channels of the other processes
    channel = Channel(socket.socket(fileno=descriptor))
    channel.send({"say": "here"})
    received = channel.receive()
    if received is None:
        return
    facts, file = received
    if file is None:
        return
    spec.enter(guard)
    try:
        _serve(channel, facts, mmap.mmap(file, facts["bytes"]))
    except ModelError as error:
        channel.send({"problem": str(error)})


def main(arguments: list[str]) -> int:
    """Be the guard of one process for each descriptor."""
    spec = GuardSpec.from_arguments(arguments)
    return Guard(spec).stand([partial(_become, spec, int(descriptor)) for descriptor in spec.command])


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # Python's own end takes nearly a second of CPU time when torch is loaded
