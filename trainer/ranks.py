"""The processes that train one model together: each starts from the same weights and has the others' gradients, too.

The first of them is the command of the run, which has the session with the runner. It starts the command once more for each of
the others, and is to them what the runner is to it. They talk over the loopback network that `[processes]` opens.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import torch
from torch import Tensor, distributed, nn

from .channel import VARIABLE, BrokenChannelError, Channel
from .contract.trainer_toml.processes import COUNT_VARIABLE, INTERFACE_VARIABLES

dist: Any = distributed  # typed in part
_torch: Any = torch
_PATIENCE: Final = timedelta(minutes=5)
"""For one process to wait for the others: what a compilation may take."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those that train together. By itself it is the only one, and what it computes stays as it is.

    Attributes:
        rank: Its number; 0 has the session with the runner.
        count: How many there are.
    """

    rank: int = 0
    count: int = 1

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Give each parameter the mean of the gradients that the processes have for it; all call this in the same order.

        A sparse gradient must have as many rows in each process, as that of an embedding has for batches of one shape.
        """
        if self.count == 1:
            return
        dense = dict[torch.dtype, list[Tensor]]()
        for parameter in parameters:
            gradient = parameter.grad
            if gradient is None:
                continue
            if gradient.is_sparse:
                parameter.grad = self._average_of_sparse(gradient)
            else:
                dense.setdefault(gradient.dtype, []).append(gradient)
        for gradients in dense.values():
            self._average(gradients)

    def _average(self, gradients: list[Tensor]) -> None:
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        start = 0
        for gradient in gradients:
            gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
            start += gradient.numel()

    def _average_of_sparse(self, gradient: Tensor) -> Tensor:
        rows, values = self._gather(gradient._indices().mT), self._gather(gradient._values())  # noqa: SLF001 - uncoalesced
        average: Tensor = _torch.sparse_coo_tensor(rows.mT, values / self.count, gradient.shape)
        return average

    def _gather(self, part: Tensor) -> Tensor:
        """The parts of all processes, one after another along the first dimension."""
        part = part.contiguous()  # so that the tensors that are filled have the same layout
        parts = [torch.empty_like(part) for _ in range(self.count)]
        dist.all_gather(parts, part)
        return torch.cat(parts)

    def map_shards(self, function: Callable[[Tensor], Tensor], stack: Tensor) -> Tensor:
        """Compute `function(stack)` together: each process computes it for its share of the first dimension.

        Args:
            function: Treats the entries of the first dimension independently, and keeps their shape.
            stack: Is the same in all processes.
        """
        if self.count == 1:
            return function(stack)
        share = -(-len(stack) // self.count)
        padding = stack.new_zeros(share * self.count - len(stack), *stack.shape[1:])
        mine = torch.cat((stack, padding))[self.rank * share : (self.rank + 1) * share]
        return self._gather(function(mine))[: len(stack)]

    def total(self, value: float) -> float:
        """The sum of a number over the processes; the same number in each of them."""
        if self.count == 1:
            return value
        sum_of_all = torch.tensor(value, dtype=torch.float64)
        dist.all_reduce(sum_of_all)
        return float(sum_of_all)

    def leave(self) -> None:
        """End the connections to the other processes."""
        if self.count > 1:
            dist.destroy_process_group()


def start_others(facts: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[Channel]]:
    """Start the command of this process once more for each further process of the run, and wait until they have begun.

    Args:
        facts: Of the session, which are passed on.

    Returns:
        The facts of this process's own rank, and this end of a channel to each of the others; none if the run has one process.

    Raises:
        BrokenChannelError: One of them ended before it had begun.
    """
    count = int(os.environ.get(COUNT_VARIABLE, "1"))
    if count == 1:
        return facts, []
    for name in INTERFACE_VARIABLES:
        os.environ.setdefault(name, "lo")
    folder = tempfile.mkdtemp(prefix="labhand-ranks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    facts = {**facts, "processes": count, "meeting": f"{folder}/meeting"}
    channels = [_start({**facts, "rank": rank}) for rank in range(1, count)]
    for rank, channel in enumerate(channels, start=1):
        await_word(channel, rank)
    return {**facts, "rank": 0}, channels


def _start(facts: Mapping[str, Any]) -> Channel:
    ours, theirs = Channel.pair()
    descriptor = theirs.socket.fileno()
    subprocess.Popen([sys.executable, *sys.orig_argv[1:]], env={**os.environ, VARIABLE: str(descriptor)}, pass_fds=[descriptor])
    theirs.close()
    ours.send(facts)
    return ours


def await_word(channel: Channel, rank: int) -> None:
    """Wait until another process says something.

    Raises:
        BrokenChannelError: It has ended.
    """
    if channel.receive() is None:
        raise BrokenChannelError(f"process {rank} of those that train together has ended; its own error is above")


def join(facts: Mapping[str, Any]) -> Ranks:
    """Connect this process to the others; with more than one GPU each has its own.

    Args:
        facts: As of `start_others`.
    """
    ranks = Ranks(facts.get("rank", 0), facts.get("processes", 1))
    if ranks.count == 1:
        return ranks
    backend = "gloo"
    if facts["device"] == "cuda":
        torch.cuda.set_device(ranks.rank % torch.cuda.device_count())
        backend = "cpu:gloo,cuda:nccl"
    meeting = f"file://{facts['meeting']}"
    dist.init_process_group(backend, init_method=meeting, rank=ranks.rank, world_size=ranks.count, timeout=_PATIENCE)
    return ranks
