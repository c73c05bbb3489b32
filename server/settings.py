"""`labhand.toml`: what the person decides. Environment variables `LABHAND_…` win over it.

A lab without a file works: the built-in trainer `gpt` on this machine.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from ..trainer.contract.toml_lines import line_of
from .errors import SettingsError

FILE = "labhand.toml"
FOLDER = ".labhand"
DATABASE = "lab.db"
SOURCES = "source.git"
RUNS = "runs"
"""Holds a folder for each run; see docs/runs.md."""
LOCK = "dispatcher.lock"
"""Held with `flock` by a lab's dispatcher for as long as it lives."""
LOG = "dispatcher.log"
BASELINE_EVERY = 50
"""By default the watch for drift costs 2 % of the GPU time."""


class Section(BaseModel):
    """A table of the file that refuses keys it doesn't know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Allowance(Section):
    """What the whole lab may spend; no tool can raise it. None for no limit.

    Attributes:
        gpu_hours: Held, of any kind.
        ends: No run starts after this Unix time, or ISO date and time with a zone.
    """

    gpu_hours: Annotated[float, Field(gt=0)] | None = None
    usd: Annotated[float, Field(gt=0)] | None = None
    experiments: Annotated[int, Field(gt=0)] | None = None
    ends: Annotated[float, Field(gt=0)] | None = None

    def covers(self, experiments: int, gpu_seconds: float, usd: float) -> bool:
        """Whether so much in all is allowed."""
        used = ((self.experiments, experiments), (self.gpu_hours, gpu_seconds / 3600), (self.usd, usd))
        return all(most is None or much <= most for most, much in used)


@dataclass(frozen=True, slots=True)
class ClusterLimits:
    """How a pool hires clusters.

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


class PoolBase(Section):
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
    def clusters(self) -> ClusterLimits | None:
        """How the pool hires clusters; None where its machines are always there."""
        return None

    @property
    def clouds(self) -> frozenset[str]:
        """The names of the infrastructure that SkyPilot needs credentials for, as `sky check` lists them; empty without."""
        return frozenset()

    @property
    def local_python(self) -> str | None:
        """The interpreter that trains on this machine, where the file names one."""
        return None


class LocalPool(PoolBase):
    """Processes on this machine: a slot a GPU, or a core where there is none.

    Attributes:
        slots: How many at once; None for as many as there are devices.
        python: The interpreter that trains; None for the one labhand runs in.
        max_budget_seconds: The longest training that one experiment may ask for.
        sandbox_required: Refuse to run where the kernel can't forbid.
    """

    backend: Literal["local"]
    slots: Annotated[int, Field(ge=1)] | None = None
    python: str | None = None
    usd_per_hour: Annotated[float, Field(ge=0)] = 0.0
    max_budget_seconds: Annotated[float, Field(gt=0)] = 86400.0
    sandbox_required: bool = False

    @property
    @override
    def max_slots(self) -> int | None:
        return self.slots

    @property
    @override
    def local_python(self) -> str | None:
        return self.python


class SkyPilotPool(PoolBase):
    """Clusters that SkyPilot launches where the person has credentials: Kubernetes, Slurm, clouds.

    Attributes:
        infra: As SkyPilot writes it: `k8s/my-context`, `slurm/lab`, `aws/us-east-1`; several are tried in that order.
        gpu: As SkyPilot names the kind, `H100`.
        gpus_per_cluster: On one node.
        max_clusters: How many at once.
        cpus_per_gpu: Held for each GPU; a cluster of which nothing is said may give a single job all of them.
        use_spot: Machines that may be taken away at any time, for less.
        image: Of container or machine, as SkyPilot names it; None for its default.
        idle_minutes: After which a cluster with nothing to do is torn down, by itself.
        storage: A folder that the clusters and this machine both see, where results outlive a cluster; None makes the pool
            `volatile`.
        python: The interpreter on the clusters that trains; None to install what the trainer needs into an environment.
        setup: Shell commands, run once a cluster before anything else.
        usd_per_hour: Of one GPU; None for SkyPilot's catalogue.
        overlap: Start the next experiment while one is evaluated.
        max_budget_seconds: The longest training that one experiment may ask for.
        sandbox_required: Refuse to run where the kernel can't forbid.
    """

    backend: Literal["skypilot"]
    infra: str | Annotated[list[str], Field(min_length=1)]
    gpu: Annotated[str, Field(min_length=1)]
    gpus_per_cluster: Annotated[int, Field(ge=1)] = 1
    max_clusters: Annotated[int, Field(ge=1)] = 1
    cpus_per_gpu: Annotated[int, Field(ge=1)] = 4
    use_spot: bool = False
    image: str | None = None
    idle_minutes: Annotated[int, Field(ge=1)] = 10
    storage: Path | None = None
    python: str | None = None
    setup: str | None = None
    usd_per_hour: Annotated[float, Field(ge=0)] | None = None
    overlap: bool = True
    max_budget_seconds: Annotated[float, Field(gt=0)] = 86400.0
    sandbox_required: bool = False

    @property
    def choices(self) -> list[str]:
        """The infrastructure to try, in turn."""
        return [self.infra] if isinstance(self.infra, str) else self.infra

    @property
    @override
    def declared_gpu(self) -> str:
        return self.gpu

    @property
    @override
    def max_slots(self) -> int:
        return self.gpus_per_cluster * self.max_clusters

    @property
    @override
    def clusters(self) -> ClusterLimits:
        return ClusterLimits(self.max_clusters, self.gpus_per_cluster, self.idle_minutes, is_volatile=self.storage is None)

    @property
    @override
    def clouds(self) -> frozenset[str]:
        names = {choice.partition("/")[0].lower() for choice in self.choices}
        return frozenset("kubernetes" if name == "k8s" else name for name in names)


class SimulatedPool(PoolBase):
    """GPUs that aren't there, on a virtual clock; scores come from a synthetic landscape (see `backends.landscape`).

    Attributes:
        gpu: The kind that it pretends to be.
        count: How many at once.
        seed: Of the landscape; pools of one lab have the same, unless told.
        effect: The most that one knob is worth, in units of the score; 0 for a landscape on which nothing matters.
        noise: Standard deviation of a score between seeds.
        noisier: Share of the configurations that vary three times as much.
        offset: Of all scores of this pool, so that kinds of GPU differ.
        crossing: Octaves by which every knob's best value moves when the budget doubles, so that short runs mislead.
        failures: Share of the runs that crash.
        usd_per_hour: Pretended, too.
    """

    is_simulated: ClassVar[bool] = True
    sandbox_required: ClassVar[bool] = False

    backend: Literal["simulated"]
    gpu: Annotated[str, Field(min_length=1)] = "H200"
    count: Annotated[int, Field(ge=1)] = 1
    seed: int = 0
    effect: Annotated[float, Field(ge=0)] = 0.05
    noise: Annotated[float, Field(ge=0)] = 0.005
    noisier: Annotated[float, Field(ge=0, le=1)] = 0.0
    offset: float = 0.0
    crossing: float = 0.0
    failures: Annotated[float, Field(ge=0, le=1)] = 0.0
    usd_per_hour: Annotated[float, Field(ge=0)] = 0.0
    max_budget_seconds: Annotated[float, Field(gt=0)] = 86400.0

    @property
    @override
    def declared_gpu(self) -> str:
        return self.gpu

    @property
    @override
    def max_slots(self) -> int:
        return self.count


PoolSettings = Annotated[LocalPool | SkyPilotPool | SimulatedPool, Field(discriminator="backend")]


def _this_machine() -> dict[str, PoolSettings]:
    return {"local": LocalPool(backend="local")}


class Http(Section):
    """Serving over HTTP.

    Attributes:
        address: Host and port; anything but loopback needs a token.
        token: What callers must present; better given as `LABHAND_HTTP__TOKEN`.
    """

    address: str = "127.0.0.1:8787"
    token: str | None = None


class Settings(BaseSettings):
    """The whole file.

    Attributes:
        trainer: Built in, or the path of a folder.
        goal: What the research is for, shown in the briefing.
        budget_seconds: Of training, over the trainer's own.
        stop_doomed: End runs early whose training curves are clearly out of reach.
        baseline_every: Experiments in a setting after which the baseline runs once more, to watch for drift; 0 for never.
        data_dir: Where `.labhand` lies, if not beside the file; relative to the file.
    """

    model_config = SettingsConfigDict(env_prefix="LABHAND_", env_nested_delimiter="__", frozen=True, extra="forbid")

    trainer: str = "gpt"
    goal: str = ""
    budget_seconds: Annotated[float, Field(gt=0)] | None = None
    stop_doomed: bool = True
    baseline_every: Annotated[int, Field(ge=0)] = BASELINE_EVERY
    allowance: Allowance = Allowance()
    pools: dict[str, PoolSettings] = Field(default_factory=_this_machine, min_length=1)
    http: Http = Http()
    read_only: bool = False
    data_dir: Path | None = None

    @property
    def is_rehearsal(self) -> bool:
        """Whether nothing here really runs."""
        return any(pool.is_simulated for pool in self.pools.values())

    @field_validator("pools")
    @classmethod
    def _refuse_mixed(cls, pools: dict[str, PoolSettings]) -> dict[str, PoolSettings]:
        if len({pool.is_simulated for pool in pools.values()}) > 1:
            raise ValueError("simulated pools never share a lab with real ones; keep the rehearsal in a folder of its own")
        return pools

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, whose content comes as `init_settings`."""
        return env_settings, init_settings


def find_root(start: Path) -> Path:
    """The folder of the lab: the first that holds `labhand.toml` or `.labhand`, from `start` upwards, else `start`."""
    place = start.resolve()
    return next((folder for folder in (place, *place.parents) if is_root(folder)), place)


def is_root(folder: Path) -> bool:
    """Whether a lab is, or is to be, in `folder`."""
    return (folder / FILE).is_file() or (folder / FOLDER).is_dir()


def load_settings(root: Path) -> Settings:
    """Read the settings of the lab at `root`.

    Raises:
        SettingsError: The file can't be parsed or a key can't be used; names line and key.
    """
    path = root / FILE
    text = path.read_text("utf-8") if path.is_file() else ""
    try:
        return Settings(**tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}", "Mend that line") from error
    except ValidationError as error:
        raise SettingsError(_explain(path, text, error), "See docs/settings.md for every key") from error


def data_folder(root: Path, settings: Settings) -> Path:
    """Where the lab keeps its database, sources and runs."""
    return root / (settings.data_dir or Path()).expanduser() / FOLDER


def _explain(path: Path, text: str, error: ValidationError) -> str:
    told: list[str] = []
    for fault in error.errors():
        keys = [str(part) for part in fault["loc"]]
        if keys[0] == "pools" and len(keys) > 2:
            del keys[2]  # the backend, which tells pydantic one kind of pool from another
        elif fault["type"] == "union_tag_invalid":
            keys.append("backend")
        line = line_of(text, keys)
        where = f"line {line}" if line else "not in the file: look for an environment variable LABHAND_…"
        told.append(f"{'.'.join(keys)} ({where}): {fault['msg']}, got {fault['input']!r}")
    return f"{path} can't be used: " + "; ".join(told)
