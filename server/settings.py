"""The settings in `labhand.toml`. Environment variables `LABHAND_…` override them.

The file is optional: without it a lab trains the built-in trainer `gpt` on this machine. The descriptions of the fields make
`docs/settings.md`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from ..trainer.contract.trainer_toml.toml_lines import line_of
from .approval_settings import Approval
from .errors import SettingsError, nearest
from .http_settings import TOKEN_FORM, Http
from .lab_place import DATABASE as DATABASE
from .lab_place import FILE as FILE
from .lab_place import FOLDER as FOLDER
from .literature_settings import Literature
from .notify_settings import HIDDEN_VALUE, Notify
from .pool_settings import POOL_TYPES, LocalPool, PoolSettings, SettingsTable

SOURCES = "source.git"
RUNS = "runs"
"""Holds a folder for each run; see docs/runs.md."""
SET_ASIDE = "set-aside"
"""Holds run folders that belong to no run in the lab's database, and whose names were needed; see docs/runs.md."""
WHY_SET_ASIDE = "why-set-aside.txt"
"""The file in such a folder that says why."""
LOCK = "dispatcher.lock"
"""The dispatcher of a lab holds a lock (`flock`) on this file while it runs."""
LOG = "dispatcher.log"
BASELINE_EVERY = 50
"""The default: replicates to detect drift then use 2 % of the GPU time."""


class Allowance(SettingsTable):
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


class Packages(SettingsTable):
    """Packages that a launch may add to the trainer's environment."""

    allow: list[str] = Field(
        default=[],
        description='Names of packages that agents may ask for, such as `["einops"]`. labhand installs their wheels from the'
        " package index outside of the sandbox, so name only packages that you would install yourself",
    )

    @field_validator("allow")
    @classmethod
    def _refuse_versions(cls, allow: list[str]) -> list[str]:
        for name in allow:
            if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name) is None:
                raise ValueError(f"{name!r} is no name of a package: write it without a version, as einops")
        return allow


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
        default=True,
        description="Stop a run early if its training curve shows that it clearly can't reach the champion's score",
    )
    baseline_every: int = Field(
        default=BASELINE_EVERY,
        ge=0,
        description="Number of experiments after which the baseline runs once more, to detect drift; 0 for never",
    )
    allowance: Allowance = Field(default=Allowance(), description="What the whole lab may spend")
    approval: Approval = Field(default=Approval(), description="What a person approves before it is launched")
    pools: dict[str, PoolSettings] = Field(
        default_factory=_this_machine, min_length=1, description="Where experiments run, by name"
    )
    packages: Packages = Field(default=Packages(), description="Packages that a launch may ask for")
    http: Http = Field(default=Http(), description="Serving over HTTP")
    literature: Literature = Field(default=Literature(), description="Services that know papers")
    notify: Notify = Field(default=Notify(), description="What the lab tells a person of by itself")
    read_only: bool = Field(
        default=False, description="Offer only the tools that change nothing, over every transport; make no lab"
    )
    keep_work: bool = Field(
        default=False,
        description="Keep the working folder of each run when the run is over; by default only what `[keep]` in `trainer.toml`"
        " names",
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
            simulated = ", ".join(name for name, pool in pools.items() if pool.is_simulated)
            real = ", ".join(name for name, pool in pools.items() if not pool.is_simulated)
            raise ValueError(
                f"simulated pools ({simulated}) never share a lab with real ones ({real}):"
                " keep the rehearsal in a folder of its own"
            )
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
    if fault["type"] == "missing":
        table = ".".join(keys[:-1])
        return f"{keys[-1]} is required and missing{f' in [{table}]' if table else ''}"
    where = f"line {line}" if line else "not in the file: check the environment variables LABHAND_…"
    key = ".".join(keys)
    if keys[0] == "http" and len(keys) > 1 and keys[1] in {"token", "tokens"}:
        return f"{key} ({where}): {TOKEN_FORM if len(keys) > 2 else fault['msg']}"  # never the value: it may be a token
    if fault["type"] == "extra_forbidden":
        return f"{key} ({where}) is not a setting. {nearest(keys[-1], _known_keys(keys), 'keys')}"
    reason = fault["msg"].removeprefix("Value error, ").replace("Input should be", "must be", 1)
    if keys[0] == "notify" and "events" not in keys:
        return f"{key} ({where}): {reason}" if HIDDEN_VALUE in reason else f"{key} ({where}) {reason}; {HIDDEN_VALUE}"
    return f"{key}={fault['input']!r} ({where}) {reason}" if reason.startswith("must") else f"{key} ({where}): {reason}"


def _known_keys(keys: list[str]) -> list[str]:
    """The keys of the table in which an unknown key stands."""
    tables: dict[str, type[BaseModel]] = {
        "allowance": Allowance,
        "approval": Approval,
        "http": Http,
        "literature": Literature,
        "notify": Notify,
    }
    if keys[0] == "pools":
        return sorted({name for pool in POOL_TYPES for name in pool.model_fields})
    return list((tables.get(keys[0], Settings) if len(keys) > 1 else Settings).model_fields)
