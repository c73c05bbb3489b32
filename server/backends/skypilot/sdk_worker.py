"""A small process that alone loads SkyPilot, and does what it is asked, a JSON line a request; `client.Client` starts it.

Loading SkyPilot takes two seconds and 150 MB, some of its calls never return, and it prints: so it has a process of its own,
which can be ended. Each request has a thread; what it comes to goes back as a line with the request's number.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any

from .api import Trouble, one_line

Asked = Mapping[str, Any]
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
"""By the names of the classes of errors, the most special first in each error's own order."""
TEXTS: Mapping[str, Trouble] = {
    "Catalog does not contain any instances": "mistaken",
    "Unable to parse": "mistaken",
    "is not enabled": "credentials",
    "No cloud access": "credentials",
    "not compatible": "version",
}


SSH_FAILED = 255
_CATALOGUE = threading.Lock()
"""Two threads that look something up for the first time may wait for one another for ever."""


def _sky() -> Any:  # noqa: ANN401
    """SkyPilot, whose types reach into libraries that need not be here."""
    import sky  # noqa: PLC0415

    return sky


def _resources(asked: Asked) -> Any:  # noqa: ANN401
    sky = _sky()
    return sky.Resources(
        infra=asked["infra"],
        accelerators={asked["gpu"]: asked["gpus"]},
        cpus=f"{asked['cpus']}+",
        use_spot=asked["use_spot"],
        image_id=asked["image"],
    )


def launch(asked: Asked) -> float:
    """As `words.Sky` has it."""
    sky = _sky()
    task = sky.Task(name="labhand", run=None)
    task.set_resources(_resources(asked))
    request = sky.launch(
        task,
        cluster_name=asked["cluster"],
        idle_minutes_to_autostop=asked["idle_minutes"],
        wait_for=sky.skylet.autostop_lib.AutostopWaitFor.JOBS,
        down=True,
    )
    _, handle = sky.get(request)
    return float(handle.launched_resources.get_cost(3600.0) * handle.launched_nodes)


def execute(asked: Asked) -> int:
    """As `words.Sky` has it."""
    sky = _sky()
    task = sky.Task(name=asked["name"], run=asked["script"])
    accelerators = {asked["gpu"]: asked["gpus"]} if asked["gpus"] else None
    task.set_resources(sky.Resources(accelerators=accelerators, cpus=asked["cpus"]))
    job, _ = sky.get(sky.exec(task, cluster_name=asked["cluster"]))
    return int(job)


def follow(asked: Asked) -> Iterator[str]:
    """Pieces of a job's log as they come."""
    sky = _sky()
    for piece in sky.tail_logs(asked["cluster"], asked["job"], follow=True, preload_content=False):
        if piece is not None:
            yield piece


def job_status(asked: Asked) -> str | None:
    """As `words.Sky` has it."""
    sky = _sky()
    found = sky.get(sky.job_status(asked["cluster"], job_ids=[asked["job"]])).get(asked["job"])
    return None if found is None else str(found.value)


def status(asked: Asked) -> Any:  # noqa: ANN401
    """As `words.Sky` has it."""
    sky = _sky()
    found = sky.get(sky.status(cluster_names=list(asked["clusters"]), refresh=sky.StatusRefreshMode.FORCE))
    return {one.name: [one.status.value, one_line(one.init_status_reason or "")] for one in found}


def stay(asked: Asked) -> None:
    """As `words.Sky` has it."""
    sky = _sky()
    sky.get(
        sky.autostop(asked["cluster"], asked["idle_minutes"], wait_for=sky.skylet.autostop_lib.AutostopWaitFor.JOBS, down=True)
    )


def down(asked: Asked) -> None:
    """As `words.Sky` has it."""
    sky = _sky()
    try:
        sky.get(sky.down(asked["cluster"]))
    except sky.exceptions.ClusterDoesNotExist:
        return


def price(asked: Asked) -> float | None:
    """As `words.Sky` has it."""
    with _CATALOGUE:
        resources = _resources(asked)
        launchable, *_ = resources.cloud.get_feasible_launchable_resources(resources, num_nodes=1).resources_list or [None]
        return None if launchable is None else float(launchable.get_cost(3600.0))


def about(_asked: Asked) -> Any:  # noqa: ANN401
    """Versions, and the infrastructure that is enabled, which is looked at anew."""
    sky = _sky()
    info = sky.client.sdk.api_info()
    enabled = sky.get(sky.client.sdk.check(None, verbose=False))
    names = {f"{cloud}".lower() for clouds in enabled.values() for cloud in clouds}
    return {"client": sky.__version__, "server": info.version, "enabled": sorted(names)}


CALLS: Mapping[str, Callable[[Asked], Any]] = {
    call.__name__: call for call in (launch, execute, job_status, status, stay, down, price, about)
}


def trouble(error: BaseException) -> Trouble:
    """What kind of thing an error of SkyPilot's is."""
    text = str(error)
    for words, kind in TEXTS.items():
        if words in text:
            return kind
    returncode = getattr(error, "returncode", None)  # of a command on the cluster, or of ssh where that couldn't connect
    if returncode is not None:
        return "away" if returncode == SSH_FAILED else "broken"
    known: list[Trouble] = [TROUBLES[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in TROUBLES]
    return known[0] if known else "other"


class AnswerStream:
    """Where answers go: this process's standard output, which nothing else may print to."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        self._lock = threading.Lock()

    def give(self, **answer: object) -> None:
        """Send one line."""
        with self._lock:
            self._out.write(json.dumps(answer) + "\n")
            self._out.flush()

    def answer(self, number: int, call: str, asked: Asked) -> None:
        """Do one request, whatever comes of it."""
        try:
            if call == "follow":
                for piece in follow(asked):
                    self.give(id=number, piece=piece)
                self.give(id=number, value=None)
            else:
                self.give(id=number, value=CALLS[call](asked))
        except BrokenPipeError:
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - whatever SkyPilot raises, sys.exit among it, is an answer
            self.give(id=number, trouble=trouble(error), text=one_line(f"{type(error).__name__}: {error}"))


def main() -> None:
    """Answer requests until there are no more."""
    answers = AnswerStream()
    with suppress(ImportError):  # each request tells
        import_module("sky")  # by one thread: several that begin with it at once may wait for one another for ever
    for line in sys.stdin:
        request = json.loads(line)
        threading.Thread(target=answers.answer, args=(request["id"], request["call"], request["asked"]), daemon=True).start()
    os._exit(0)  # threads may hang in SkyPilot


if __name__ == "__main__":
    main()
