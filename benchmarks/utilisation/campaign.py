"""A campaign as its witness saw it: what every way of running it is measured by."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .cost import Usage

GPUS = {"H100": 13, "H200": 3}
"""Of each kind, on one cluster."""
GPU_COUNT = sum(GPUS.values())
MINUTE = 60.0


def shares(experiments: int) -> dict[str, int]:
    """So many experiments, by kind of GPU, so that all GPUs have the same to do."""
    return {gpu: experiments * count // GPU_COUNT for gpu, count in GPUS.items()}


@dataclass(frozen=True)
class EndedSpan:
    """A training that was seen to begin and to end, in Unix time, on one GPU of a cluster."""

    cluster: str
    gpu: str
    began: float
    ended: float


@dataclass(frozen=True)
class Held:
    """A cluster, by Slurm's record.

    Attributes:
        seconds: From the start of its allocation to the end of the campaign's last training.
    """

    gpus: int
    seconds: float


@dataclass(frozen=True)
class Campaign:
    """What was seen of it.

    Attributes:
        asked: Unix time at which it began, before any cluster was there.
        spans: Every training that was seen to end.
        cut: Number of trainings that still ran when the campaign ended: the lab's own, which nobody waits for.
        held: Every cluster.
        calls: That SkyPilot's API server answered.
        used: By the processes on the lab's machine that run it, without the API server.
    """

    asked: float
    spans: Sequence[EndedSpan]
    cut: int
    held: Sequence[Held]
    calls: int
    used: Usage

    @property
    def trained_seconds(self) -> float:
        """Of all GPUs together."""
        return math.fsum(span.ended - span.began for span in self.spans)

    @property
    def useful_share(self) -> float:
        """Training over GPU-seconds held: clusters coming up, start-up, gaps and the last round's end among them."""
        return self.trained_seconds / math.fsum(cluster.gpus * cluster.seconds for cluster in self.held)

    @property
    def efficiency(self) -> float:
        """Training over GPU-seconds from each GPU's first training to its last: a saturated lab's."""
        lanes = self._lanes()
        return self.trained_seconds / math.fsum(lane[-1].ended - lane[0].began for lane in lanes)

    def gaps(self) -> list[float]:
        """Seconds from the end of one training to the begin of the next on the same GPU, in ascending order."""
        return sorted(after.began - before.ended for lane in self._lanes() for before, after in pairwise(lane))

    def _lanes(self) -> list[list[EndedSpan]]:
        """What ran on each GPU, one after the other."""
        lanes = defaultdict[tuple[str, str], list[EndedSpan]](list)
        for span in sorted(self.spans, key=lambda span: span.began):
            lanes[span.cluster, span.gpu].append(span)
        return list(lanes.values())

    def most_starts(self) -> int:
        """In any minute."""
        starts = sorted(span.began for span in self.spans)
        return max(sum(start <= other < start + MINUTE for other in starts) for start in starts)

    def _ramp(self) -> float:
        """From the first training's begin to that of the last GPU's first."""
        firsts = [lane[0].began for lane in self._lanes()]
        return max(firsts) - min(firsts)

    def lines(self) -> list[str]:
        """What is to be told of it."""
        count, gaps, held = len(self.spans), self.gaps(), math.fsum(cluster.gpus * cluster.seconds for cluster in self.held)
        late = gaps[int(0.95 * len(gaps))]
        took = max(span.ended for span in self.spans) - self.asked
        used, ramp = self.used, self._ramp()
        return [
            f"{count} experiments on {len(self._lanes())} GPUs in {took:.0f} s, and {self.cut} that still trained at the end",
            f"  useful share          {self.useful_share:7.1%}  of {held:.0f} GPU-seconds held",
            f"  scheduling efficiency {self.efficiency:7.1%}  between each GPU's first and last training",
            f"  gap on a GPU          {statistics.median(gaps):7.1f}  s, the median; 95th percentile {late:.1f} s",
            f"  starts                {self.most_starts():7d}  in the busiest minute; all GPUs at work after {ramp:.0f} s",
            f"  API server            {self.calls / count:7.1f}  calls an experiment",
            f"  on the lab's machine  {used.cpu_seconds / count:7.2f}  s of CPU an experiment, {used.peak_bytes >> 20} MiB",
        ]
