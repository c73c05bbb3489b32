"""Experiments as runs of an MLflow tracking server, through MLflow's own client."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from typing_extensions import override

from ...domain import Status
from ...errors import BadInputError, UnavailableError
from .exported_run import ExportedRun
from .optional_library import load_library
from .run_tracker import CURVE, NAMESPACE, RunTracker, SavedAs, values_of

EXTRA = "mlflow"
DIGEST = f"{NAMESPACE}.digest"
ADDRESS_VARIABLE = "MLFLOW_TRACKING_URI"
MAX_PARAMETER, MAX_TAG, MAX_NAME = 500, 4000, 250
"""Characters that every version of MLflow takes."""
PAGE_RUNS, BATCH = 1000, 100
_NOT_IN_NAMES = re.compile(r"[^\w\-. :/]")
_LOGIN = re.compile(r"://[^/@\s]+@")
_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # by default it tries for minutes to reach a server that is not there
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""Variables of MLflow that are set unless the person has set them."""
_STATUS: Mapping[Status, str] = {Status.SUCCEEDED: "FINISHED", Status.FAILED: "FAILED"}
_STOPPED = "KILLED"
T = TypeVar("T")


class MlflowRuns(RunTracker):
    """An experiment of MLflow with a run for each experiment of the lab.

    Knobs are parameters; the score, the metrics and what the run measured are metrics, with the training curve as
    `train_loss`; the facts of the experiment are tags such as `labhand.verdict`. A run is found again by its tags
    `labhand.lab` and `labhand.id`; `labhand.digest`, which is written last, says that it is complete and as what.
    """

    def __init__(self, address: str, project: str) -> None:
        """Connect to a server, make the experiment unless it exists, and read which runs it has.

        Args:
            address: Of the server; empty for the one that `MLFLOW_TRACKING_URI` names.
            project: The name of MLflow's experiment.

        Raises:
            BadInputError: MLflow isn't installed, or no address is known.
            UnavailableError: The server can't be reached, or refuses.
        """
        self._address = address or os.environ.get(ADDRESS_VARIABLE, "")
        if not self._address:
            remedy = f"Give its address: --to http://127.0.0.1:5000, or set {ADDRESS_VARIABLE}"
            raise BadInputError("No MLflow tracking server is named", remedy)
        for name, value in _DEFAULTS.items():
            os.environ.setdefault(name, value)
        library = load_library("mlflow", EXTRA)
        self._entities = load_library("mlflow.entities", EXTRA)
        self._error: type[Exception] = load_library("mlflow.exceptions", EXTRA).MlflowException
        self._client: Any = self._asking(lambda: library.MlflowClient(tracking_uri=self._address))
        self._experiment = self._asking(lambda: self._find_or_create(project))
        self._known: dict[tuple[str, str], Any] = self._asking(self._read_known)

    @override
    def save(self, run: ExportedRun) -> SavedAs:
        known = self._known.get((run.lab, run.id))
        if known is None:
            self._asking(lambda: self._add(run))
            return SavedAs.ADDED
        if known.data.tags.get(DIGEST) == run.digest:
            return SavedAs.UNCHANGED
        self._asking(lambda: self._write(run, known.info.run_id, known.data.metrics, known.data.tags))
        return SavedAs.UPDATED

    def _find_or_create(self, project: str) -> str:
        found = self._client.get_experiment_by_name(project)
        return str(self._client.create_experiment(project) if found is None else found.experiment_id)

    def _read_known(self) -> dict[tuple[str, str], Any]:
        known: dict[tuple[str, str], Any] = {}
        token: str | None = None
        while True:
            page = self._client.search_runs([self._experiment], max_results=PAGE_RUNS, page_token=token)
            for run in page:
                tags = run.data.tags
                known[tags.get(f"{NAMESPACE}.lab", ""), tags.get(f"{NAMESPACE}.id", "")] = run
            token = page.token
            if not token:
                return known

    def _add(self, run: ExportedRun) -> None:
        made = self._client.create_run(
            self._experiment,
            start_time=_milliseconds(run.started_at),
            run_name=run.id,
            tags={f"{NAMESPACE}.lab": run.lab, f"{NAMESPACE}.id": run.id},
        )
        self._write(run, made.info.run_id, {}, {})

    def _write(self, run: ExportedRun, run_id: str, metrics: Mapping[str, float], tags: Mapping[str, str]) -> None:
        """Write what is new. MLflow keeps every value of a metric: one that has not changed is not written again."""
        is_complete = DIGEST in tags
        if run.curve and not (is_complete and CURVE in metrics):
            self._client.log_batch(run_id, metrics=self._curve(run))
        at = _milliseconds(time.time() if is_complete else run.finished_at)
        values = {_name(name): float(value) for name, value in values_of(run).items()}
        changed = [self._entities.Metric(name, value, at, 0) for name, value in values.items() if metrics.get(name) != value]
        knobs: Mapping[str, Any] = {} if is_complete else run.knobs
        parameters = [self._entities.Param(_name(name), _text(value)) for name, value in knobs.items()]
        for batch in _batches(parameters)[:-1]:
            self._client.log_batch(run_id, params=batch)
        for batch in _batches(changed)[:-1]:
            self._client.log_batch(run_id, metrics=batch)
        new_tags = _tags(run)
        for name in tags:
            if name.startswith(f"{NAMESPACE}.") and name not in new_tags:
                self._client.delete_tag(run_id, name)
        self._client.set_terminated(run_id, _STATUS.get(run.status, _STOPPED), _milliseconds(run.finished_at))
        written = [self._entities.RunTag(name, value) for name, value in new_tags.items()]
        self._client.log_batch(run_id, metrics=_batches(changed)[-1], params=_batches(parameters)[-1], tags=written)

    def _curve(self, run: ExportedRun) -> list[Any]:
        return [
            self._entities.Metric(CURVE, loss, _milliseconds(run.started_at + seconds), step)
            for step, (seconds, loss) in enumerate(run.curve)
        ]

    def _asking(self, ask: Callable[[], T]) -> T:
        """Return what the server answers."""
        try:
            return ask()
        except (self._error, ImportError) as error:  # the small client lacks what some addresses need
            problem = f"The MLflow server at {_without_login(self._address)} gave no usable answer: {_line(error)}"
            raise UnavailableError(
                problem, "Correct that and export again; what is there already is not written twice"
            ) from error


def _tags(run: ExportedRun) -> dict[str, str]:
    """Return the tags of a run, the digest last."""
    facts = {**run.facts, **{f"stratum.{name}": value for name, value in run.stratum_facts.items() if value is not None}}
    tags = {f"{NAMESPACE}.{_name(name)}": _text(value, MAX_TAG) for name, value in list(facts.items())[: BATCH - 2]}
    return {"mlflow.note.content": run.hypothesis, **tags, DIGEST: run.digest}


def _batches(items: Sequence[T]) -> list[Sequence[T]]:
    """Return the items in parts that one request takes, at least one part."""
    return [items[start : start + BATCH] for start in range(0, len(items) or 1, BATCH)]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _name(name: str) -> str:
    """Return a name as MLflow takes it."""
    return _NOT_IN_NAMES.sub("_", name)[:MAX_NAME]


def _text(value: object, most: int = MAX_PARAMETER) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:most]


def _line(error: Exception) -> str:
    """Return an error in one line, without the name and password that an address in it may hold."""
    return _LOGIN.sub("://", " ".join(str(error).split()))[:300]


def _without_login(address: str) -> str:
    """Return an address without the name and password that it may hold."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
