"""The settings in `labhand.toml`. Environment variables `LABHAND_…` override them.

The file is optional: without it a lab trains the built-in trainer `gpt` on this machine. The descriptions of the fields make
`docs/settings.md`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from .errors import SettingsError, nearest

FILE = "labhand.toml"
FOLDER = ".labhand"
DATABASE = "lab.db"
SOURCES = "source.git"
RUNS = "runs"
"""Holds a folder for each run; see docs/runs.md."""
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


class LocalPool(Section):
    """Processes on this machine."""

    backend: Literal["local"] = Field(description="`local`")
    slots: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Experiments at once; by default one for each GPU, or for each core where there is no GPU"
    )
    python: str | None = Field(default=None, description="The interpreter that trains; by default the one that labhand runs in")
    usd_per_hour: float = Field(default=0.0, ge=0, description="Price of one slot for one hour, in US dollars")
    max_budget_seconds: MaxBudget = 86400.0
    sandbox_required: SandboxRequired = False


class SkyPilotPool(Section):
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


class SimulatedPool(Section):
    """Simulated GPUs on a virtual clock. Scores come from a synthetic landscape (see `backends.simulated.landscape`)."""

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


PoolSettings = Annotated[LocalPool | SkyPilotPool | SimulatedPool, Field(discriminator="backend")]


def _this_machine() -> dict[str, PoolSettings]:
    return {"local": LocalPool(backend="local")}


class Http(Section):
    """Serving over HTTP, with `labhand serve --http`."""

    address: str = Field(
        default="127.0.0.1:8787", description="Host and port; an address that other machines reach needs a token"
    )
    token: str | None = Field(
        default=None, description="The token that clients send; better set as the variable `LABHAND_HTTP__TOKEN`"
    )


class Settings(BaseSettings):
    """The whole of `labhand.toml`."""

    model_config = SettingsConfigDict(env_prefix="LABHAND_", env_nested_delimiter="__", frozen=True, extra="forbid")

    trainer: str = Field(default="gpt", description="A built-in trainer, or the path of a folder with a `trainer.toml`")
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
    read_only: bool = Field(default=False, description="Offer only the tools that change nothing")
    data_dir: Path | None = Field(
        default=None, description="The folder that holds `.labhand`, relative to this file; by default the folder of this file"
    )

    @property
    def is_rehearsal(self) -> bool:
        """Whether all pools are simulated, so that nothing really runs."""
        return any(isinstance(pool, SimulatedPool) for pool in self.pools.values())

    @field_validator("pools")
    @classmethod
    def _refuse_mixed(cls, pools: dict[str, PoolSettings]) -> dict[str, PoolSettings]:
        if len({isinstance(pool, SimulatedPool) for pool in pools.values()}) > 1:
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
        SettingsError: The file is not valid TOML or a key can't be used. The error names file, line, key and value.
    """
    path = root / FILE
    text = path.read_text("utf-8") if path.is_file() else ""
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


def line_of(text: str, keys: list[str]) -> int | None:
    """Return the line (from 1) of a TOML file that sets a key, or else that of the innermost of its tables in the file."""
    table: list[str] = []
    found: tuple[int, int | None] = 0, None
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+([^\]]+)\]", line):
            table = path = _parts(header[1])
        elif assigned := re.match(r"\s*([\w.\-\"]+)\s*=", line):
            path = table + _parts(assigned[1])
        else:
            continue
        if path == keys[: len(path)] and len(path) > found[0]:
            found = len(path), number
    return found[1]


def _parts(key: str) -> list[str]:
    return [part.strip().strip('"') for part in key.split(".")]
