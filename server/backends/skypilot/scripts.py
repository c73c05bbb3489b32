"""The shell scripts that run on clusters. They carry everything that they need, as base64.

SkyPilot's own file sync isn't used, so a cluster needs only bash, base64, tar and a Python.
"""

from __future__ import annotations

import base64
import io
import re
import shlex
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from gzip import GzipFile
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import Path

from ...errors import BadInputError
from ...pool_settings import SkyPilotPool
from .api import Machine

MAX_RUN_BYTES = 4 * 2**20
"""Size of one run, compressed: it is sent inside a task."""
MAX_DELIVERY_BYTES = 4 * 2**20
"""Size of the runs of one delivery; further runs go with the next one."""
LINGER_SECONDS = 60
"""How long a host without runs waits for more before it ends and the cluster counts as idle."""
_END = "LABHAND-END"


@dataclass(frozen=True, slots=True)
class RunBundle:
    """A packed run folder.

    Attributes:
        run: The run's name.
        content: A gzipped tar file with one folder, which has that name.
    """

    run: str
    content: bytes


def pack(folder: Path, order: float) -> RunBundle:
    """Pack what a runner needs of a run folder.

    Args:
        folder: The run folder, with `spec.json` and `source/`.
        order: The run's place in the queue; a lower number goes first.

    Raises:
        BadInputError: It is too large to be sent inside a task.
    """
    content = _tar({folder / "spec.json": f"{folder.name}/spec.json", folder / "source": f"{folder.name}/source"}, order)
    if len(content) > MAX_RUN_BYTES:
        raise BadInputError(
            f"The source of {folder.name} has {len(content) / 2**20:.1f} MiB, compressed; at most "
            f"{MAX_RUN_BYTES / 2**20:.0f} MiB can be sent to a cluster",
            "Keep data out of the trainer's folder",
        )
    return RunBundle(folder.name, content)


def _tar(files: dict[Path, str], order: float | None = None) -> bytes:
    """Return a gzipped tar file whose bytes depend on the files' contents alone, not on times or owners."""
    packed = io.BytesIO()
    with GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for path, name in files.items():
            tar.add(path, name, filter=_plain)
        if order is not None:
            text = f"{order:.6f}".encode()
            entry = tarfile.TarInfo(f"{next(iter(files.values())).partition('/')[0]}/order")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
    return packed.getvalue()


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if "__pycache__" in entry.name.split("/"):
        return None
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


@cache
def trainer_package() -> tuple[bytes, str]:
    """Return the training core that is installed here, packed, and the hash that names its version on clusters."""
    spec = find_spec("labhand.trainer")
    assert spec is not None  # noqa: S101
    assert spec.submodule_search_locations is not None  # noqa: S101
    content = _tar({Path(spec.submodule_search_locations[0]): "labhand/trainer"})
    return content, sha256(content).hexdigest()[:12]


@cache
def requirements() -> tuple[str, ...]:
    """Return the packages that the training core needs on a GPU: the distribution's extras `trainer` and `climbmix`."""
    try:
        lines = requires("labhand") or []
    except PackageNotFoundError:
        lines = []
    extra = re.compile(r"extra == ['\"](trainer|climbmix)['\"]")
    return tuple(line.partition(";")[0].strip() for line in lines if extra.search(line))


def machine_of(pool: SkyPilotPool, infra: str) -> Machine:
    """Return the machine that a pool's clusters consist of."""
    return Machine(
        infra=infra,
        gpu=pool.gpu,
        gpus=pool.gpus_per_cluster,
        cpus=max(2, pool.cpus_per_gpu * pool.gpus_per_cluster),
        use_spot=pool.use_spot,
        image=pool.image,
        idle_minutes=pool.idle_minutes,
        stays_queued=len(pool.choices) == 1,
    )


def check_command(infra: str, clusters: str) -> str:
    """Return the command with which a person asks an infrastructure itself about clusters.

    Args:
        infra: The infrastructure, as SkyPilot writes it.
        clusters: A cluster's name, or what the names of several begin with.
    """
    match infra.partition("/")[0].lower():
        case "slurm":
            return f"squeue --me --format='%i %j %T' | grep {clusters}"
        case "k8s" | "kubernetes":
            return f"kubectl get pods --all-namespaces | grep {clusters}"
        case "aws":
            return f"aws ec2 describe-instances --filters 'Name=tag:Name,Values={clusters}*'"
        case "gcp":
            return f"gcloud compute instances list --filter='name~{clusters}'"
        case "azure":
            return f"az vm list --output table | grep {clusters}"
        case cloud:
            return f"the console of {cloud}: machines whose names begin with {clusters}"


def root_of(cluster: str) -> str:
    """Return labhand's folder on a cluster, as the cluster's shell expands it."""
    return f"$HOME/.labhand/{cluster}"


def delivery_script(
    cluster: str, bundles: Iterable[RunBundle], cancels: Sequence[str] = (), settled: Sequence[str] = ()
) -> str:
    """Return the script that brings runs into a cluster's spool. Running it twice changes nothing.

    Args:
        cluster: The cluster's name.
        bundles: The runs.
        cancels: The names of runs that are to end.
        settled: The names of runs whose results the lab has: their folders are removed.
    """
    lines = [
        "set -eu",
        f'root="{root_of(cluster)}"',
        'mkdir -p "$root/runs" "$root/cancels" "$root/incoming"',
        'half="$(mktemp -d "$root/incoming/XXXXXX")"',
        *(f"base64 -d <<'{_END}' | tar -xz -C \"$half\"\n{_text(bundle.content)}\n{_END}" for bundle in bundles),
        'for run in "$half"/*; do',
        '  name="$(basename "$run")"',
        '  [ -d "$run" ] && [ ! -e "$root/runs/$name" ] && mv -T "$run" "$root/runs/$name" || true',
        "done",
        'rm -rf "$half"',
        *(f'touch "$root/cancels/{run}"' for run in cancels),
        *(f'rm -rf "$root/runs/{run}"' for run in settled),
    ]
    return "\n".join(lines) + "\n"


def host_script(pool: SkyPilotPool, storage: str | None) -> str:
    """Return the script that becomes a cluster's host. It comes after a delivery, whose variables it uses.

    It unpacks the training core and sets the environment up, unless an earlier host has done so.

    Args:
        pool: The pool's settings.
        storage: The folder in which the host keeps results; None for none.
    """
    content, version = trainer_package()
    python = '"$root/environment/bin/python"' if pool.python is None else shlex.quote(pool.python)
    options = f"--gpus {pool.gpus_per_cluster} --linger {LINGER_SECONDS}"
    if pool.gpus_per_slot > 1:
        options += f" --gpus-per-run {pool.gpus_per_slot}"
    if pool.overlap:
        options += " --overlap"
    if storage is not None:
        options += f" --storage {shlex.quote(storage)}"
    lines = [
        f'code="$root/code/{version}"',
        'if [ ! -d "$code" ]; then',
        '  half="$(mktemp -d "$root/incoming/XXXXXX")"',
        f"  base64 -d <<'{_END}' | tar -xz -C \"$half\"",
        _text(content),
        _END,
        '  mkdir -p "$root/code"; mv -T "$half" "$code" || [ -d "$code" ]',
        "fi",
        *_set_up(pool),
        # What SkyPilot tells a job of itself, keys among it, is nothing for experiments.
        "unset ${!SKYPILOT_@}",
        'export PYTHONPATH="$code"',
        f'exec {python} -P -m labhand.trainer.host "$root" {options}',
    ]
    return "\n".join(lines) + "\n"


def _set_up(pool: SkyPilotPool) -> list[str]:
    """Return the lines that set a cluster up: once, and again after the settings have changed."""
    steps = [pool.setup] if pool.setup else []
    if pool.python is None:
        packages = " ".join(shlex.quote(line) for line in requirements())
        steps += [
            'uv="$(command -v uv || echo "$HOME/.local/bin/uv")"',
            'if [ -x "$uv" ]; then',
            '  "$uv" venv --quiet --clear --python ">=3.11" "$root/environment"',
            # Runs can't write there: without compiled files each of them would compile all that it imports.
            f'  "$uv" pip install --quiet --compile-bytecode --python "$root/environment/bin/python" {packages}',
            "else",
            '  python3 -m venv --clear "$root/environment"',
            f'  "$root/environment/bin/python" -m pip install --quiet {packages}',
            "fi",
        ]
    if not steps:
        return []
    script = "\n".join(["set -e", *steps])
    done = f"$root/set-up-{sha256(script.encode()).hexdigest()[:12]}"
    return [f'if [ ! -e "{done}" ]; then', "(", script, ")", f'touch "{done}"', "fi"]


def _text(content: bytes) -> str:
    encoded = base64.b64encode(content).decode("ascii")
    return "\n".join(encoded[start : start + 4096] for start in range(0, len(encoded), 4096))
