"""One run, as the parts of the runner pass it to each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..contract.files import cache_folder
from ..contract.run_folder import RunFolder
from ..contract.run_spec import RunSpec
from ..contract.trainer_folder.data_links import is_below_trainer
from ..contract.trainer_toml.trainer_file import TrainerFile
from ..environments.command_environment import CommandEnvironment
from ..environments.package import package_folder
from ..sandbox.cgroup import ControlGroup
from ..sandbox.guard import GUARD
from ..sandbox.policy import Confinement
from ..sandbox.processes import TreeClock
from ..sandbox.sandbox import Sandbox
from .child import Child, Stop
from .clock import Clock
from .environment import for_command, for_network, scrubbed, without_shared_memory
from .gate import Gate
from .output.log import Log
from .preparation import Prepared, make_home
from .result import ResultDraft
from .several_processes import process_variables
from .spare_guards import SpareGuards


@dataclass(frozen=True)
class Run:
    """Everything that belongs to one run while the runner lives."""

    folder: RunFolder
    spec: RunSpec
    trainer: TrainerFile
    log: Log
    stop: Stop
    result: ResultDraft
    confinement: Confinement
    gate: Gate
    environment: CommandEnvironment
    group: ControlGroup | None = None
    prepared: Prepared | None = None
    spares: SpareGuards = field(default_factory=SpareGuards)

    def lay_out(self) -> None:
        """Make the working copy anew, with what was prepared for it, and an empty HOME."""
        self.folder.make_work()
        if self.prepared is not None:
            self.prepared.link_into(self.folder.work, self.trainer.is_editable)
        own = [path for path in self.trainer.data_paths if not is_below_trainer(path)]
        make_home(self.folder.temporary, [*self.trainer.read, *own], self.prepared)

    def clock(self, limit: float) -> Clock:
        """A clock of this run's kind, over all processes below the runner from now on."""
        return Clock(limit, self._cpu() if self.spec.clock == "cpu" else None, len(self.spec.cores) or os.cpu_count() or 1)

    def _cpu(self) -> Callable[[], float]:
        """CPU seconds of all processes below the runner: the larger of two counts where there is a control group."""
        tree, group = TreeClock(), self.group
        if group is None:
            return tree.seconds
        before = group.cpu_seconds()
        return lambda: max(tree.seconds(), group.cpu_seconds() - before)

    def child(
        self,
        command: Sequence[str],
        folder: Path,
        sandbox: Sandbox,
        descriptors: Sequence[int] = (),
        guard: str = GUARD,
        **more: str,
    ) -> Child:
        """Start a command of the experiment in a sandbox.

        Args:
            command: What to run, in `folder`.
            folder: Its working directory.
            sandbox: Its bounds.
            descriptors: Open files that it inherits under the same numbers.
            guard: The module that runs the command. Another one than `GUARD` runs in the trainer's interpreter, whose
                packages it needs.
            more: Added to its environment.
        """
        serial = {} if self.confinement.private_memory else without_shared_memory()
        network = for_network() if self.trainer.network else {}
        cache = {"LABHAND_CACHE": str(cache_folder())} if self.trainer.reads_cache else {}
        own = for_command(network | self.environment.variables(folder))
        processes = process_variables(self.trainer, len(self.spec.cores))
        environment = scrubbed(self.spec, self.folder.temporary, **{**serial, **cache, **processes, **more, **own})
        python = None if guard == GUARD else self.environment.python
        if python is not None:
            environment["PYTHONPATH"] = str(package_folder())
        return Child(
            command, folder, environment, self.log, self.stop, descriptors, sandbox, self.group, guard, python, self.spares
        )
