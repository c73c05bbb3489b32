"""`labhand doctor`: checks everything that a lab needs, and prints a line with the remedy for each check."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

import anyio
import typer
from rich.markup import escape

from ....trainer.contract.errors import ContractError
from ....trainer.contract.files import outside_path
from ....trainer.contract.trainer_folder.data_links import resolve_links
from ...backends.skypilot.api import SkyError
from ...backends.skypilot.client import SkyClient, SkyPilotInfo
from ...errors import LabhandError
from ...file_systems import refuse_unsafe_file_system
from ...lab import slot_release
from ...lab.evaluator_change import latest_evaluator
from ...lab.lost_experiments import lost_experiments
from ...machine import DRIVER_REMEDY, devices, other_kinds
from ...settings import DATABASE, FILE, SET_ASIDE, SOURCES, WHY_SET_ASIDE, Settings, data_folder, load_settings
from ...settings_in_force import settings_in_force
from ...source.trainer_folder import FILE as TRAINER_FILE
from ...source.trainer_folder import is_bare_name, load_trainer
from ..console import err, exit_on_error, out, print_json, registration_command, working
from .install_check import changed_files
from .trainer_checks import CheckResult, State, check_needs, try_trainer

MARKS = {"ok": "[green]ok[/green]  ", "note": "[yellow]note[/yellow]", "bad": "[red]bad[/red] "}
MAX_LEFT_OUT_SHOWN = 10
"""Files and folders that a check names as left out of the source."""
MIN_SKYPILOT = (0, 14, 1)
"""The first release in which `sky down` on Slurm waits until the job has left the queue (skypilot #10296), and which asks
the queue twice before it forgets a cluster (#10458)."""
LANDLOCK_CREATE_RULESET = 444
LANDLOCK_VERSION_FLAG = 1


def examine(root: Path, *, use_all_slots: bool = False, try_seconds: float | None = None, as_json: bool = False) -> None:
    """Print a line for each check. Exit code 1 if something stops experiments.

    Args:
        root: The lab's.
        use_all_slots: Use the slots again that the lab has set aside, before the checks.
        try_seconds: Run the trainer once, for this long at most, if the checks find nothing that stops experiments; None not
            to.
        as_json: Print all results at the end, as one line of JSON.
    """
    if use_all_slots:
        with exit_on_error():
            anyio.run(slot_release.use_all_slots, data_folder(root, load_settings(root)))
    results: list[CheckResult] = []
    for result in _one_by_one(_check_all(root)):
        results.append(result)
        if not as_json:
            _print(result)
    if try_seconds is not None and _are_good(results):
        err.print("Running the trainer once, in the sandbox.")
        with working("Running the trainer"), exit_on_error():
            results.append(try_trainer(root, load_settings(root), try_seconds, err.print))
        if not as_json:
            _print(results[-1])
    if as_json:
        print_json({"fit": _are_good(results), "checks": [asdict(result) for result in results]})
    if not _are_good(results):
        raise typer.Exit(1)


def _one_by_one(results: Iterator[CheckResult]) -> Iterator[CheckResult]:
    """Yield results as they come, and show on a terminal that the next one is awaited."""
    while True:
        with working("Checking"):
            result = next(results, None)
        if result is None:
            return
        yield result


def _are_good(results: Sequence[CheckResult]) -> bool:
    return all(result.state != "bad" for result in results)


def _print(result: CheckResult) -> None:
    fix = f" [bold]→ {escape(result.fix)}[/bold]" if result.fix else ""
    out.print(f"{MARKS[result.state]} {result.subject}: {escape(result.finding)}{fix}")


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
        _database,
        _trainer,
        _left_out,
        _gpus,
        _slots,
        _landlock,
        _own_files,
        _evaluator,
        _skypilot,
        _claude,
    )
    for check in checks:
        yield check(root, settings)
    yield from check_needs(root, settings)


def _git(_root: Path, _settings: Settings) -> CheckResult:
    if shutil.which("git") is None:
        return CheckResult("git", "bad", "not found", "install git 2.30 or later")
    version = subprocess.run(["git", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return CheckResult("git", "ok", version)


def _folder(root: Path, settings: Settings) -> CheckResult:
    folder = data_folder(root, settings)
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(nearest, os.W_OK):
        return CheckResult("folder", "bad", f"{nearest} can't be written", "choose another folder, or set data_dir")
    try:
        refuse_unsafe_file_system(nearest / DATABASE, binds=False)
    except LabhandError as error:
        return CheckResult("folder", "bad", error.problem, error.remedy)
    free = shutil.disk_usage(nearest).free / 2**30
    return CheckResult("folder", "ok", f"{folder}, {free:.0f} GiB free")


def _database(root: Path, settings: Settings) -> CheckResult:
    folder = data_folder(root, settings)
    lost = anyio.run(lost_experiments, folder)
    if lost.experiments:
        finding = (
            f"{', '.join(lost.experiments)} have run folders or sources in {folder}, and no rows in the database: it was"
            " put back to an older copy, or lost its last rows. Their results don't count, and new experiments are numbered"
            " behind them"
        )
        fix = f"git --git-dir={folder / SOURCES} log --tags shows their sources; launch again what is still needed"
        return CheckResult("database", "note", finding, fix)
    if lost.set_aside:
        finding = f"{', '.join(lost.set_aside)} in {folder / SET_ASIDE}: these folders belong to no run in the lab's database"
        return CheckResult("database", "note", finding, f"read {WHY_SET_ASIDE} in each, then delete {folder / SET_ASIDE}")
    return CheckResult("database", "ok", "it has every experiment that the run folders and the sources show")


def _trainer(root: Path, settings: Settings) -> CheckResult:
    try:
        trainer = load_trainer(settings.trainer, root)
    except LabhandError as error:
        return CheckResult("trainer", "bad", error.problem, error.remedy)
    beside = root / settings.trainer
    if is_bare_name(settings.trainer) and trainer.folder != beside.resolve() and (beside / TRAINER_FILE).is_file():
        finding = f'trainer = "{settings.trainer}" is the built-in trainer; {beside} is not used'
        return CheckResult("trainer", "note", finding, f'to train that folder, set trainer = "./{settings.trainer}"')
    script = trainer.file.evaluator
    measured = "the evaluator" if script is None else f"its own evaluator, {' '.join(script.command)}"
    kind = "self-reported" if trainer.metric.self_reported else f"measured by {measured}"
    return CheckResult(
        "trainer", "ok", f"{trainer.name}, {trainer.metric.name} ({kind}), editable: {', '.join(trainer.editable)}"
    )


def _left_out(root: Path, settings: Settings) -> CheckResult:
    try:
        trainer = load_trainer(settings.trainer, root)
        links = resolve_links(trainer.file.data_paths, str(trainer.folder))
    except (LabhandError, ContractError) as error:
        return CheckResult("trainer's files", "bad", error.problem, error.remedy)
    linked = f"; linked read-only: {', '.join(link.path for link in links)}" if links else ""
    prefix = trainer.file.environment.prefix.strip("/")
    left_out = [entry for entry in trainer.left_out if entry.path.strip("/") != prefix]  # the environment isn't missing in runs
    if not left_out:
        return CheckResult("trainer's files", "ok", f"all of {trainer.folder} is part of the source{linked}")
    shown = ", ".join(entry.as_text() for entry in left_out[:MAX_LEFT_OUT_SHOWN])
    more = len(left_out) - MAX_LEFT_OUT_SHOWN
    remedy = next((entry.remedy for entry in left_out if entry.remedy), "")
    return CheckResult(
        "trainer's files",
        "note",
        f"not in runs: {shown}{f' and {more} more' if more > 0 else ''}{linked}",
        f"if training reads them: {remedy}" if remedy else "",
    )


def _gpus(_root: Path, settings: Settings) -> CheckResult:
    chosen = [devices(pool.local_gpu) for pool in settings.pools.values() if pool.declared_gpu is None] or [devices()]
    for machine in chosen:
        if machine.problem:
            remedy = DRIVER_REMEDY if machine.problem.endswith(DRIVER_REMEDY) else "correct gpu in labhand.toml"
            return CheckResult("GPUs", "bad", machine.problem.removesuffix(f". {DRIVER_REMEDY}"), remedy)
    shown = ", ".join(f"{len(machine.indices)} x {machine.kind}" for machine in chosen)
    unused = sorted(set(other_kinds(chosen[0])) - {machine.kind for machine in chosen})
    if unused:
        pool = f'[pools.{unused[0].lower()}] with backend = "local" and gpu = "{unused[0]}"'
        return CheckResult("GPUs", "note", f"{shown}; {', '.join(unused)} isn't used", f"a pool has one kind: add {pool}")
    if chosen[0].kind == "cpu":
        cores = f"none; experiments run on {len(chosen[0].indices)} processor cores, and budgets count CPU seconds"
        return CheckResult("GPUs", "note", cores)
    return CheckResult("GPUs", "ok", shown)


def _slots(root: Path, settings: Settings) -> CheckResult:
    slots = [] if settings.is_rehearsal else anyio.run(slot_release.faulty_slots_of, data_folder(root, settings))
    if not slots:
        return CheckResult("slots", "ok", "none is set aside as faulty")
    shown = "; ".join(f"slot {slot.slot} of {slot.pool}: {slot.reason}" for slot in slots)
    return CheckResult("slots", "bad", f"set aside: {shown}", "check these devices, then: labhand doctor --use-all-slots")


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
    try:
        trainer = load_trainer(settings.trainer, root)
    except LabhandError as error:
        return CheckResult("evaluator", "bad", error.problem, error.remedy)
    installed = trainer.evaluator_version
    if not installed:
        return CheckResult("evaluator", "ok", "none: the trainer's command prints the metric")
    script = trainer.file.evaluator
    missing = (
        [] if script is None else [path for path in (*script.read, *script.sealed_read) if not outside_path(path).exists()]
    )
    if missing and not trainer.prepare:
        finding = f"it reads {', '.join(missing)}, which doesn't exist on this machine"
        return CheckResult("evaluator", "bad", finding, "put the data there, or correct read under [evaluator] in trainer.toml")
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
    old = [version for version in (about.client, about.server) if _release(version) < MIN_SKYPILOT]
    if old:
        wanted_release = ".".join(map(str, MIN_SKYPILOT))
        problem = f"{versions}: before {wanted_release}, SkyPilot may forget a Slurm cluster that is up, or report one as down"
        fix = f"pip install 'skypilot>={wanted_release}'; sky api stop; sky api start"
        return CheckResult("SkyPilot", "note", problem, fix)
    if about.client != about.server:
        return CheckResult("SkyPilot", "note", f"{versions}: two versions", "sky api stop; sky api start")
    return CheckResult("SkyPilot", "ok", versions)


def _release(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with: (0, 14, 1) for `0.14.1.post1`."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(number) for number in match[0].split(".")) if match else ()


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
