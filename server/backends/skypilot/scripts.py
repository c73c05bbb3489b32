"""What is executed on clusters: shell scripts that carry what they need inside them.

Nothing is synced beside them, so that a cluster needs no more than bash, base64, tar and a Python.
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
from ...settings import SkyPilotPool
from .api import Machine

MOST_BYTES = 4 * 2**20
"""Of one run, compressed: it travels inside a task."""
BATCH_BYTES = 4 * 2**20
"""Of one delivery; what is beyond it goes with the next."""
LINGER_SECONDS = 60
"""How long a host waits for more before it ends, and the cluster's idle minutes begin to count."""
_END = "LABHAND-END"


@dataclass(frozen=True, slots=True)
class RunBundle:
    """A run folder, packed.

    Attributes:
        run: Its name.
        content: A gzipped tar, of files below that name.
    """

    run: str
    content: bytes


def pack(folder: Path, order: float) -> RunBundle:
    """Pack what a runner needs of a run folder.

    Args:
        folder: Holds `spec.json` and `source/`.
        order: Its place in the queue; lower comes first.

    Raises:
        BadInputError: It is too large to travel inside a task.
    """
    content = _tar({folder / "spec.json": f"{folder.name}/spec.json", folder / "source": f"{folder.name}/source"}, order)
    if len(content) > MOST_BYTES:
        raise BadInputError(
            f"The source of {folder.name} has {len(content) / 2**20:.1f} MiB, compressed",
            f"Keep data out of the trainer's folder: {MOST_BYTES / 2**20:.0f} MiB travel to a cluster",
        )
    return RunBundle(folder.name, content)


def _tar(files: dict[Path, str], order: float | None = None) -> bytes:
    """The same bytes for the same files, whenever they are packed."""
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
    """The training core as it is installed here, packed, and the hash by which clusters know it."""
    spec = find_spec("labhand.trainer")
    assert spec is not None  # noqa: S101
    assert spec.submodule_search_locations is not None  # noqa: S101
    content = _tar({Path(spec.submodule_search_locations[0]): "labhand/trainer"})
    return content, sha256(content).hexdigest()[:12]


@cache
def requirements() -> tuple[str, ...]:
    """What the training core needs, as the distribution's `trainer` extra has it."""
    try:
        told = requires("labhand") or []
    except PackageNotFoundError:
        told = []
    return tuple(line.partition(";")[0].strip() for line in told if re.search(r"extra == ['\"]trainer['\"]", line))


def machine(pool: SkyPilotPool, infra: str) -> Machine:
    """What one of a pool's clusters is made of."""
    return Machine(
        infra=infra,
        gpu=pool.gpu,
        gpus=pool.gpus_per_cluster,
        cpus=max(2, pool.cpus_per_gpu * pool.gpus_per_cluster),
        use_spot=pool.use_spot,
        image=pool.image,
        idle_minutes=pool.idle_minutes,
    )


def root_of(cluster: str) -> str:
    """The cluster's folder, as its shell expands it."""
    return f"$HOME/.labhand/{cluster}"


def delivery(cluster: str, parcels: Iterable[RunBundle], cancels: Sequence[str] = (), settled: Sequence[str] = ()) -> str:
    """Bring runs to a cluster's spool; twice is harmless.

    Args:
        cluster: Its name.
        parcels: The runs.
        cancels: Runs that are to end.
        settled: Runs that the lab has the results of: they may go.
    """
    lines = [
        "set -eu",
        f'root="{root_of(cluster)}"',
        'mkdir -p "$root/runs" "$root/cancels" "$root/incoming"',
        'half="$(mktemp -d "$root/incoming/XXXXXX")"',
        *(f"base64 -d <<'{_END}' | tar -xz -C \"$half\"\n{_text(parcel.content)}\n{_END}" for parcel in parcels),
        'for run in "$half"/*; do',
        '  name="$(basename "$run")"',
        '  [ -d "$run" ] && [ ! -e "$root/runs/$name" ] && mv -T "$run" "$root/runs/$name" || true',
        "done",
        'rm -rf "$half"',
        *(f'touch "$root/cancels/{run}"' for run in cancels),
        *(f'rm -rf "$root/runs/{run}"' for run in settled),
    ]
    return "\n".join(lines) + "\n"


def hosting(pool: SkyPilotPool, storage: str | None) -> str:
    """Make the environment where that wasn't done before, and be the cluster's host; comes after a delivery."""
    content, version = trainer_package()
    python = '"$root/environment/bin/python"' if pool.python is None else shlex.quote(pool.python)
    options = f"--gpus {pool.gpus_per_cluster} --linger {LINGER_SECONDS}"
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
        'export PYTHONPATH="$code"',
        f'exec {python} -P -m labhand.trainer.host "$root" {options}',
    ]
    return "\n".join(lines) + "\n"


def _set_up(pool: SkyPilotPool) -> list[str]:
    """Once a cluster, and again where the settings say something else."""
    steps = [pool.setup] if pool.setup else []
    if pool.python is None:
        wanted = " ".join(shlex.quote(line) for line in requirements())
        steps += [
            'uv="$(command -v uv || echo "$HOME/.local/bin/uv")"',
            'if [ -x "$uv" ]; then',
            '  "$uv" venv --quiet --clear --python ">=3.11" "$root/environment"',
            f'  "$uv" pip install --quiet --python "$root/environment/bin/python" {wanted}',
            "else",
            '  python3 -m venv --clear "$root/environment"',
            f'  "$root/environment/bin/python" -m pip install --quiet {wanted}',
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
