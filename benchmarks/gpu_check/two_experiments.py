"""A part of the check: two experiments at once share neither files nor cores nor, where there are two, a GPU."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import cast

from labhand.server.backends.local.slots import DeviceSlot, Slots
from labhand.server.errors import NoCapacityError
from labhand.trainer.contract.run_result import RunResult

from .bench import Bench
from .report import Figure, Findings, PartFailedError
from .runs import CheckRun

SEEDS = (101, 102)
SECONDS = {"cpu": 3.0, "cuda": 20.0}
"""How long each of them stays: on a GPU the driver is queried at a quarter and at three quarters of it."""
SPY = """
import json, os, sys, time
from pathlib import Path

seconds, first, second = SECONDS, *SEEDS
own = int(os.environ["LABHAND_SEED"])
other = first + second - own
variables = ("TMPDIR", "HOME", "XDG_CACHE_HOME", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "CUDA_CACHE_PATH")
places = [os.environ[name] for name in variables if name in os.environ] + ["/tmp", "/var/tmp", "/dev/shm", "."]
seen = {"began": time.time(), "cores": sorted(os.sched_getaffinity(0)), "marks": 0, "found": [], "gpus": []}

def mark(place, seed):
    return Path(place) / f"labhand-check-{seed}"

for place in places:
    try:
        Path(place).mkdir(parents=True, exist_ok=True)
        mark(place, own).write_text("mine")
        seen["marks"] += 1
    except OSError:
        pass
work = lambda: time.sleep(0.1)
if "cuda" in DEVICE:
    import torch
    seen["gpus"] = [str(torch.cuda.get_device_properties(index).uuid) for index in range(torch.cuda.device_count())]
    matrix = torch.randn(4096, 4096, device="cuda", dtype=torch.bfloat16)
    def work():
        matrix @ matrix
        torch.cuda.synchronize()
while time.time() < seen["began"] + seconds:
    for _ in range(50 if "cuda" in DEVICE else 1):
        work()
    for place in places:
        try:
            mark(place, other).read_text()
            if place not in seen["found"]:
                seen["found"].append(place)
        except OSError:
            pass
for place in places:
    try:
        mark(place, own).unlink()
    except OSError:
        pass
seen["ended"] = time.time()
print("spy: " + json.dumps(seen))
print("score: 1")
"""


def two_experiments(bench: Bench) -> Findings:
    """Two at once, each on a slot of its own where the machine has two."""
    slots = Slots(bench.devices.kind, bench.devices.indices)
    second: DeviceSlot | None = None
    refusal = ""
    try:
        second = slots.take(bench.place / "second")
    except NoCapacityError as error:
        refusal = str(error)
    try:
        runs = [_spy(bench, bench.slot, SEEDS[0]), _spy(bench, second or bench.slot, SEEDS[1])]
        results = _together(runs)
    finally:
        if second is not None:
            second.release()
    seen = [_seen(run) for run in runs]
    figures: dict[str, Figure] = {
        "slots": 1 if second is None else 2,
        "seconds_together": _together_seconds(seen),
        "places_marked": [str(one["marks"]) for one in seen],
        "sandbox": str(results[0].sandbox.get("files")),
        "flags": sorted({flag for result in results for flag in result.flags if flag.startswith("shared")}),
    }
    wrong = _wrong(seen, results, has_two=second is not None)
    if wrong:
        raise PartFailedError("; ".join(wrong), figures)
    return Findings(figures, why=_left_out(bench, results, refusal))


def _spy(bench: Bench, slot: DeviceSlot, seed: int) -> CheckRun:
    seconds = SECONDS[bench.torch_device]
    script = SPY.replace("SECONDS", str(seconds)).replace("SEEDS", str(SEEDS)).replace("DEVICE", repr(bench.torch_device))
    return bench.script_run(script, seconds, slot, seed)


def _together(runs: Sequence[CheckRun]) -> list[RunResult]:
    try:
        for run in runs:
            run.start()
        return [run.finish() for run in runs]
    finally:
        for run in runs:
            run.end()


def _seen(run: CheckRun) -> Mapping[str, object]:
    line = re.search(r"(?m)^spy: (.*)$", run.folder.log.read_text("utf-8"))
    assert line is not None
    return cast("dict[str, object]", json.loads(line[1]))


def _together_seconds(seen: Sequence[Mapping[str, object]]) -> float:
    began = max(float(str(one["began"])) for one in seen)
    return min(float(str(one["ended"])) for one in seen) - began


def _wrong(seen: Sequence[Mapping[str, object]], results: Sequence[RunResult], *, has_two: bool) -> list[str]:
    wrong = [f"one experiment reads the other's file in {place}" for one in seen for place in cast("list[str]", one["found"])]
    if _together_seconds(seen) <= 0:
        wrong.append("the two experiments didn't run at the same time, so that nothing was compared")
    if any(not one["marks"] for one in seen):
        wrong.append("an experiment could write to none of its folders")
    if not has_two:
        return wrong
    wrong += [
        f"an experiment on a slot of its own is flagged {flag}" for one in results for flag in one.flags if "shared" in flag
    ]
    for what in ("cores", "gpus"):
        mine, theirs = (cast("list[object]", one[what]) for one in seen)
        is_pinned = what == "gpus" or results[0].device.kind == "cpu"
        both = [str(item) for item in mine if item in theirs]
        if is_pinned and both:
            wrong.append(f"both experiments have the same {what}: {', '.join(both)}")
    return wrong


def _left_out(bench: Bench, results: Sequence[RunResult], refusal: str) -> str:
    words = ["on the CPU"] if bench.on_cpu else []
    if refusal:
        words.append("one slot: labhand itself refuses a second experiment there, and the check put both on it all the same")
        if not bench.on_cpu and not any("shared_gpu" in result.flags for result in results):
            words.append("the driver didn't tell the two apart (as in a container), so neither run is flagged shared_gpu")
    return "; ".join(words)
