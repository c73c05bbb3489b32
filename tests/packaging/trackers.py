"""Experiments exported from an environment that has one tracker's library, and read back there by that library."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from socket import create_server
from typing import Any, NamedTuple

import anyio

from ..server.lab.export.stored_lab import CURVE, judge_again, put_stored_lab
from ..waiting import until
from .environments import installed, run

GAIN = 0.25
START_SECONDS = 300.0
"""In which MLflow's server starts on a busy machine."""
READ_PARQUET = """
import json, sys
import pyarrow.parquet
rows = pyarrow.parquet.read_table(sys.argv[1]).to_pylist()
print(json.dumps({row["id"]: {
    "knobs": {name.removeprefix("knobs."): value for name, value in row.items() if name.startswith("knobs.")},
    "score": row["score"], "facts": {name: row[name] for name in ("verdict", "reason", "seed", "stratum", "gain")},
    "curve": [[point["seconds"], point["loss"]] for point in row["curve"]],
} for row in rows}))
"""
READ_MLFLOW = """
import json, sys
from mlflow import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
runs = client.search_runs([client.get_experiment_by_name("place").experiment_id])
found = {}
for run in runs:
    tags = {name.removeprefix("labhand."): value for name, value in run.data.tags.items() if name.startswith("labhand.")}
    curve = client.get_metric_history(run.info.run_id, "train_loss")
    assert tags["id"] not in found
    found[tags["id"]] = {
        "knobs": {name: json.loads(value) if name != "NAME" else value for name, value in run.data.params.items()},
        "score": run.data.metrics.get("val_loss"), "facts": tags,
        "curve": [[(point.timestamp - run.info.start_time) / 1000, point.value] for point in curve],
    }
print(json.dumps(found))
"""
READ_WANDB = """
import json, struct, sys
from pathlib import Path
from wandb.proto.wandb_internal_pb2 import Record

def records(file):
    # LevelDB's log format behind a header of seven bytes: blocks of 32 KiB, each chunk with checksum, length and type.
    data, place, parts = file.read_bytes(), 7, b""
    assert data[:4] == b":W&B"
    while place + 7 <= len(data):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
            continue
        _, length, kind = struct.unpack("<IHB", data[place:place + 7])
        parts += data[place + 7:place + 7 + length]
        place += 7 + length
        if kind in (1, 4):
            record = Record()
            record.ParseFromString(parts)
            parts = b""
            yield record

def value_of(item):
    name = item.key or "/".join(item.nested_key)
    return name, json.loads(item.value_json)

found = {}
for file in sorted(Path(sys.argv[1]).glob("wandb/offline-run-*/*.wandb")):
    config, summary, history, names = {}, {}, [], []
    for record in records(file):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            names += [record.run.display_name, record.run.project, list(record.run.tags)]
            config |= dict(value_of(item) for item in record.run.config.update)
        elif kind == "config":
            config |= dict(value_of(item) for item in record.config.update)
        elif kind == "summary":
            summary |= dict(value_of(item) for item in record.summary.update)
        elif kind == "history":
            point = dict(value_of(item) for item in record.history.item)
            history.append([point["seconds"], point["train_loss"]])
    assert names[0] not in found, names
    facts = config.pop("labhand")
    assert names[1] == "place" and facts["verdict"] in names[2]
    found[names[0]] = {"knobs": {name: value for name, value in config.items() if name != "_wandb"},
                       "score": summary.get("val_loss"), "facts": facts, "curve": history}
print(json.dumps(found))
"""
READ_TRACKIO = """
import json, sys
import trackio
from trackio.sqlite_storage import SQLiteStorage
found = {}
for run in trackio.Api().runs("place"):
    config = {name: value for name, value in run.config.items() if not name.startswith("_")}
    facts = config.pop("labhand")
    logs = SQLiteStorage.get_logs("place", run.name, run_id=run.id)
    assert facts["id"] not in found
    found[facts["id"]] = {"knobs": config, "facts": facts, "score": logs[-1].get("val_loss"),
                          "curve": [[log["seconds"], log["train_loss"]] for log in logs if "train_loss" in log]}
print(json.dumps(found))
"""


class Started(NamedTuple):
    """What came of starting an extra's program: whether it did its work, and what it printed."""

    worked: bool
    output: str


class Exporting(NamedTuple):
    """An environment, a lab, and how one exports to a tracker and reads what is there.

    Attributes:
        words: Of `labhand export`.
        reader: A program that prints what the tracker has, by experiment, and its argument.
    """

    programs: Path
    place: Path
    words: tuple[str, ...]
    reader: tuple[str, str]
    variables: Mapping[str, str] = {}

    def export(self) -> str:
        """Run the command. Returns what it prints."""
        return self._run(self.programs / "labhand", "export", *self.words)

    def read(self) -> dict[str, Any]:
        """What the tracker has."""
        found: dict[str, Any] = json.loads(self._run(self.programs / "python", "-c", *self.reader).splitlines()[-1])
        return found

    def refused(self) -> str:
        """Run the command, which can't do its work. Returns what it prints, on one line."""
        return " ".join(self._run(self.programs / "labhand", "export", *self.words, status=2).split())

    def _run(self, *command: str | Path, status: int = 0) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.place), "LANG": "C.UTF-8", **self.variables}
        done = run(*command, cwd=self.place, env=environment)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr


def check(exporting: Exporting) -> Started:
    """Export, read, export again, let a verdict change, and export once more."""
    data = put_stored_lab(exporting.place)
    first = exporting.export()
    added = exporting.read()
    again = exporting.export()
    unchanged = exporting.read()
    judge_again(data, GAIN)
    third = exporting.export()
    changed = exporting.read()

    output = "\n".join([first, again, third])
    assert {"e0001", "e0002"} <= set(added), added
    _check_first(added["e0001"])
    assert unchanged == added, output
    assert {name: row for name, row in changed.items() if name != "e0001"} == {
        name: row for name, row in added.items() if name != "e0001"
    }
    facts = changed["e0001"]["facts"]
    assert (float(facts["gain"]), facts["verdict"], facts["reason"]) == (GAIN, "promising", "judged again")
    assert changed["e0001"]["curve"] == added["e0001"]["curve"]
    if "parquet" not in exporting.words:
        count = len(added)
        assert f"{count} added, 0 updated, 0 unchanged" in " ".join(first.split()), first
        assert f"0 added, 0 updated, {count} unchanged" in " ".join(again.split()), again
        assert f"0 added, 1 updated, {count - 1} unchanged" in " ".join(third.split()), third
    return Started(worked=True, output=output)


def _check_first(row: Mapping[str, Any]) -> None:
    assert row["knobs"]["X"] == 0.5
    assert row["knobs"]["NAME"] == "plain"
    assert row["score"] > 0
    assert (row["facts"]["stratum"], int(row["facts"]["seed"]) > 0) == ("s1", True)
    assert [tuple(point) for point in row["curve"]] == CURVE


def start_parquet(programs: Path, place: Path) -> Started:
    """A file that pyarrow reads."""
    return check(Exporting(programs, place, ("parquet", "--output", "r.parquet"), (READ_PARQUET, "r.parquet")))


def start_wandb(programs: Path, place: Path) -> Started:
    """Offline runs, whose files are read with wandb's own messages."""
    exporting = Exporting(programs, place, ("wandb",), (READ_WANDB, "."))
    started = check(exporting)
    [folder] = place.glob("wandb/offline-run-*-e0001")

    (folder / "labhand.json").unlink()  # as if the export had been killed
    assert "1 added, 0 updated" in exporting.export()
    [folder] = place.glob("wandb/offline-run-*-e0001")

    next(folder.glob("*.wandb")).with_suffix(".wandb.synced").touch()  # as `wandb sync` does
    judge_again(place / ".labhand", 2 * GAIN)
    assert "1 updated" in exporting.export()
    assert len([*place.glob("wandb/offline-run-*-e0001")]) == 2
    assert "0 updated" in exporting.export()
    return started


def start_trackio(programs: Path, place: Path) -> Started:
    """A database that trackio reads."""
    folder = {"TRACKIO_DIR": str(place / "trackio")}
    return check(Exporting(programs, place, ("trackio",), (READ_TRACKIO, ""), folder))


def start_mlflow(programs: Path, place: Path) -> Started:
    """A real tracking server on loopback, of an environment of its own, that MLflow's client reads."""
    server = installed("mlflow>=3,<4", place.parent / "server")
    with tracking_server(server, place.parent / "data") as address:
        exporting = Exporting(programs, place, ("mlflow", "--to", address), (READ_MLFLOW, address))
        started = check(exporting)
    login = address.replace("://", "://reader:secret@")
    refused = exporting._replace(words=("mlflow", "--to", login)).refused()  # nothing listens there any more
    assert f"The MLflow server at {address} gave no usable answer" in refused, refused
    assert "secret" not in refused, refused
    return started


@contextmanager
def tracking_server(programs: Path, data: Path) -> Generator[str]:
    """An MLflow server with a database of its own; gives its address."""
    data.mkdir()
    with closing(create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stores = ["--backend-store-uri", "sqlite:///runs.db", "--artifacts-destination", "artifacts"]
    # Its jobs have nothing to do with runs, and start three more processes that load all of MLflow.
    unused = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    environment = {**os.environ, **unused, "PATH": f"{programs}:{os.environ['PATH']}"}
    log = (data / "log.txt").open("w", encoding="utf-8")
    with (
        log,
        subprocess.Popen(
            [programs / "python", "-m", "mlflow", *words, *stores], cwd=data, env=environment, stdout=log, stderr=log
        ) as process,
    ):
        try:
            anyio.run(until, lambda: "Application startup complete" in (data / "log.txt").read_text("utf-8"), START_SECONDS)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
