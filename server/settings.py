"""The settings in `labhand.toml`. Environment variables `LABHAND_…` override them.

The file is optional: without it a lab trains the built-in trainer `gpt` on this machine. The descriptions of the fields make
`docs/settings.md`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from ..trainer.contract.toml_lines import line_of
from .errors import SettingsError, nearest
from .http_settings import TOKEN_FORM, Http

FILE = "labhand.toml"
FOLDER = ".labhand"
DATABASE = "lab.db"
SOURCES = "source.git"
RUNS = "runs"
"""Holds a folder for each run; see docs/runs.md."""
SET_ASIDE = "set-aside"
"""Holds run folders that belong to no run of the ledger, and whose names were needed; see docs/runs.md."""
WHY_SET_ASIDE = "why-set-aside.txt"
"""The file in such a folder that says why."""
LOCK = "dispatcher.lock"
"""The dispatcher of a lab holds a lock (`flock`) on this file while it runs."""
LOG = "dispatcher.log"
BASELINE_EVERY = 50
"""The default: replicates to detect drift then use 2 % of the GPU time."""


class Section(BaseModel):
    """A table of the file that refuses keys it doesn't know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Allowance(Section):
    """What the whole lab may spend. No tool can raise it. A key that is not set sets no limit."""

    gpu_hours: Annotated[float, Field(gt=0)] | None = Field(default=None, description="GPU-hours of any kind of GPU")
    usd: Annotated[float, Field(gt=0)] | None = Field(default=None, description="US dollars")
    experiments: Annotated[int, Field(gt=0)] | None = Field(default=None, description="Number of experiments")
    ends: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="The Unix time (seconds since 1970, UTC) after which no run starts"
    )

    def covers(self, experiments: int, gpu_seconds: float, usd: float) -> bool:
        """Return whether the allowance covers a total of experiments, GPU-seconds and US dollars."""
        used = ((self.experiments, experiments), (self.gpu_hours, gpu_seconds / 3600), (self.usd, usd))
        return all(limit is None or amount <= limit for limit, amount in used)


MaxBudget = Annotated[float, Field(gt=0, description="Longest training that one experiment may ask for, in seconds")]
SandboxRequired = Annotated[bool, Field(description="Refuse to run where the kernel doesn't support the sandbox")]


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
    def local_gpu(self) -> str | None:
        """The kind of GPU of this machine that the file names; None for the most frequent one."""
        return None

    @property
    def local_python(self) -> str | None:
        """The interpreter that trains on this machine, where the file names one."""
        return None


class LocalPool(PoolBase):
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
    python: str | None = Field(default=None, description="The interpreter that trains; by default the one that labhand runs in")
    usd_per_hour: float = Field(default=0.0, ge=0, description="Price of one slot for one hour, in US dollars")
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


class SkyPilotPool(NamedGpuPool):
    """Clusters that SkyPilot launches where the person has credentials: Kubernetes, Slurm, clouds."""

    backend: Literal["skypilot"] = Field(description="`skypilot`")
    infra: str | Annotated[list[str], Field(min_length=1)] = Field(
        description="The infrastructure, as SkyPilot writes it: `k8s/my-context`, `slurm/lab`, `aws/us-east-1`;"
        " the entries of a list are tried in order"
    )
    gpu: str = Field(min_length=1, description="The kind of GPU, as SkyPilot names it: `H100`")
    gpus_per_cluster: int = Field(default=1, ge=1, description="GPUs of a cluster, all on one node")
    max_clusters: int = Field(default=1, ge=1, description="Largest number of clusters at once")
    cpus_per_gpu: int = Field(
        default=4,
        ge=1,
        description="CPU cores to hold for each GPU; without a number, one job may get all cores of a cluster",
    )
    use_spot: bool = Field(default=False, description="Use cheaper machines that may be taken away at any time")
    image: str | None = Field(
        default=None, description="Image of the container or machine, as SkyPilot names it; by default SkyPilot's own"
    )
    idle_minutes: int = Field(default=10, ge=1, description="Minutes after which an idle cluster ends by itself")
    storage: Path | None = Field(
        default=None,
        description="A folder that the clusters and this machine both see: results outlive a cluster. Without it the pool is"
        " `volatile`",
    )
    python: str | None = Field(
        default=None,
        description="The interpreter on the clusters that trains; by default the trainer's requirements are installed",
    )
    setup: str | None = Field(default=None, description="Shell commands that run once on a cluster before anything else")
    usd_per_hour: Annotated[float, Field(ge=0)] | None = Field(
        default=None, description="Price of one GPU for one hour, in US dollars; by default from SkyPilot's catalogue"
    )
    overlap: bool = Field(default=True, description="Start the next experiment while one is evaluated")
    max_budget_seconds: MaxBudget = 86400.0
    sandbox_required: SandboxRequired = False

    @property
    def choices(self) -> list[str]:
        """The infrastructures to try, in order."""
        return [self.infra] if isinstance(self.infra, str) else self.infra

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


class SimulatedPool(NamedGpuPool):
    """Simulated GPUs on a virtual clock. Scores come from a synthetic landscape (see `backends.simulated.landscape`)."""

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


def _this_machine() -> dict[str, PoolSettings]:
    return {"local": LocalPool(backend="local")}


class Settings(BaseSettings):
    """The whole of `labhand.toml`."""

    model_config = SettingsConfigDict(env_prefix="LABHAND_", env_nested_delimiter="__", frozen=True, extra="forbid")

    trainer: str = Field(
        default="gpt", description="A built-in trainer, or the path of a folder with a `trainer.toml`, such as `./gpt`"
    )
    goal: str = Field(default="", description="The goal of the research, shown in the briefing")
    budget_seconds: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Seconds of training of each experiment; by default the trainer's own budget"
    )
    stop_doomed: bool = Field(
        default=True, description="Stop runs early whose training curves are clearly out of reach of the champion"
    )
    baseline_every: int = Field(
        default=BASELINE_EVERY,
        ge=0,
        description="Number of experiments after which the baseline runs once more, to detect drift; 0 for never",
    )
    allowance: Allowance = Field(default=Allowance(), description="What the whole lab may spend")
    pools: dict[str, PoolSettings] = Field(
        default_factory=_this_machine, min_length=1, description="Where experiments run, by name"
    )
    http: Http = Field(default=Http(), description="Serving over HTTP")
    read_only: bool = Field(
        default=False, description="Offer only the tools that change nothing, over every transport; make no lab"
    )
    data_dir: Path | None = Field(
        default=None, description="The folder that holds `.labhand`, relative to this file; by default the folder of this file"
    )

    @property
    def is_rehearsal(self) -> bool:
        """Whether all pools are simulated, so that nothing really runs."""
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
    """Read the settings of the lab at `root` as `labhand.toml` has them now. A lab at work goes by `settings_in_force`.

    Raises:
        SettingsError: The file is not valid TOML or a key can't be used. The error names file, line, key and value.
    """
    return parse_settings(root / FILE, read_settings_text(root) or "")


def read_settings_text(root: Path) -> str | None:
    """Return the content of `labhand.toml`; None if it is missing.

    Raises:
        SettingsError: It can't be read, or is not UTF-8.
    """
    path = root / FILE
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} can't be read: {error}", "It has to be a text file in UTF-8") from error


def parse_settings(path: Path, text: str) -> Settings:
    """Return the settings of a content of `labhand.toml`.

    Args:
        path: The file's, for errors.
        text: The content.

    Raises:
        SettingsError: It is not valid TOML or a key can't be used. The error names file, line, key and value.
    """
    try:
        return Settings.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}", "Correct that line") from error
    except ValidationError as error:
        raise SettingsError(_explain(path, text, error), "docs/settings.md describes every key") from error


def data_folder(root: Path, settings: Settings) -> Path:
    """Return the folder where the lab keeps its database, sources and runs."""
    return root / (settings.data_dir or Path()).expanduser() / FOLDER


def _explain(path: Path, text: str, error: ValidationError) -> str:
    return f"{path} can't be used: " + "; ".join(_explain_fault(text, fault) for fault in error.errors(include_url=False))


def _explain_fault(text: str, fault: ErrorDetails) -> str:
    keys = [str(part) for part in fault["loc"]]
    if keys[0] == "pools" and len(keys) > 2:
        del keys[2]  # the name of the backend, by which pydantic chose the kind of pool
    elif fault["type"] == "union_tag_invalid":
        keys.append("backend")
    line = line_of(text, keys)
    where = f"line {line}" if line else "not in the file: check the environment variables LABHAND_…"
    key = ".".join(keys)
    if keys[0] == "http" and len(keys) > 1 and keys[1] in {"token", "tokens"} and fault["type"] != "missing":
        return f"{key} ({where}): {TOKEN_FORM if len(keys) > 2 else fault['msg']}"  # never the value: it may be a token
    if fault["type"] == "extra_forbidden":
        return f"{key} ({where}) is not a setting. {nearest(keys[-1], _known_keys(keys))}"
    if fault["type"] == "missing":
        return f"{key} ({where}) is required and missing"
    return f"{key} ({where}): {fault['msg']}, got {fault['input']!r}"


def _known_keys(keys: list[str]) -> list[str]:
    """The keys of the table in which an unknown key stands."""
    tables: dict[str, type[BaseModel]] = {"allowance": Allowance, "http": Http}
    if keys[0] == "pools":
        return sorted({*LocalPool.model_fields, *SkyPilotPool.model_fields, *SimulatedPool.model_fields})
    return list((tables.get(keys[0], Settings) if len(keys) > 1 else Settings).model_fields)
