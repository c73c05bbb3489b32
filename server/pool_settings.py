"""The pools in `labhand.toml`: where experiments run. The descriptions of the fields make `docs/settings.md`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from .errors import SettingsError


class SettingsTable(BaseModel):
    """A table of the file that refuses keys it doesn't know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


MaxBudget = Annotated[float, Field(gt=0, description="Longest training that one experiment may ask for, in seconds")]
GpusPerExperiment = Annotated[int | None, Field(ge=1)]
_GPUS_PER_EXPERIMENT = (
    "GPUs, or cores where there is no GPU, that one experiment has to itself, all on one machine; by default as many as"
    " processes.count in `trainer.toml` says. A multiple of that count"
)
SandboxRequired = Annotated[bool, Field(description="Refuse to run where the kernel doesn't support the sandbox")]


@dataclass(frozen=True, slots=True)
class ClusterLimits:
    """How a pool launches clusters.

    Attributes:
        max_clusters: How many at once.
        gpus_per_cluster: GPUs of one cluster.
        idle_minutes: Minutes without work after which a cluster is torn down.
        is_volatile: Whether results that nobody has fetched are lost with their cluster.
    """

    max_clusters: int
    gpus_per_cluster: int
    idle_minutes: int
    is_volatile: bool


class PoolBase(SettingsTable):
    """What the rest of the server may ask of any pool's settings, so that nothing depends on which backend a pool has.

    Attributes:
        is_simulated: Whether nothing really runs on the pool.
        sandbox_required: Whether runs are refused on a machine whose kernel can't confine them.
    """

    is_simulated: ClassVar[bool] = False

    @property
    def declared_gpu(self) -> str | None:
        """The kind of GPU that the file names; None where the pool has this machine's devices."""
        return None

    @property
    def max_slots(self) -> int | None:
        """The most runs at once; None where the number of devices is the limit."""
        return None

    @property
    def gpus_per_slot(self) -> int:
        """GPUs or cores that one experiment has to itself."""
        return 1

    def for_processes(self, name: str, count: int) -> Self:  # noqa: ARG002 - nothing to decide where nothing is given
        """Return the settings with as many GPUs for each experiment as the trainer's processes need.

        Args:
            name: The pool's name, for errors.
            count: Processes that the trainer's command starts.

        Raises:
            SettingsError: The pool gives an experiment a number of GPUs that can't be shared out to its processes.
        """
        return self

    @property
    def clusters(self) -> ClusterLimits | None:
        """How the pool launches clusters; None where its machines are always there."""
        return None

    @property
    def clouds(self) -> frozenset[str]:
        """The names of the infrastructure that SkyPilot needs credentials for, as `sky check` lists them; empty without."""
        return frozenset()

    @property
    def local_gpu(self) -> str | None:
        """The kind of GPU of this machine that the file names; None for the most frequent one."""
        return None

    @property
    def local_python(self) -> str | None:
        """The interpreter that the trainer's commands run in on this machine, where the file names one."""
        return None


class GroupingPool(PoolBase):
    """A pool that can give several GPUs of one machine to an experiment."""

    if TYPE_CHECKING:  # a field of the subclasses: here it would come before theirs, also in the documents
        gpus_per_experiment: int | None

    @property
    @override
    def gpus_per_slot(self) -> int:
        return self.gpus_per_experiment or 1

    @override
    def for_processes(self, name: str, count: int) -> Self:
        gpus = count if self.gpus_per_experiment is None else self.gpus_per_experiment
        if gpus % count:
            raise SettingsError(
                f"pools.{name}.gpus_per_experiment={gpus} can't be shared out: the trainer's processes.count is {count}",
                f"Remove it from labhand.toml, which gives each experiment {count}, or set a multiple of {count}",
            )
        return self.model_validate({**dict(self), "gpus_per_experiment": gpus})


class LocalPool(GroupingPool):
    """Processes on this machine."""

    backend: Literal["local"] = Field(description="`local`")
    slots: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Experiments at once; by default one for each GPU, or for each core where there is no GPU"
    )
    gpu: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="The kind of GPU of this machine, or `cpu`; by default the most frequent kind. A machine with several kinds"
        " needs a pool for each",
    )
    gpus_per_experiment: GpusPerExperiment = Field(default=None, description=_GPUS_PER_EXPERIMENT)
    python: str | None = Field(
        default=None,
        description="The interpreter that the trainer's commands run in, unless `trainer.toml` names one. It needs no labhand."
        " By default the one that labhand runs in",
    )
    usd_per_hour: float = Field(default=0.0, ge=0, description="Price of one slot for one hour, in US dollars")
    fork_server: bool = Field(
        default=True,
        description="Without a GPU, scripts that load torch run in forks of a process that has loaded it once, and start"
        " seconds sooner. It holds some 300 MB for as long as experiments run",
    )
    max_budget_seconds: MaxBudget = 86400.0
    sandbox_required: SandboxRequired = False

    @property
    @override
    def max_slots(self) -> int | None:
        return self.slots

    @property
    @override
    def local_gpu(self) -> str | None:
        return self.gpu

    @property
    @override
    def local_python(self) -> str | None:
        return self.python


class NamedGpuPool(PoolBase):
    """A pool for which the file names the kind of GPU."""

    if TYPE_CHECKING:  # a field of the subclasses: here it would come before theirs, also in the documents
        gpu: str

    @property
    @override
    def declared_gpu(self) -> str:
        return self.gpu


class SkyPilotPool(NamedGpuPool, GroupingPool):
    """Clusters that SkyPilot launches on infrastructure for which the person has credentials: Kubernetes, Slurm, clouds."""

    backend: Literal["skypilot"] = Field(description="`skypilot`")
    infra: str | Annotated[list[str], Field(min_length=1)] = Field(
        description="The infrastructure, as SkyPilot writes it: `k8s/my-context`, `slurm/lab`, `aws/us-east-1`;"
        " the entries of a list are tried in order"
    )
    gpu: str = Field(min_length=1, description="The kind of GPU, as SkyPilot names it: `H100`")
    gpus_per_cluster: int = Field(default=1, ge=1, description="GPUs of a cluster, all on one node")
    gpus_per_experiment: GpusPerExperiment = Field(default=None, description=_GPUS_PER_EXPERIMENT)
    max_clusters: int = Field(default=1, ge=1, description="Largest number of clusters at once")
    cpus_per_gpu: int = Field(
        default=4,
        ge=1,
        description="CPU cores to request from SkyPilot for each GPU",
    )
    use_spot: bool = Field(default=False, description="Use cheaper machines that may be taken away at any time")
    image: str | None = Field(
        default=None, description="Image of the container or machine, as SkyPilot names it; by default SkyPilot's own"
    )
    idle_minutes: int = Field(default=10, ge=1, description="Minutes after which an idle cluster ends by itself")
    storage: Path | None = Field(
        default=None,
        description="A folder that the clusters and this machine both see: results are kept when a cluster ends. Without it the"
        " pool is `volatile`",
    )
    python: str | None = Field(
        default=None,
        description="The interpreter on the clusters that runs labhand's part, and the trainer's commands unless `trainer.toml`"
        " names another one; by default an environment with the requirements of `labhand[trainer,climbmix]` is made",
    )
    setup: str | None = Field(default=None, description="Shell commands that run once on a cluster before anything else")
    usd_per_hour: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Price of one GPU for one hour, in US dollars; by default from SkyPilot's catalogue"
    )
    overlap: bool = Field(default=True, description="Start the next experiment while another one is evaluated on the same GPU")
    max_budget_seconds: MaxBudget = 86400.0
    sandbox_required: SandboxRequired = False

    @property
    def choices(self) -> list[str]:
        """The infrastructures to try, in order."""
        return [self.infra] if isinstance(self.infra, str) else self.infra

    @property
    @override
    def max_slots(self) -> int:
        return self.slots_per_cluster * self.max_clusters

    @property
    def slots_per_cluster(self) -> int:
        """Experiments that one cluster runs at once."""
        return self.gpus_per_cluster // self.gpus_per_slot

    @override
    def for_processes(self, name: str, count: int) -> Self:
        fitted = super().for_processes(name, count)
        if not fitted.slots_per_cluster:
            raise SettingsError(
                f"pools.{name}.gpus_per_cluster={self.gpus_per_cluster} is too few: an experiment takes"
                f" {fitted.gpus_per_slot} GPUs of one cluster",
                f"Set gpus_per_cluster = {fitted.gpus_per_slot}, or a multiple of it, in labhand.toml",
            )
        return fitted

    @property
    @override
    def clusters(self) -> ClusterLimits:
        return ClusterLimits(self.max_clusters, self.gpus_per_cluster, self.idle_minutes, is_volatile=self.storage is None)

    @property
    @override
    def clouds(self) -> frozenset[str]:
        names = {choice.partition("/")[0].lower() for choice in self.choices}
        return frozenset("kubernetes" if name == "k8s" else name for name in names)


class SimulatedPool(NamedGpuPool):
    """Simulated GPUs on a virtual clock. Scores come from a formula over the knob values: see [Rehearsal](rehearsal.md)."""

    is_simulated: ClassVar[bool] = True
    sandbox_required: ClassVar[bool] = False

    backend: Literal["simulated"] = Field(description="`simulated`")
    gpu: str = Field(default="H200", min_length=1, description="The kind of GPU to simulate")
    count: int = Field(default=1, ge=1, description="Number of GPUs")
    seed: int = Field(default=0, description="Seed of the landscape; pools with the same seed share a landscape")
    effect: float = Field(
        default=0.05, ge=0, description="Largest effect of one knob on the score; with 0 no knob has an effect"
    )
    noise: float = Field(default=0.005, ge=0, description="Standard deviation of a score between seeds")
    noisier: float = Field(
        default=0.0, ge=0, le=1, description="Share of the configurations whose standard deviation is three times as large"
    )
    offset: float = Field(default=0.0, description="Added to all scores of this pool, so that kinds of GPU differ")
    crossing: float = Field(
        default=0.0,
        description="Octaves by which the best value of every knob moves when the budget doubles, so that short runs mislead",
    )
    failures: float = Field(default=0.0, ge=0, le=1, description="Share of the runs that crash")
    usd_per_hour: float = Field(default=0.0, ge=0, description="Simulated price of one GPU for one hour, in US dollars")
    max_budget_seconds: MaxBudget = 86400.0

    @property
    @override
    def max_slots(self) -> int:
        return self.count


PoolSettings = Annotated[LocalPool | SkyPilotPool | SimulatedPool, Field(discriminator="backend")]
POOL_TYPES: Sequence[type[PoolBase]] = get_args(get_args(PoolSettings)[0])
"""The classes of `PoolSettings`, one for each backend."""


def grouped_kind(kind: str, gpus: int) -> str:
    """Return the name of several GPUs of a kind as one slot, such as `4xH100`.

    Cores are counted by no name: a budget without a GPU is CPU time, however many cores it is spent on.
    """
    return kind if gpus == 1 or kind in {"cpu", "unknown"} else f"{gpus}x{kind}"


def fitted_pools(pools: Mapping[str, PoolSettings], processes: int) -> dict[str, PoolSettings]:
    """Return the settings of pools with as many GPUs for each experiment as a trainer's processes need.

    Raises:
        SettingsError: A pool can't give them.
    """
    return {name: pool.for_processes(name, processes) for name, pool in pools.items()}
