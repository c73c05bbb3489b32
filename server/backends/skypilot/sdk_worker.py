"""The only process that loads SkyPilot. `client.SkyClient` starts it, and writes requests to it, a JSON line each.

Loading SkyPilot takes two seconds and 150 MB, some of its calls never return, and it prints to the standard output. So it has a
process of its own, which can be killed. Each request runs in a thread, and its answer is a line with the request's number.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib import import_module
from typing import Any

from .api import Trouble, one_line

Arguments = Mapping[str, Any]
TROUBLES: Mapping[str, Trouble] = {
    "ImportError": "missing",
    "ClusterDoesNotExist": "gone",
    "ClusterNotUpError": "not_up",
    "ClusterStatusFetchingError": "away",
    "ApiServerConnectionError": "away",
    "ConnectionError": "away",
    "Timeout": "away",
    "RequestInterruptedError": "away",
    "ServerTemporarilyUnavailableError": "away",
    "KubeAPIUnreachableError": "away",
    "APIVersionMismatchError": "version",
    "APINotSupportedError": "version",
    "ApiServerAuthenticationError": "credentials",
    "NoCloudAccessError": "credentials",
    "InvalidCloudCredentials": "credentials",
    "CloudUserIdentityError": "credentials",
    "PermissionDeniedError": "credentials",
    "ResourcesMismatchError": "mistaken",
    "InvalidClusterNameError": "mistaken",
    "ResourcesUnavailableError": "no_capacity",
}
"""What an error of SkyPilot's means, by the name of its class or else of a base class of it."""
TROUBLES_BY_TEXT: Mapping[str, Trouble] = {
    "Catalog does not contain any instances": "mistaken",
    "Unable to parse": "mistaken",
    "is not enabled": "credentials",
    "No cloud access": "credentials",
    "not compatible": "version",
}
"""What an error means whose class says too little, by a part of its message."""

SSH_FAILED = 255
"""The exit code of ssh when it can't connect."""
QUEUED_SECONDS = 7 * 86400
"""How long a launch may wait in the queue of Slurm or Kubernetes, if it is to stay there."""
_SETTINGS = threading.Lock()
"""Held while SkyPilot's settings are changed for one request."""
_PENDING = re.compile(r"Launching \((?P<reason>.+)\)", re.DOTALL)
"""How SkyPilot writes down what a scheduler says of a launch."""
_CATALOGUE = threading.RLock()
"""Held while SkyPilot is imported, and wherever it may look into its catalogue, which naming a GPU does: two threads that load
it at the same time may deadlock."""


def _sky() -> Any:  # noqa: ANN401
    """Return SkyPilot, untyped: its types need libraries that may not be installed."""
    with _CATALOGUE:
        import sky  # noqa: PLC0415

        return sky


def _resources(arguments: Arguments) -> Any:  # noqa: ANN401
    with _CATALOGUE:
        return _sky().Resources(
            infra=arguments["infra"],
            accelerators={arguments["gpu"]: arguments["gpus"]},
            cpus=f"{arguments['cpus']}+",
            use_spot=arguments["use_spot"],
            image_id=arguments["image"],
        )


def launch(arguments: Arguments) -> float:
    """See `api.SkyApi`."""
    sky = _sky()
    # By default SkyPilot gives a task the address of its API server and a token for it.
    task = sky.Task(name="labhand", run=None, api_server_access=False)
    with _CATALOGUE:
        task.set_resources(_resources(arguments))
    with _SETTINGS, _queued(arguments["infra"]) if arguments["stays_queued"] else nullcontext():
        request = sky.launch(
            task,
            cluster_name=arguments["cluster"],
            idle_minutes_to_autostop=arguments["idle_minutes"],
            wait_for=sky.skylet.autostop_lib.AutostopWaitFor.JOBS,
            down=True,
        )
    _, handle = sky.get(request)
    return float(handle.launched_resources.get_cost(3600.0) * handle.launched_nodes)


def _queued(infra: str) -> AbstractContextManager[None]:
    """Let launches wait in a scheduler's queue: SkyPilot's `provision_timeout` would cancel them, and they begin anew later."""
    cloud = infra.partition("/")[0].lower().replace("k8s", "kubernetes")
    if cloud not in {"slurm", "kubernetes"}:
        return nullcontext()
    settings = {cloud: {"provision_timeout": QUEUED_SECONDS}}
    override: AbstractContextManager[None] = _sky().skypilot_config.override_skypilot_config(settings)
    return override


def execute(arguments: Arguments) -> int:
    """See `api.SkyApi`."""
    sky = _sky()
    task = sky.Task(name=arguments["name"], run=arguments["script"], api_server_access=False)
    accelerators = {arguments["gpu"]: arguments["gpus"]} if arguments["gpus"] else None
    with _CATALOGUE:
        task.set_resources(sky.Resources(accelerators=accelerators, cpus=arguments["cpus"]))
    job, _ = sky.get(sky.exec(task, cluster_name=arguments["cluster"]))
    return int(job)


def follow(arguments: Arguments) -> Iterator[str]:
    """Yield pieces of a job's log as they come. See `api.SkyApi`."""
    sky = _sky()
    for piece in sky.tail_logs(arguments["cluster"], arguments["job"], follow=True, preload_content=False):
        if piece is not None:
            yield piece


def job_status(arguments: Arguments) -> str | None:
    """See `api.SkyApi`."""
    sky = _sky()
    state = sky.get(sky.job_status(arguments["cluster"], job_ids=[arguments["job"]])).get(arguments["job"])
    return None if state is None else str(state.value)


def status(arguments: Arguments) -> Any:  # noqa: ANN401
    """See `api.SkyApi`."""
    sky = _sky()
    clusters = sky.get(sky.status(cluster_names=list(arguments["clusters"]), refresh=sky.StatusRefreshMode.FORCE))
    return {cluster.name: [cluster.status.value, one_line(cluster.init_status_reason or "")] for cluster in clusters}


def pending_reason(arguments: Arguments) -> str:
    """See `api.SkyApi`."""
    sky = _sky()
    clusters = sky.get(sky.status(cluster_names=[arguments["cluster"]], refresh=sky.StatusRefreshMode.NONE))
    matches = [_PENDING.fullmatch(cluster.init_status_reason or "") for cluster in clusters]
    return next((one_line(match["reason"]) for match in matches if match), "")


def exist(arguments: Arguments) -> Mapping[str, bool]:
    """See `api.SkyApi`. Slurm's queue can be asked where its login node can be reached from this machine."""
    answers: dict[str, bool] = {}
    for infra in sorted(set(arguments["clusters"].values())):
        cloud, _, place = infra.partition("/")
        if cloud.lower() != "slurm":
            continue
        try:
            jobs = _slurm_jobs(place.partition("/")[0])
        except Exception:  # noqa: BLE001, S112 - not reachable from here, in whatever way: then the queue can't be asked
            continue
        names = [cluster for cluster, own in arguments["clusters"].items() if own == infra]
        # SkyPilot appends a hash of its user to the cluster's name.
        answers |= {name: any(job == name or job.startswith(f"{name}-") for job in jobs) for name in names}
    return answers


def _slurm_jobs(place: str) -> Sequence[str]:
    """Return the names of this user's jobs in the queue of a Slurm cluster; of all Slurm clusters if none is named."""
    utils = import_module("sky.provision.slurm.utils")
    adaptor = import_module("sky.adaptors.slurm")
    config = utils.get_slurm_ssh_config()
    names: list[str] = []
    for name in [place] if place else utils.get_all_slurm_cluster_names():
        host = config.lookup(name)
        client = adaptor.SlurmClient(
            host["hostname"],
            int(host.get("port", 22)),
            host["user"],
            utils.get_identity_file(host),
            ssh_proxy_command=host.get("proxycommand"),
            ssh_proxy_jump=host.get("proxyjump"),
            identities_only=utils.get_identities_only(host),
            slurm_user=utils.get_submit_user(name),
        )
        code, output, problem = client._run_slurm_cmd('squeue --me -h -o "%j"')  # noqa: SLF001 - no public way to list names
        if code:
            raise RuntimeError(problem)
        names += output.split()
    return names


def prolong(arguments: Arguments) -> None:
    """See `api.SkyApi`."""
    sky = _sky()
    sky.get(
        sky.autostop(
            arguments["cluster"], arguments["idle_minutes"], wait_for=sky.skylet.autostop_lib.AutostopWaitFor.JOBS, down=True
        )
    )


def down(arguments: Arguments) -> None:
    """See `api.SkyApi`."""
    sky = _sky()
    try:
        sky.get(sky.down(arguments["cluster"]))
    except sky.exceptions.ClusterDoesNotExist:
        return


def price(arguments: Arguments) -> float | None:
    """See `api.SkyApi`."""
    with _CATALOGUE:
        resources = _resources(arguments)
        launchable, *_ = resources.cloud.get_feasible_launchable_resources(resources, num_nodes=1).resources_list or [None]
        return None if launchable is None else float(launchable.get_cost(3600.0))


def about(_arguments: Arguments) -> Any:  # noqa: ANN401
    """Return SkyPilot's versions, and the infrastructure that is enabled, which is checked again."""
    sky = _sky()
    info = sky.client.sdk.api_info()
    enabled = sky.get(sky.client.sdk.check(None, verbose=False))
    names = {f"{cloud}".lower() for clouds in enabled.values() for cloud in clouds}
    return {"client": sky.__version__, "server": info.version, "enabled": sorted(names)}


CALLS: Mapping[str, Callable[[Arguments], Any]] = {
    call.__name__: call for call in (launch, execute, job_status, status, pending_reason, exist, prolong, down, price, about)
}


def trouble(error: BaseException) -> Trouble:
    """Return what an error of SkyPilot's means."""
    text = str(error)
    for phrase, kind in TROUBLES_BY_TEXT.items():
        if phrase in text:
            return kind
    returncode = getattr(error, "returncode", None)  # of a command on the cluster, or of ssh if it couldn't connect
    if returncode is not None:
        return "away" if returncode == SSH_FAILED else "broken"
    by_class: list[Trouble] = [TROUBLES[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in TROUBLES]
    return by_class[0] if by_class else "other"


class AnswerStream:
    """This process's standard output, for answers alone: whatever else is printed is thrown away."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        self._lock = threading.Lock()

    def write(self, **answer: object) -> None:
        """Write one answer as a line."""
        with self._lock:
            self._out.write(json.dumps(answer) + "\n")
            self._out.flush()

    def answer(self, number: int, call: str, arguments: Arguments) -> None:
        """Carry out one request, and write its result or its error."""
        try:
            if call == "follow":
                for piece in follow(arguments):
                    self.write(id=number, piece=piece)
                self.write(id=number, value=None)
            else:
                self.write(id=number, value=CALLS[call](arguments))
        except BrokenPipeError:
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - whatever SkyPilot raises, sys.exit among it, is an answer
            self.write(id=number, trouble=trouble(error), text=one_line(f"{type(error).__name__}: {error}"))


def main() -> None:
    """Answer requests until the standard input ends."""
    answers = AnswerStream()
    with suppress(ImportError):  # every request reports it
        import_module("sky")  # before any thread does: two that import it at the same time may deadlock
    for line in sys.stdin:
        request = json.loads(line)
        threading.Thread(
            target=answers.answer, args=(request["id"], request["call"], request["arguments"]), daemon=True
        ).start()
    os._exit(0)  # threads may hang in SkyPilot


if __name__ == "__main__":
    main()
