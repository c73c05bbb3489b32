"""What a failed try asks for: the lines of `trainer.toml` in its failure, as a person would paste them into the proposal."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from ...trainer.contract.run_result import RunFailure
from .proposal import TrainerProposal

_LINE: Final = re.compile(r"\b(read|paths|include) = (\[[^\]\n]*\])")
_SECRETS: Final = frozenset({".ssh", ".aws", ".gnupg", ".kube", ".sky", ".config", ".docker", ".netrc", ".labhand", ".azure"})
_CUDA: Final = re.compile(
    r"no NVIDIA driver|NVIDIA driver on your system|not compiled with CUDA|No CUDA GPUs|CUDA (?:is|was) not available"
    r"|requires? (?:a )?(?:CUDA|GPU)|libcuda|CUDA error|cuda runtime|nvidia-smi",
    re.IGNORECASE,
)


def asked_for(failure: RunFailure) -> Mapping[str, tuple[str, ...]]:
    """Return what a failure's next step names: the values by key, `read`, `paths` or `include`."""
    match = _LINE.search(failure.next_step)
    if match is None:
        return {}
    try:
        values = tomllib.loads(f"{match[1]} = {match[2]}")[match[1]]
    except tomllib.TOMLDecodeError:
        return {}
    return {match[1]: tuple(value for value in values if isinstance(value, str))}


def is_safe_to_open(path: str) -> bool:
    """Return whether a path may be opened to experiments without a person's word for it: no home folder, no keys."""
    place = Path(path).expanduser().resolve()
    home = Path.home().resolve()
    return not (home.is_relative_to(place) or place == Path("/tmp") or _SECRETS & set(place.parts))  # noqa: S108


def extend(proposal: TrainerProposal, wanted: Mapping[str, tuple[str, ...]]) -> TrainerProposal:
    """Return a proposal with what a failure asked for; the same where it has all of it."""
    include = _joined(proposal.include, wanted.get("include", ()))
    data = _joined(proposal.data, wanted.get("paths", ()))
    read = _joined(proposal.read, wanted.get("read", ()))
    return replace(proposal, include=include, data=data, read=read)


def lacks_cuda(failure: RunFailure, log: str) -> bool:
    """Return whether a command has failed because there is no CUDA GPU. One that only warned of it went on without."""
    told = [*failure.lines, *log[-2000:].splitlines()]
    return bool(_CUDA.search("\n".join([failure.message, *(line for line in told if "Warning" not in line)])))


def _joined(before: tuple[str, ...], added: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*before, *added]))
