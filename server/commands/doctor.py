"""`labhand doctor`: checks everything that a lab needs, and prints a line with the remedy for each check."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import anyio
import typer
from rich.markup import escape

from ...trainer.contract.evaluator_version import evaluator_version
from ..backends.skypilot.api import SkyError
from ..backends.skypilot.client import SkyClient, SkyPilotInfo
from ..errors import LabhandError
from ..lab.evaluator_change import latest_evaluator
from ..lab.lost_experiments import lost_experiments
from ..machine import DRIVER_REMEDY, devices, refuse_network_file_system
from ..settings import FILE, SET_ASIDE, SOURCES, WHY_SET_ASIDE, Settings, data_folder, load_settings
from ..settings_in_force import settings_in_force
from ..source.trainer_folder import load_trainer
from .console import out, registration_command
from .init import training_python
from .install_check import changed_files

State = Literal["ok", "note", "bad"]
MARKS = {"ok": "[green]ok[/green]  ", "note": "[yellow]note[/yellow]", "bad": "[red]bad[/red] "}
PROBE_SECONDS = 60.0
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_VERSION_FLAG = 1


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check.

    Attributes:
        state: `bad` stops experiments, `note` limits what labhand can promise.
        finding: The state of the subject, in words.
        fix: The remedy; empty if none is needed.
    """

    subject: str
    state: State
    finding: str
    fix: str = ""


def examine(root: Path) -> None:
    """Print a line for each check. Exit code 1 if something stops experiments."""
    results = list(_check_all(root))
    for result in results:
        fix = f" [bold]→ {escape(result.fix)}[/bold]" if result.fix else ""
        out.print(f"{MARKS[result.state]} {result.subject}: {escape(result.finding)}{fix}")
    if any(result.state == "bad" for result in results):
        raise typer.Exit(1)


def _check_all(root: Path) -> Iterator[CheckResult]:
    try:
        settings = load_settings(root)
    except LabhandError as error:
        yield CheckResult("settings", "bad", error.problem, error.remedy)
        return
    if trouble := settings_in_force(root).trouble:
        yield CheckResult("settings", "bad", trouble)
        return
    source = str(root / FILE) if (root / FILE).exists() else f"no {FILE}: the built-in trainer on this machine"
    yield CheckResult("settings", "ok", source)
    checks: tuple[Callable[[Path, Settings], CheckResult], ...] = (
        _git,
        _folder,
        _ledger,
        _trainer,
        _gpus,
        _torch,
        _data,
        _landlock,
        _own_files,
        _evaluator,
        _skypilot,
        _claude,
    )
    for check in checks:
        yield check(root, settings)


def _git(_root: Path, _settings: Settings) -> CheckResult:
    if shutil.which("git") is None:
        return CheckResult("git", "bad", "not found", "install git 2.30 or later")
    version = subprocess.run(["git", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return CheckResult("git", "ok", version)


def _folder(root: Path, settings: Settings) -> CheckResult:
    folder = data_folder(root, settings)
    try:
        refuse_network_file_system(folder)
    except LabhandError as error:
        return CheckResult("folder", "bad", error.problem, error.remedy)
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(nearest, os.W_OK):
        return CheckResult("folder", "bad", f"{nearest} can't be written", "choose another folder, or set data_dir")
    free = shutil.disk_usage(nearest).free / 2**30
    return CheckResult("folder", "ok", f"{folder}, {free:.0f} GiB free")


def _ledger(root: Path, settings: Settings) -> CheckResult:
    folder = data_folder(root, settings)
    lost = anyio.run(lost_experiments, folder)
    if lost.experiments:
        finding = (
            f"{', '.join(lost.experiments)} have run folders or sources in {folder}, and no rows in the database: it was"
            " put back to an older copy, or lost its last rows. Their results don't count, and new experiments are numbered"
            " behind them"
        )
        fix = f"git --git-dir={folder / SOURCES} log --tags shows their sources; launch again what is still needed"
        return CheckResult("ledger", "note", finding, fix)
    if lost.set_aside:
        finding = f"{', '.join(lost.set_aside)} in {folder / SET_ASIDE}: these run folders belong to no run of the ledger"
        return CheckResult("ledger", "note", finding, f"read {WHY_SET_ASIDE} in each, then delete {folder / SET_ASIDE}")
    return CheckResult("ledger", "ok", "it has every experiment that the run folders and the sources show")


def _trainer(root: Path, settings: Settings) -> CheckResult:
    try:
        trainer = load_trainer(settings.trainer, root)
    except LabhandError as error:
        return CheckResult("trainer", "bad", error.problem, error.remedy)
    kind = "self-reported" if trainer.metric.self_reported else "measured by the evaluator"
    return CheckResult(
        "trainer", "ok", f"{trainer.name}, {trainer.metric.name} ({kind}), editable: {', '.join(trainer.editable)}"
    )


def _gpus(_root: Path, _settings: Settings) -> CheckResult:
    machine = devices()
    if machine.problem:
        return CheckResult("GPUs", "bad", machine.problem.removesuffix(f". {DRIVER_REMEDY}"), DRIVER_REMEDY)
    if machine.kind == "cpu":
        cores = f"none; experiments run on {len(machine.indices)} processor cores, and budgets count CPU seconds"
        return CheckResult("GPUs", "note", cores)
    return CheckResult("GPUs", "ok", f"{len(machine.indices)} x {machine.kind}")


def _torch(_root: Path, settings: Settings) -> CheckResult:
    fix = "pip install 'labhand[trainer]' there, or set python in the pool"
    try:
        python = training_python(settings)
    except LabhandError as error:
        return CheckResult("torch", "bad", error.problem, error.remedy)
    probe = "import labhand.trainer, torch, json; print(json.dumps([torch.__version__, torch.cuda.is_available()]))"
    try:
        done = subprocess.run([python, "-c", probe], capture_output=True, text=True, timeout=PROBE_SECONDS, check=True)
    except subprocess.SubprocessError:
        return CheckResult("torch", "bad", f"{python} can't import torch and labhand.trainer", fix)
    version, cuda = json.loads(done.stdout)
    if devices().kind != "cpu" and not cuda:
        return CheckResult("torch", "bad", f"{version} doesn't see the GPUs", "install a CUDA build of torch")
    return CheckResult("torch", "ok", f"{version} in {python}")


def _data(root: Path, settings: Settings) -> CheckResult:
    try:
        trainer = load_trainer(settings.trainer, root)
    except LabhandError as error:
        return CheckResult("data", "bad", error.problem, error.remedy)
    if not trainer.prepare:
        return CheckResult("data", "ok", "the trainer has nothing to prepare")
    cache = Path(os.environ.get("LABHAND_CACHE") or Path.home() / ".cache" / "labhand")
    if cache.is_dir() and any(cache.iterdir()):
        return CheckResult("data", "ok", f"in {cache}")
    return CheckResult("data", "note", "not prepared; the first experiment will prepare it", "labhand prepare")


def _landlock(_root: Path, _settings: Settings) -> CheckResult:
    libc = ctypes.CDLL(None, use_errno=True)
    version = int(libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_VERSION_FLAG))
    if version < 1:
        fix = "use Linux 5.13 or later with the security module Landlock enabled"
        return CheckResult("Landlock", "note", "not in this kernel: experiments can read all files that you can read", fix)
    return CheckResult("Landlock", "ok", f"version {version}")


def _own_files(_root: Path, _settings: Settings) -> CheckResult:
    changed = changed_files()
    if changed is None:
        return CheckResult(
            "labhand", "note", "an editable installation, whose files can't be checked; git status shows changes"
        )
    if changed:
        files = f"{', '.join(changed[:5])} differ from what was installed: scores from before and after can't be compared"
        return CheckResult("labhand", "bad", files, "pip install --force-reinstall labhand")
    return CheckResult("labhand", "ok", "the evaluator and all other files are as they were installed")


def _evaluator(root: Path, settings: Settings) -> CheckResult:
    installed = evaluator_version()
    latest = None if settings.is_rehearsal else anyio.run(latest_evaluator, data_folder(root, settings))
    if latest in {None, installed}:
        return CheckResult("evaluator", "ok", f"version {installed}")
    versions = (
        f"version {installed} is installed, and the latest results were measured by version {latest}: strata begin anew once."
        " Old results stay, and aren't compared with new ones"
    )
    return CheckResult(
        "evaluator", "note", versions, "nothing to do: the lab runs its baseline again before it compares anything"
    )


def _skypilot(_root: Path, settings: Settings) -> CheckResult:
    wanted = {name: pool.clouds for name, pool in settings.pools.items() if pool.clouds}
    if find_spec("sky") is None:
        state: State = "bad" if wanted else "note"
        return CheckResult("SkyPilot", state, "not installed; only this machine can be used", "pip install 'labhand[skypilot]'")
    if not wanted:
        return CheckResult("SkyPilot", "ok", "installed, and no pool uses it")
    try:
        about = anyio.run(_ask_skypilot)
    except SkyError as error:
        return CheckResult("SkyPilot", "bad", error.problem, error.remedy)
    versions = f"{about.client}, API server {about.server}, enabled: {', '.join(about.enabled) or 'nothing'}"
    unreachable = sorted(name for name, clouds in wanted.items() if not clouds & set(about.enabled))
    if unreachable:
        clouds = sorted(set[str]().union(*(wanted[name] for name in unreachable)))
        return CheckResult(
            "SkyPilot", "bad", f"{versions}; no cloud for {', '.join(unreachable)}", f"sky check {' '.join(clouds)}"
        )
    if about.client != about.server:
        return CheckResult("SkyPilot", "note", f"{versions}: two versions", "sky api stop; sky api start")
    return CheckResult("SkyPilot", "ok", versions)


async def _ask_skypilot() -> SkyPilotInfo:
    async with SkyClient() as sky:
        return await sky.about()


def _claude(root: Path, _settings: Settings) -> CheckResult:
    command = registration_command(root)
    if shutil.which("claude") is None:
        return CheckResult("Claude Code", "note", "not found", f"install it, then: {command}")
    done = subprocess.run(["claude", "mcp", "get", "labhand"], capture_output=True, text=True, check=False, cwd=root)
    if done.returncode:
        return CheckResult("Claude Code", "note", "labhand is not registered as an MCP server", command)
    return CheckResult("Claude Code", "ok", "labhand is registered as an MCP server")
