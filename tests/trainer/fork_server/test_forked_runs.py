"""What a script sees in a fork of the server is what it sees in a new interpreter, and a run leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from labhand.trainer.contract.run_folder import RunFolder as LabRunFolder
from labhand.trainer.contract.starting.fork_server import ForkServer, is_served
from labhand.trainer.sandbox.processes import children, descendants

from ..running import OUTPUT_TRAINER, RunFolder, core_of_this_worker, eventually, is_alive, lay_out

pytestmark = pytest.mark.slow

IS_FORK = 'print("fork" if len(open("/proc/self/cmdline").read().split("fork_server.server")) > 1 else "new")\n'
FACTS = """
import atexit, json, logging, multiprocessing, os, random, resource, signal, sys, tempfile, threading, warnings
import numpy as np
import torch

class Model:
    pass

def double(x):
    with open("train.py") as file:
        return 2 * x, len(file.readline()), Model.__module__

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        spawned = pool.map(double, [21])
    with multiprocessing.get_context("fork").Pool(1) as pool:
        forked = pool.map(double, [21])
    atexit.register(print, "at exit")
    print("FACTS", json.dumps({
        "argv": sys.argv, "original": sys.orig_argv, "path": sys.path[0], "file": __file__,
        "main": sys.modules["__main__"].Model is Model,
        "cwd": os.getcwd(), "environment": {name: value for name, value in os.environ.items() if name != "LABHAND_SESSION"},
        "threads": [torch.get_num_threads(), threading.active_count()], "affinity": sorted(os.sched_getaffinity(0)),
        "temporary": tempfile.gettempdir(), "random": torch.manual_seed(7).initial_seed() + torch.rand(()).item(),
        "handlers": [str(signal.getsignal(number)) for number in (2, 10, 14, 15, 17)],
        "files": sorted(os.listdir("/proc/self/fd"))[:3],
        "limits": [resource.getrlimit(number) for number in range(16)], "hash": hash("labhand"),
        "session": os.getsid(0) == os.getpid(), "logging": logging.getLogger().level, "warnings": len(warnings.filters) > 0,
        "unbuffered": sys.stdout.write_through, "encoding": sys.stdout.encoding, "spawned": spawned, "forked": forked,
    }))
    print("loss: 1.5")
"""
TORCH = "import torch\n"


@pytest.fixture
def server(fork_server: ForkServer) -> ForkServer:
    return fork_server


def make(folder: Path, train: str, trainer: str = OUTPUT_TRAINER, **spec: object) -> RunFolder:
    return lay_out(folder, trainer, train, cores=[core_of_this_worker()], budget_seconds=60.0, **spec)


def forked_and_new(
    tmp_path: Path, server: ForkServer, train: str, trainer: str = OUTPUT_TRAINER
) -> tuple[RunFolder, RunFolder]:
    """Run a trainer once by the server and once in a new process."""
    forked, new = make(tmp_path / "forked" / "e0001-1", train, trainer), make(tmp_path / "new" / "e0001-1", train, trainer)
    forked.run_by(server)
    new.run()
    return forked, new


def plain(run: RunFolder) -> str:
    """Its log, without what names its place."""
    return run.log().replace(str(run.path), "RUN")


def test_a_script_finds_what_it_would_find_in_a_new_interpreter(tmp_path: Path, server: ForkServer) -> None:
    trainer = OUTPUT_TRAINER.replace('"train.py"]\n[', '"./train.py", "--fast", "2"]\n[')
    forked, new = forked_and_new(tmp_path, server, FACTS, trainer)

    first, last = [facts_of(run) for run in (forked, new)]
    assert last["argv"] == ["./train.py", "--fast", "2"]
    assert last["spawned"] == [[42, 1, "__mp_main__"]]
    assert first == last
    assert plain(forked).splitlines()[-1] == plain(new).splitlines()[-1] == "at exit"
    assert forked.result()["score"] == new.result()["score"] == 1.5


def facts_of(run: RunFolder) -> dict[str, Any]:
    line = next(line for line in plain(run).splitlines() if line.startswith("FACTS "))
    facts: dict[str, Any] = json.loads(line.removeprefix("FACTS "))
    return facts


@pytest.mark.parametrize(
    "code",
    [
        "def inner():\n    raise ValueError('too bad')\n\ninner()\n",
        "import sys\nprint('loss: 2.0')\nsys.exit('no more')\n",
        "import sys\nprint('loss: 2.0')\nsys.exit(3)\n",
        "import sys\nprint('loss: 2.0')\nsys.exit(0)\n",
        "import os\nprint('loss: 2.0')\nos._exit(0)\n",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n",
        "class A:\n  def f(self:\n    pass\n",
        "open('kept', 'w').write('whole')\nheld = open('held', 'w')\nheld.write('flushed')\nprint('loss: 2.0')\n",
    ],
)
def test_a_script_ends_as_it_would_in_a_new_interpreter(tmp_path: Path, server: ForkServer, code: str) -> None:
    forked, new = forked_and_new(tmp_path, server, IS_FORK + TORCH + code)

    assert plain(forked).replace("fork\n", "new\n", 1) == plain(new)
    first, last = forked.result(), new.result()
    assert first["status"] == last["status"]
    assert first["score"] == last["score"]
    assert kind_and_lines(first) == kind_and_lines(last)
    assert [path.name for path in sorted(forked.work.glob("*"))] == [path.name for path in sorted(new.work.glob("*"))]
    assert [path.read_text() for path in forked.work.glob("held")] == [path.read_text() for path in new.work.glob("held")]


def kind_and_lines(result: dict[str, Any]) -> tuple[str, list[str]] | None:
    failure = result["failure"]
    lines = [re.sub(r"/\S*/e0001-1", "RUN", line) for line in failure["lines"]] if failure else []
    return (failure["kind"], [line for line in lines if line not in {"fork", "new"}]) if failure else None


def test_loading_torch_leaves_no_file_and_the_caches_of_a_fork_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    server = ForkServer(sys.executable, cores=1)
    cache = "from torch._dynamo.package import DynamoCache\nprint('CACHE', DynamoCache.path_prefix())\nprint('loss: 1')\n"
    run = make(tmp_path / "e0001-1", IS_FORK + TORCH + cache)
    assert run.run_by(server)["status"] == "succeeded", run.log()
    assert run.log().splitlines()[:2] == ["fork", f"CACHE {run.path / 'tmp' / 'torchinductor_cache_dir' / 'dynamo'}"]
    assert list((tmp_path / "temporary").iterdir()) == []
    server.close()


def test_a_run_of_two_cores_computes_with_two_threads(tmp_path: Path) -> None:
    cores = sorted(os.sched_getaffinity(0))[:2]
    counted = "torch.get_num_threads(), len(os.listdir('/proc/self/task'))"
    square = "np.ones((600, 600))"
    code = (
        f"{IS_FORK}{TORCH}import os\nimport numpy as np\nx = torch.ones(600, 600)\n"
        f"total = (x @ x).sum().item() + ({square} @ {square}).sum()\nprint('COUNTED', {counted})\nprint('loss:', total)\n"
    )
    server = ForkServer(sys.executable, cores=len(cores))
    logs = list[str]()
    for name in ("e0001-1", "e0002-1"):
        run = lay_out(tmp_path / name, OUTPUT_TRAINER, code, cores=cores, budget_seconds=60.0)
        assert (run.run_by(server) if name == "e0001-1" else run.run())["score"] == 2 * 600.0**3
        logs.append(run.log())
    server.close()
    assert logs[0].startswith(f"fork\nCOUNTED {len(cores)} ")
    assert logs[0].replace("fork", "new") == logs[1]


def test_what_nobody_seeds_differs_from_run_to_run(tmp_path: Path, server: ForkServer) -> None:
    imports, drawing = "import random\nimport numpy as np\n", "random.random(), np.random.rand(), torch.rand(()).item()"
    code = f"{TORCH}{imports}print('DRAWN', {drawing})\nprint('loss: 1')\n"
    drawn = list[str]()
    for number in range(2):
        run = make(tmp_path / f"e000{number}-1", code)
        run.run_by(server)
        drawn += next(line for line in run.log().splitlines() if line.startswith("DRAWN")).split()[1:]
    assert len(set(drawn)) == 6


@pytest.mark.parametrize(
    ("train", "trainer", "beside"),
    [
        ("# no library\n" + IS_FORK, OUTPUT_TRAINER, ""),
        (TORCH + "import sympy\nassert sympy.MINE\n" + IS_FORK, OUTPUT_TRAINER, "sympy.py"),
        (TORCH + IS_FORK, OUTPUT_TRAINER + '[environment]\nenv = { OMP_NUM_THREADS = "3" }\n', ""),
        ('import os\nos.environ["OMP_NUM_THREADS"] = "1"\n' + TORCH + IS_FORK, OUTPUT_TRAINER, ""),
        (TORCH + IS_FORK, OUTPUT_TRAINER.replace('"train.py"]\n[', '"-O", "train.py"]\n['), ""),
    ],
    ids=["loads no torch", "shadows a module", "is given threads", "sets its threads", "has an option of the interpreter"],
)
def test_what_a_fork_could_not_do_runs_in_a_new_interpreter(
    tmp_path: Path, server: ForkServer, train: str, trainer: str, beside: str
) -> None:
    run = make(tmp_path / "e0001-1", train + "print('loss: 1.0')\n", trainer)
    if beside:
        (run.source / beside).write_text("MINE = True\n")
    assert run.run_by(server)["status"] == "succeeded", run.log()
    assert run.log().startswith("new\n")


def test_only_sources_that_load_torch_here_are_served(tmp_path: Path) -> None:
    def served(train: str, trainer: str = OUTPUT_TRAINER) -> bool:
        number = len(list(tmp_path.iterdir()))
        return is_served(lay_out(tmp_path / f"e{number:04}-1", trainer, train).source)

    assert served(TORCH)
    assert served("from labhand.trainer.session import Session\n")
    assert not served("import math\n")
    assert not served("import torchless\n")
    assert not served(f"import os\nos.environ.setdefault('MKL_NUM_THREADS', '1')\n{TORCH}")
    assert served(f"import os\nos.environ['PYTORCH_ALLOC_CONF'] = 'expandable_segments:True'\n{TORCH}")
    assert not served(TORCH, OUTPUT_TRAINER + '[environment]\nrequirements = "requirements.txt"\n')
    assert not served(TORCH, OUTPUT_TRAINER + '[environment]\npython = "/usr/bin/python3"\n')
    assert not served(TORCH, OUTPUT_TRAINER.replace('["python"', '["./own/python"'))
    assert not served(TORCH, "not a table")


LONG = TORCH + "import os, time\nif os.fork() == 0: time.sleep(100)\nprint('begun')\ntime.sleep(100)\n"


def start(run: RunFolder, server: ForkServer) -> int:
    """Start a run, and return its runner's process id once the script has begun."""
    folder = LabRunFolder(run.path)
    assert server.start_runner(folder, ()) is None
    eventually(lambda: (run.path / "log.txt").exists() and "begun" in run.log())
    runner = folder.claimant()
    assert runner is not None
    return runner


def test_a_killed_runner_takes_its_guards_and_the_experiment_with_it(tmp_path: Path, server: ForkServer) -> None:
    runner = start(make(tmp_path / "e0001-1", LONG), server)
    below = list(descendants(runner))
    assert len(below) == 4  # two guards, the script and its child
    os.kill(runner, signal.SIGKILL)
    eventually(lambda: not any(map(is_alive, below)))


def test_a_cancelled_run_leaves_no_process(tmp_path: Path, server: ForkServer) -> None:
    run = make(tmp_path / "e0001-1", LONG)
    runner = start(run, server)
    below = list(descendants(runner))
    os.kill(runner, signal.SIGTERM)
    eventually(lambda: not is_alive(runner))
    assert run.result()["status"] == "cancelled"
    eventually(lambda: not any(map(is_alive, below)))


def test_a_run_ignores_and_blocks_no_signal_because_the_lab_does(tmp_path: Path) -> None:
    """A shell that starts a lab in the background of a script lets it ignore SIGINT."""
    seen = "print(signal.getsignal(2), signal.pthread_sigmask(0, ()))\nprint('begun')\n"
    script = f"import signal, time, torch\n{seen}time.sleep(100)\n"
    run, server = make(tmp_path / "e0001-1", IS_FORK + script), ForkServer(sys.executable, cores=1)
    handler, mask = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        runner = start(run, server)
    finally:
        signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    os.kill(runner, signal.SIGTERM)
    eventually(lambda: not is_alive(runner))
    server.close()
    assert run.log().startswith("fork\n<built-in function default_int_handler> set()\n")
    assert run.result()["status"] == "cancelled"


def test_runs_go_on_when_the_server_ends_and_the_next_one_starts_a_new_server(tmp_path: Path) -> None:
    server, others = ForkServer(sys.executable, cores=1), children(os.getpid())
    runner = start(make(tmp_path / "e0001-1", LONG), server)
    (pid,) = set(children(os.getpid())) - set(others)
    os.kill(pid, signal.SIGKILL)
    assert is_alive(runner)

    again = make(tmp_path / "e0002-1", IS_FORK + TORCH + "print('loss: 1')\n")
    assert again.run_by(server)["status"] == "succeeded"
    assert again.log().startswith("fork\n")
    server.close()
    assert is_alive(runner)
    os.kill(runner, signal.SIGTERM)
    eventually(lambda: not is_alive(runner))


def test_without_a_server_that_works_runners_are_new_processes(tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "python"
    broken.parent.mkdir()
    broken.write_text(f'#!/bin/sh\ncase "$*" in *fork_server*) exit 1;; esac\nexec {sys.executable} "$@"\n')
    broken.chmod(0o755)
    server = ForkServer(str(broken), cores=1)
    run = make(tmp_path / "e0001-1", TORCH + "print('loss: 1')\n")
    pid = server.start_runner(LabRunFolder(run.path), ())
    assert pid is not None
    assert os.waitpid(pid, 0)[1] == 0
    assert run.result()["status"] == "succeeded"
    server.close()
