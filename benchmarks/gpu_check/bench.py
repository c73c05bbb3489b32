"""What the parts of the check share: the device, a folder, a prepared corpus, and the runs that several parts look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import cast

from labhand.server.backends.local.slots import DeviceSlot
from labhand.server.machine import Devices
from labhand.trainer.contract.run_result import RunResult
from labhand.trainer.contract.run_spec import DeviceKind, RunIdentity, RunSpec
from labhand.trainer.contract.trainer_toml.trainer_file import read_trainer
from labhand.trainer.prepare import prepare_corpus

from .report import PartFailedError
from .runs import PATIENCE, CheckRun, copy_gpt
from .text import write_text

REPOSITORY = Path(__file__).parents[2]


@dataclass
class Bench:
    """What a part gets.

    Attributes:
        devices: Of this machine, all of one kind.
        slot: That the check has taken for itself.
        place: An empty folder.
        seconds: Of training in each run.
        characters: Of made-up text, if there is no other.
        text: A folder of text; None for made-up text.
        knobs: Of the built-in trainer, that aren't at their defaults.
    """

    devices: Devices
    slot: DeviceSlot
    place: Path
    seconds: float
    characters: int
    text: Path | None = None
    knobs: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self._numbers = iter(range(1, 1000))
        self._done: dict[str, RunResult | Exception] = {}
        self.cache.mkdir(parents=True)

    @property
    def on_cpu(self) -> bool:
        """There is no GPU."""
        return self.devices.kind == "cpu"

    @property
    def torch_device(self) -> DeviceKind:
        """The name of the device in PyTorch."""
        return "cpu" if self.on_cpu else "cuda"

    @property
    def cache(self) -> Path:
        """Labhand's cache for this check alone. It is empty at first, so that the first run is a cold one."""
        return self.place / "cache"

    @cached_property
    def corpus(self) -> Path:
        """A folder of text that is prepared with the vocabulary that the trainer has on this device."""
        folder = self.text or self.place / "text"
        if self.text is None:
            write_text(folder, self.characters)
        sample = self.place / "sample"
        copy_gpt(sample, folder, {})
        data = read_trainer(sample).on_device(self.torch_device).data
        assert data is not None
        prepare_corpus(str(folder), data.vocabulary, self.cache)
        return folder

    def spec(
        self, name: str, seconds: float, slot: DeviceSlot | None = None, gate: Path | None = None, seed: int = 7
    ) -> RunSpec:
        """What a run on a slot is told."""
        taken = slot or self.slot
        return RunSpec(
            run=name,
            experiment=name,
            seed=seed,
            budget_seconds=seconds,
            clock="cpu" if self.on_cpu else "wall",
            device="cpu" if self.on_cpu else "cuda",
            cores=taken.indices if self.on_cpu else (),
            gpu=None if self.on_cpu else ",".join(map(str, taken.indices)),
            gate=None if gate is None else str(gate),
        )

    def new_folder(self) -> Path:
        """The path of a run folder that isn't there yet."""
        return self.place / "runs" / f"e{next(self._numbers):04}-1"

    def gpt_run(self, gate: Path | None = None) -> CheckRun:
        """A run of the built-in trainer."""
        folder = self.new_folder()
        copy_gpt(folder / "source", self.corpus, self.knobs)
        spec = self.spec(folder.name, self.seconds, gate=gate)
        identity = RunIdentity("gpu-check", "baseline", folder.name)  # so that the runs after the first have what it compiled
        return CheckRun(folder, replace(spec, identity=identity, is_baseline=True), self.cache)

    def script_run(self, script: str, seconds: float, slot: DeviceSlot | None = None, seed: int = 7) -> CheckRun:
        """A run of a script that prints its own score, as `score: 1`."""
        folder = self.new_folder()
        (folder / "source").mkdir(parents=True)
        lines = ['name = "check"', 'editable = ["train.py"]', 'command = ["python", "train.py"]', "[metric]", 'name = "score"']
        (folder / "source" / "trainer.toml").write_text("\n".join([*lines, 'source = "output"', ""]), "utf-8")
        (folder / "source" / "train.py").write_text(script, "utf-8")
        return CheckRun(folder, self.spec(folder.name, seconds, slot, seed=seed), self.cache)

    @property
    def cold(self) -> RunResult:
        """The first run of the built-in trainer, when nothing is in the cache."""
        return self._once("cold", lambda: self.gpt_run().run())

    @property
    def warm(self) -> RunResult:
        """The second run of the built-in trainer, which has the device to itself as every run of a lab."""
        _ = self.cold
        return self._once("warm", self._warm)

    @property
    def warm_folder(self) -> Path:
        """The folder of the second run."""
        _ = self.warm
        return self._warm_run.folder.path

    def _warm(self) -> RunResult:
        self._warm_run = self.gpt_run()
        return self._warm_run.run()

    def _once(self, name: str, run: Callable[[], RunResult]) -> RunResult:
        """The result of a run that several parts look at. A failure is kept, too: one run isn't tried once for each part."""
        if name not in self._done:
            try:
                self._done[name] = run()
            except Exception as error:  # noqa: BLE001 - whatever it is, each part that needs this run fails with it
                self._done[name] = error
        done = self._done[name]
        if isinstance(done, Exception):
            raise done
        return done

    def ask_child(self, module: str, arguments: Sequence[str]) -> Mapping[str, object]:
        """Run a module of this package in a process of its own, on the slot. The check itself never uses the GPU.

        Returns:
            What the module prints as its last line, a JSON object.

        Raises:
            PartFailedError: The module failed.
        """
        command = [sys.executable, "-m", f"benchmarks.gpu_check.{module}", *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=REPOSITORY,
                env=self.child_environment(),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PartFailedError(f"{module} didn't end within {PATIENCE:g} s") from None
        if done.returncode:
            said = done.stderr.strip().splitlines()[-1:] or ["nothing"]
            raise PartFailedError(f"{module} ended with status {done.returncode} and said {said[0]:.300}")
        return cast("dict[str, object]", json.loads(done.stdout.splitlines()[-1]))

    def child_environment(self) -> dict[str, str]:
        """The environment of a process on the slot that no runner starts."""
        own = {"LABHAND_CACHE": str(self.cache), "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "PYTHONUNBUFFERED": "1"}
        if self.on_cpu:
            return os.environ | own | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        return os.environ | own | {"CUDA_VISIBLE_DEVICES": str(self.slot.indices[0])}
