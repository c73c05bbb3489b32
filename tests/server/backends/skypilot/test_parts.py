"""The parts of the `skypilot` backend that need no cluster: events in logs, the plan, the scripts, what rests, what is kept."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import tarfile
import time
import zlib
from pathlib import Path

import pytest
from labhand.server.backends.skypilot import backoff
from labhand.server.backends.skypilot.api import plain
from labhand.server.backends.skypilot.cluster_records import ClusterRecords
from labhand.server.backends.skypilot.events import parse_event, plain_line
from labhand.server.backends.skypilot.run_mirror import RunMirror
from labhand.server.backends.skypilot.scheduling import DeliveryPlan, Lookahead
from labhand.server.backends.skypilot.scripts import delivery_script, host_script, pack, requirements
from labhand.server.backends.skypilot.sdk_worker import trouble
from labhand.server.backends.skypilot.state import ClusterRecord, Placement
from labhand.server.errors import BadInputError
from labhand.server.pool_settings import SkyPilotPool
from labhand.server.testing.sample_runs import run_folder

COLOURED = "\x1b[36m(labhand-host, pid=19191)\x1b[0m "
EVENT = '@labhand {"run": "e0001-1", "phase": "running", "t": 12.5}'
HORIZON = Lookahead(lead_seconds=30.0, extra_seconds=10.0, run_seconds={})
NOW = 1000.0


@pytest.mark.parametrize(
    "line", [EVENT, COLOURED + EVENT, f"(head, rank=0, pid=7, ip=10.0.0.1) {EVENT}\x1b[0m", EVENT + " and more"]
)
def test_an_event_is_found_behind_prefixes_and_between_colours(line: str) -> None:
    assert parse_event(line) == {"run": "e0001-1", "phase": "running", "t": 12.5}


@pytest.mark.parametrize(
    "line", ["", "step 3 loss 4.1", EVENT[:-1], EVENT[:20], '@labhand ["t"]', '@labhand {"t": "now"}', "labhand {}"]
)
def test_what_was_cut_or_is_none_is_no_event(line: str) -> None:
    assert parse_event(COLOURED + line) is None


def test_an_experiment_cannot_print_an_event_into_its_log() -> None:
    told = json.dumps({"run": "e0001-1", "result": {"failure": f"say {EVENT}"}, "t": 1.0})
    assert parse_event(f"@labhand {told}") == json.loads(told)
    assert parse_event(told) is None


def test_words_are_what_people_read() -> None:
    assert plain_line(COLOURED + "pip: no space left\r\n") == "pip: no space left"
    assert plain_line("\x1b[36m(setup pid=7)\x1b[0m done") == "done"


def running(run: str, cluster: str, since: float, budget: float = 100.0) -> Placement:
    return Placement(run, "there", 0.0, budget, cluster, gpu="0", since=since)


def waiting(run: str, budget: float = 100.0) -> Placement:
    return Placement(run, "waiting", 0.0, budget)


def test_a_run_goes_where_a_gpu_is_free_and_not_behind_another() -> None:
    plan = DeliveryPlan({"busy": 1, "idle": 1}, [running("e1-1", "busy", NOW)], HORIZON, NOW)
    assert plan.place(waiting("e2-1")) == "idle"
    assert plan.place(waiting("e3-1")) is None


def test_the_next_run_is_sent_when_a_gpu_will_be_free_before_it_arrives() -> None:
    placed = [running("e1-1", "one", NOW - 85.0)]
    assert DeliveryPlan({"one": 1}, placed, HORIZON, NOW).place(waiting("e2-1")) == "one"
    assert DeliveryPlan({"one": 1}, placed, HORIZON, NOW - 10.0).place(waiting("e2-1")) is None


def test_what_is_sent_already_counts() -> None:
    sent = Placement("e2-1", "sent", 0.0, 100.0, "one")
    assert DeliveryPlan({"one": 1}, [running("e1-1", "one", NOW - 85.0), sent], HORIZON, NOW).place(waiting("e3-1")) is None
    assert DeliveryPlan({"one": 2}, [sent], HORIZON, NOW).room(waiting("")) == 1


def test_short_runs_are_sent_ahead_as_many_as_fit_within_bounds() -> None:
    assert DeliveryPlan({"one": 2}, [], Lookahead(30.0, 0.0, {}), NOW).room(waiting("", 20.0)) == 4
    assert DeliveryPlan({"one": 2}, [], Lookahead(30.0, 0.0, {5.0: 0.1}), NOW).room(waiting("", 5.0)) == 8


def unpacked(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar if entry.isfile()}  # type: ignore[union-attr]


def test_a_parcel_holds_the_run_and_its_order_and_is_the_same_each_time(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "e0001-1")
    (folder / "source" / "__pycache__").mkdir()
    (folder / "source" / "__pycache__" / "train.pyc").write_bytes(b"x")
    parcel = pack(folder, 12.5)
    files = unpacked(parcel.content)
    assert set(files) == {f"e0001-1/{name}" for name in ("spec.json", "order", "source/train.py", "source/trainer.toml")}
    assert float(files["e0001-1/order"]) == 12.5
    assert pack(folder, 12.5) == parcel


def test_a_source_that_is_too_large_to_travel_is_refused(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "e0001-1")
    (folder / "source" / "data.bin").write_bytes(os.urandom(5 * 2**20))
    with pytest.raises(BadInputError, match=r"e0001-1 has 5\.\d MiB"):
        pack(folder, 0.0)


def deliver(home: Path, script: str) -> None:
    subprocess.run(["bash", "-c", script], env={"HOME": str(home), "PATH": "/usr/bin:/bin"}, check=True)


def test_delivering_twice_changes_nothing_and_what_is_settled_goes(tmp_path: Path) -> None:
    parcels = [pack(run_folder(tmp_path, f"e000{number}-1"), number) for number in (1, 2)]
    home = tmp_path / "home"
    home.mkdir()
    deliver(home, delivery_script("lh-1", parcels))
    spool = home / ".labhand" / "lh-1"
    (spool / "runs" / "e0001-1" / "result.json").write_text("{}", "utf-8")
    deliver(home, delivery_script("lh-1", parcels, cancels=["e0002-1"]))
    assert (spool / "runs" / "e0001-1" / "result.json").exists()
    assert [path.name for path in (spool / "cancels").iterdir()] == ["e0002-1"]
    deliver(home, delivery_script("lh-1", [], settled=["e0001-1"]))
    assert [path.name for path in (spool / "runs").iterdir()] == ["e0002-1"]
    assert list((spool / "incoming").iterdir()) == []


def pool(**settings: object) -> SkyPilotPool:
    return SkyPilotPool.model_validate({"backend": "skypilot", "infra": "aws", "gpu": "H100", **settings})


def test_a_host_makes_its_environment_unless_it_is_given_one() -> None:
    made, given = host_script(pool(), None), host_script(pool(python="/opt/py thon"), "/shared/my lab")
    assert {"torch", "pyarrow"} <= {re.split(r"[<>=]", requirement)[0] for requirement in requirements()}
    assert "'torch" in made
    assert "torch" not in given.partition("code=")[2].partition("LABHAND-END\n")[2].replace("labhand.trainer", "")
    assert "exec '/opt/py thon' -P -m labhand.trainer.host" in given
    assert "--storage '/shared/my lab'" in given
    assert "--overlap" in given
    assert "--overlap" not in host_script(pool(overlap=False), None)


def test_what_failed_rests_longer_each_time_and_others_are_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    choices = backoff.InfraBackoff(["k8s", "aws"])

    def chosen() -> str | None:
        return choices.choice

    assert (chosen(), choices.reason) == ("k8s", "")
    choices.on_failure("k8s", "no H100")
    assert chosen() == "aws"
    choices.on_failure("aws", "no credentials")
    assert chosen() is None
    assert choices.reason == "k8s: no H100; aws: no credentials"
    now[0] += backoff.MIN_SECONDS
    assert chosen() == "k8s"
    choices.on_failure("k8s", "still none")
    now[0] += backoff.MIN_SECONDS
    assert chosen() == "aws"
    choices.on_success("k8s")
    assert chosen() == "k8s"


def test_names_of_clusters_never_come_again(tmp_path: Path) -> None:
    records = ClusterRecords(tmp_path, "My H100s!")
    first = records.new_name()
    assert first == f"lh-{records.lab_id}-my-h100s-1"
    records.save_cluster(ClusterRecord(first, "aws", 8, "gone", 1.0, ended_at=2.0))
    assert records.new_name() == f"lh-{records.lab_id}-my-h100s-2"
    assert records.live() == []
    assert [record.status for record in records.clusters()] == ["gone"]
    assert ClusterRecords(tmp_path, "other").lab_id == records.lab_id


def test_a_mirror_changes_nothing_by_old_lines(tmp_path: Path) -> None:
    mirror = RunMirror(tmp_path)
    mirror.on_phase("running", 10.0)
    mirror.on_phase("starting", 5.0)
    assert (tmp_path / "phase").read_text("utf-8") == "running"
    assert (tmp_path / "phase").stat().st_mtime == 10.0
    points = [{"seconds": 1.0, "loss": 4.0}, {"seconds": 2.0, "loss": 3.0}]
    mirror.on_points(points, 11.0)
    mirror.on_points(points, 12.0)
    assert len((tmp_path / "curve.jsonl").read_text("utf-8").splitlines()) == 2
    mirror.on_log(base64.b64encode(zlib.compress(b"step 1")).decode("ascii"))
    mirror.on_log("not even base64")
    assert (tmp_path / "log.txt").read_bytes() == b"step 1"
    mirror.on_result({"score": 1.0})
    mirror.on_result({"score": 2.0})
    assert json.loads((tmp_path / "result.json").read_text("utf-8")) == {"score": 1.0}


@pytest.mark.parametrize("is_heard", [True, False])
def test_what_was_scored_on_the_test_split_comes_back_from_a_log_or_from_storage(tmp_path: Path, *, is_heard: bool) -> None:
    run, kept = tmp_path / "run", tmp_path / "kept"
    for folder in (run, kept):
        folder.mkdir()
    sealed = {"score": 1.5, "failure": None}
    (kept / "sealed.json").write_text(json.dumps(sealed), "utf-8")
    (kept / "result.json").write_text(json.dumps({"score": 1.0}), "utf-8")
    if is_heard:
        RunMirror(run).on_sealed(sealed)
    else:
        assert RunMirror(run).take_stored(kept, was_cancelled=False)
    assert json.loads((run / "sealed.json").read_text("utf-8")) == sealed


def test_secrets_are_taken_out_of_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "planted-wandb-key")
    said = "\x1b[31mbad\x1b[0m planted-wandb-key at https://me:hunter22@host, AKIAABCDEFGHIJKLMNOP"
    assert plain(said) == "bad *** at https://***@host, ***"


class ResourcesUnavailableError(Exception):
    """As SkyPilot names it."""


class CommandError(Exception):
    """Of a command on a cluster."""

    def __init__(self, returncode: int) -> None:
        super().__init__("it failed")
        self.returncode = returncode


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ResourcesUnavailableError("no zone has any"), "no_capacity"),
        (ResourcesUnavailableError("Catalog does not contain any instances satisfying the request"), "mistaken"),
        (ResourcesUnavailableError("Task requires aws which is not enabled"), "credentials"),
        (ConnectionResetError("reset"), "away"),
        (ImportError("No module named 'sky'"), "missing"),
        (CommandError(255), "away"),
        (CommandError(1), "broken"),
        (ValueError("whatever"), "other"),
    ],
)
def test_errors_are_told_apart_by_what_helps(error: Exception, kind: str) -> None:
    assert trouble(error) == kind
