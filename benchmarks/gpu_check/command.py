"""Check labhand and its built-in trainer on this machine's GPU, without internet: `python -m benchmarks.gpu_check`.

It prints a table, and writes a JSON file to attach to an issue. Where there is no GPU, the parts run on the CPU as far as they
go. Exit status: 1 if a part failed, 2 if there is nothing to run on.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import labhand.server.machine as machine
from labhand.server.backends.local.slots import Slots
from labhand.server.errors import NoCapacityError
from labhand.trainer.contract import nvidia

from .bench import REPOSITORY, Bench
from .parts import PARTS, run_part
from .report import PartResult, Place, Report

SECONDS = {"cpu": 2.0, "gpu": 10.0}
CHARACTERS = {"cpu": 3_000_000, "gpu": 40_000_000}
LIMIT = 450.0
"""Seconds after which no further part is begun: the whole check has to end within eight minutes."""
NOTHING_TO_RUN_ON = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit status."""
    given = _parser().parse_args(arguments)
    devices = machine.devices("cpu" if given.cpu else None)
    if devices.problem or not devices.indices:
        sys.stderr.write(f"{devices.problem or 'This machine has no device'}\n")
        return NOTHING_TO_RUN_ON
    size = "cpu" if devices.kind == "cpu" else "gpu"
    began, date = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    with tempfile.TemporaryDirectory(prefix="labhand-gpu-check-") as folder:
        place = Path(folder).resolve()
        try:
            slot = Slots(devices.kind, devices.indices).take(place)
        except NoCapacityError as error:
            sys.stderr.write(f"{error}\nRun the check when no lab's experiment runs, or its figures would be those of both\n")
            return NOTHING_TO_RUN_ON
        try:
            bench = Bench(
                devices=devices,
                slot=slot,
                place=place,
                seconds=given.seconds or SECONDS[size],
                characters=CHARACTERS[size],
                text=given.text,
                knobs=dict(_knob(text) for text in given.set),
            )
            parts = list(_run(given.part or list(PARTS), bench, began + given.limit))
        finally:
            slot.release()
    report = Report(date, describe_place(devices), parts, time.monotonic() - began)
    report.write(given.json)
    print(f"\n{report.as_table()}\n\n{given.json} has all of it. Attach it to an issue.")
    return 1 if report.failed else 0


def _run(names: Iterable[str], bench: Bench, deadline: float) -> Iterable[PartResult]:
    for name in names:
        part = PARTS[name]
        if time.monotonic() > deadline:
            yield PartResult(name, part.title, "not run", "the time of the check was used; --limit gives it more")
            continue
        print(f"{part.title} …", flush=True)
        result = run_part(name, part, bench)
        print(f"  {result.status}, {result.seconds:.0f} s{f': {result.why}' if result.why else ''}", flush=True)
        yield result


def describe_place(devices: machine.Devices) -> Place:
    """Where the check runs, found out without starting CUDA in this process."""
    on_cpu = devices.kind == "cpu"
    gpu = None if on_cpu else next((gpu for gpu in nvidia.gpus() if gpu.index == devices.indices[0]), None)
    return Place(
        device=devices.kind,
        devices=len(devices.indices),
        driver=gpu.driver if gpu else None,
        torch=_version("torch"),
        cuda=_cuda(),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        labhand=_labhand(),
        on_cpu=on_cpu,
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _cuda() -> str | None:
    """The version of CUDA that PyTorch was built for."""
    command = [sys.executable, "-c", "import torch; print(torch.version.cuda or '')"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.stdout.strip() or None


def _labhand() -> str:
    """The commit that is checked, with a plus sign where files differ from it; the version where git doesn't tell."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return _version("labhand")
    return done.stdout.strip()


def _knob(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()


def _folder(text: str) -> Path:
    path = Path(text).resolve()
    if not any(path.rglob("*.txt")):
        raise argparse.ArgumentTypeError(f"{path} is no folder with .txt files; leave --text out for made-up text")
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu_check", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = "\n".join(f"  {name:10} {part.title}" for name, part in PARTS.items())
    parser.epilog = f"parts:\n{names}"
    parser.add_argument("--part", action="append", choices=list(PARTS), metavar="NAME", help="only this one; may be repeated")
    parser.add_argument("--json", type=Path, default=Path("gpu-check.json"), metavar="PATH", help="what is written")
    parser.add_argument("--seconds", type=float, help="of training in each run; 10 on a GPU, 2 of CPU time on a CPU")
    parser.add_argument("--text", type=_folder, metavar="FOLDER", help="of .txt files to train on, in place of made-up text")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KNOB=VALUE", help="of the built-in trainer, such as a smaller batch"
    )
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds after which no further part is begun")
    parser.add_argument("--cpu", action="store_true", help="on the CPU, although there is a GPU")
    return parser
