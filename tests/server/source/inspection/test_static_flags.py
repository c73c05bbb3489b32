from __future__ import annotations

import pytest
from labhand.server.source.inspection.static_flags import flags, kinds

BEFORE = """\
import time
import torch
from labhand.trainer.session import Session

DEPTH = 8
session = Session.connect()
torch.manual_seed(session.seed)
began = time.time()
"""


def added(code: str, path: str = "train.py") -> list[str]:
    """The flags of a source to which this code was added."""
    return flags({"train.py": BEFORE.encode()}, {path: (BEFORE + code).encode()})


def test_what_the_trainer_had_already_is_no_flag() -> None:
    assert added("") == []
    assert added("x = torch.relu(torch.zeros(3))\nfor step in range(9):\n    model.eval()\n    torch.compile(model)\n") == []
    assert added("from labhand.trainer.session import Session as S\ncode = types = signal = 4\ncode.site\n") == []


@pytest.mark.parametrize(
    ("code", "flag"),
    [
        ("torch.manual_seed(1337)", "seed: torch.manual_seed(1337) in train.py"),
        ("torch.cuda.manual_seed_all(7)", "seed: torch.cuda.manual_seed_all(7) in train.py"),
        ("generator.manual_seed(3)", "seed: generator.manual_seed(3) in train.py"),
        ("from torch import manual_seed as m\nm(42)", "seed: m(42) in train.py"),
        ("import numpy as np\nnp.random.default_rng(1)", "seed: np.random.default_rng(1) in train.py"),
        ("import random\nrandom.seed(5)", "seed: random.seed(5) in train.py"),
        ("session.seed = 4", "seed: session.seed is set in train.py"),
        ("SEED = 4", "seed: SEED is set in train.py"),
        ("time.time()", "clock: time.time in train.py"),
        ("import time as t\nt.sleep(1)", "clock: time.sleep in train.py"),
        ("from time import process_time as p\np()", "clock: time.process_time in train.py"),
        ("open('x')", "files: open in train.py"),
        ("from pathlib import Path\nPath('x').read_text()", "files: pathlib.Path in train.py"),
        ("anything().read_bytes()", "files: read_bytes in train.py"),
        ("import numpy\nnumpy.load('x')", "files: numpy.load in train.py"),
        ("x = '/proc/self/environ'", 'files: "/proc" in train.py'),
        ("import os\nos.environ['HOME']", "environment: os.environ in train.py"),
        ("x = f'{y} LABHAND_BUDGET_SECONDS'", 'environment: "LABHAND_" in train.py'),
        ("import subprocess\nsubprocess.run(['ls'])", "process: subprocess.run in train.py"),
        ("import threading\nthreading.Thread()", "process: threading.Thread in train.py"),
        ("import os\nos.fork()", "process: os.fork in train.py"),
        ("import socket\nsocket.socket()", "network: socket.socket in train.py"),
        ("import labhand.trainer.evaluator.evaluate", "evaluator: labhand.trainer.evaluator.evaluate in train.py"),
        (
            "from labhand.trainer.evaluator import scoring as s\ns.nats = 1",
            "evaluator: labhand.trainer.evaluator.scoring.nats in train.py",
        ),
        ("session._channel.send({})", "evaluator: _channel.send in train.py"),
        ("import pickle\npickle.loads(b'')", "pickle: pickle.loads in train.py"),
        ("import gc\ngc.get_objects()", "interpreter: gc.get_objects in train.py"),
        ("import sys\nsys.modules['x']", "interpreter: sys.modules in train.py"),
        ("import inspect\ninspect.stack()", "interpreter: inspect.stack in train.py"),
        ("import ctypes\nctypes.CDLL(None)", "interpreter: ctypes.CDLL in train.py"),
        ("__import__('os')", "interpreter: __import__ in train.py"),
        ("exec('x')", "interpreter: exec in train.py"),
        ("getattr(torch, 'manual' + '_seed')(3)", "interpreter: getattr with a computed name in train.py"),
        ("getattr(torch, 'manual_seed')(3)", "seed: getattr(torch, 'manual_seed') in train.py"),
        ("(lambda: 0).__globals__", "interpreter: __globals__ in train.py"),
    ],
)
def test_what_the_change_adds_is_flagged(code: str, flag: str) -> None:
    assert flag in added(code)


def test_a_call_that_is_made_once_more_is_flagged() -> None:
    assert added("torch.manual_seed(session.seed)") == ["seed: torch.manual_seed(session.seed) in train.py"]


def test_a_new_file_that_python_imports_unasked_or_instead_of_another_is_flagged() -> None:
    for path in ("sitecustomize.py", "torch.py", "lib/random.py", "evil.pth"):
        assert flags({}, {path: b"x = 1\n"}) == [f"interpreter: a file with this name, {path}"]
    assert flags({"random.py": b"x = 1\n"}, {"random.py": b"x = 2\n"}) == []
    assert flags({}, {"layers.py": b"x = 1\n"}) == []


def test_what_is_no_python_or_cannot_be_parsed_has_no_flags() -> None:
    assert flags({}, {"a.txt": b"open('x')", "b.py": b"def (:", "c.py": b"\0", "d.py": b"(" * 100_000}) == []


def test_a_row_has_room_for_the_kinds_alone() -> None:
    assert kinds(["seed: a in b", "seed: c in b", "unseeded", "clock: d in b"]) == ["seed", "unseeded", "clock"]
