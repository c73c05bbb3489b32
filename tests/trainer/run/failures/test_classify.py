"""What a failure says: the line that names the cause, whatever tools print after it."""

from __future__ import annotations

import pytest
from labhand.trainer.run.failures.classify import MAX_LINES, of_exit

TORCHRUN = """step 1
[rank1]: Traceback (most recent call last):
[rank1]:   File "/work/train.py", line 30, in <module>
[rank1]:     raise ValueError("bad batch")
[rank1]: ValueError: bad batch
[rank0]: Traceback (most recent call last):
[rank0]:   File "/work/train.py", line 31, in <module>
[rank0]: RuntimeError: Connection closed by peer
E1128 17:20:01 torch/distributed/elastic/multiprocessing/api.py:882] failed (exitcode: 1) local_rank: 1
Traceback (most recent call last):
  File "torch/distributed/run.py", line 905, in run
    elastic_launch(
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
"""
UNMARKED = "\n".join(line.removeprefix("[rank1]: ") for line in TORCHRUN.splitlines() if not line.startswith("[rank0]"))
"""As processes print it that fail before they have joined the group."""
GCC = """g++ -O2 -o anneal anneal.cpp
anneal.cpp: In function 'int main()':
anneal.cpp:28:19: error: 'settings' was not declared in this scope
   28 |     double heat = settings["HEAT"];
anneal.cpp:40:1: error: expected '}' at end of input
make: *** [Makefile:8: build/anneal] Error 1
"""
RUSTC = """error[E0425]: cannot find value `heat` in this scope
 --> src/main.rs:3:5
error: aborting due to 1 previous error
"""


@pytest.mark.parametrize(
    ("log", "headline"),
    [
        (TORCHRUN, "ValueError: bad batch"),
        (UNMARKED, "ValueError: bad batch"),
        (GCC, "anneal.cpp:28:19: error: 'settings' was not declared in this scope"),
        (RUSTC, "error[E0425]: cannot find value `heat` in this scope"),
        ("loss: 3\nout of patience\n", "out of patience"),
        ("\x1b[31mloss: 3\x1b[0m\n\x1b[1mout\x1b[0m of patience\n", "out of patience"),
    ],
    ids=["torchrun", "before-the-group", "gcc", "rustc", "words", "colours"],
)
def test_the_message_names_the_cause(log: str, headline: str) -> None:
    failure = of_exit(1, log).failure
    assert failure.message == f"The command ended with status 1: {headline}"
    assert headline in failure.lines
    assert len(failure.lines) <= MAX_LINES


def test_lines_of_a_compiler_begin_with_its_first_error() -> None:
    lines = of_exit(2, "\n".join(["note"] * 40) + "\n" + GCC * 5).failure.lines
    assert lines[0].startswith("anneal.cpp:28:19: error:")
