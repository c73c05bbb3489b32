"""What the sandbox or the machine refuses is told apart from the source's own errors, with the setting that would allow it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from labhand.trainer.sandbox import landlock, private_shm, seccomp

from ...running import OUTPUT_TRAINER, lay_out

needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
needs_filter = pytest.mark.skipif(not seccomp.is_possible(), reason="this machine's system calls aren't known")
needs_shm = pytest.mark.skipif(not private_shm.can_be_private(), reason="shared memory can't be private here")


def failure_of(tmp_path: Path, train: str, sandbox: str = "") -> dict[str, Any]:
    run = lay_out(tmp_path / "e0001-1", f"{OUTPUT_TRAINER}\n[sandbox]\n{sandbox}", train)
    run.environment["LABHAND_CACHE"] = str(tmp_path / "cache")
    failure: dict[str, Any] = run.run()["failure"]
    return failure


@needs_filter
@pytest.mark.parametrize(
    "train",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import socket; socket.socket().connect(('10.0.0.1', 80))",
        "import socket; socket.getaddrinfo('huggingface.co', 443)",
        "import urllib.request; urllib.request.urlopen('http://example.org')",
    ],
)
def test_a_refused_socket_or_name_is_told_as_the_network_that_a_person_can_allow(tmp_path: Path, train: str) -> None:
    failure = failure_of(tmp_path, train)
    assert failure["kind"] == "sandbox_refused"
    assert "the sandbox refused the network" in failure["message"]
    assert "set network = true under [sandbox]" in failure["next_step"]


def written(path: Path, text: str) -> Path:
    """A file in a new folder."""
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return path


@needs_landlock
@pytest.mark.parametrize("train", ["open({path!r})", "open({path!r} + '.new', 'w')", "import os; os.listdir({folder!r})"])
def test_a_path_outside_of_the_copy_is_told_with_the_line_that_opens_it(tmp_path: Path, train: str) -> None:
    secret = written(tmp_path / "data" / "tokens.bin", "")
    failure = failure_of(tmp_path, train.format(path=str(secret), folder=str(secret.parent)))
    assert failure["kind"] == "sandbox_refused"
    assert f"the sandbox refused {secret.parent}" in failure["message"]
    assert f'read = ["{secret.parent}"] under [sandbox]' in failure["next_step"]


@needs_landlock
def test_a_program_that_a_shell_found_outside_is_told_with_its_path(tmp_path: Path) -> None:
    program = written(tmp_path / "shims" / "pythonic", "#!/bin/sh\necho loss: 1\n")
    program.chmod(0o755)
    trainer = OUTPUT_TRAINER.replace('command = ["python", "train.py"]', 'command = ["sh", "-c", "pythonic train.py"]')
    assert trainer != OUTPUT_TRAINER
    run = lay_out(tmp_path / "runs" / "e0001-1", trainer, "")
    run.environment["LABHAND_CACHE"] = str(tmp_path / "cache")
    run.environment["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    failure = run.run()["failure"]
    assert failure["kind"] == "sandbox_refused"
    assert f"the sandbox refused the program {program}" in failure["message"]
    assert f'read = ["{program.parent}"] under [sandbox]' in failure["next_step"]


@needs_landlock
def test_the_line_that_a_refusal_names_opens_the_path(tmp_path: Path) -> None:
    secret = written(tmp_path / "data" / "tokens.bin", "7")
    run = lay_out(
        tmp_path / "runs" / "e0001-1",
        f'{OUTPUT_TRAINER}\n[sandbox]\nread = ["{secret.parent}"]',
        f"print('loss:', open({str(secret)!r}).read())",
    )
    run.environment["LABHAND_CACHE"] = str(tmp_path / "cache")
    assert run.run()["score"] == 7


def test_a_file_beyond_the_limit_is_told_with_the_limit_and_its_setting(tmp_path: Path) -> None:
    train = "open('large', 'wb').write(bytes(2 << 20))"
    failure = failure_of(tmp_path, train, "file_gib = 0.001")
    assert failure["kind"] == "sandbox_refused"
    assert "refused a file of more than 0.001 GiB" in failure["message"]
    assert "set file_gib under [sandbox]" in failure["next_step"]


@needs_shm
def test_a_full_shared_memory_is_told_with_its_size(tmp_path: Path) -> None:
    train = "import os; os.posix_fallocate(os.open('/dev/shm/batch', os.O_CREAT | os.O_RDWR), 0, 1 << 45)"
    failure = failure_of(
        tmp_path,
        f"try:\n    {train}\nexcept OSError as error:\n    error.filename = '/dev/shm/batch'\n    raise",
        "file_gib = 1e6",
    )
    assert failure["kind"] == "sandbox_refused"
    assert "shared memory (/dev/shm) is full or closed: it has" in failure["message"]
    assert "num_workers=0" in failure["next_step"]


def test_a_missing_package_is_told_with_the_interpreter_that_lacks_it(tmp_path: Path) -> None:
    failure = failure_of(tmp_path, "import torchvision_of_tomorrow.nn")
    assert failure["kind"] == "import_error"
    assert f"torchvision_of_tomorrow isn't installed for {sys.executable}" in failure["message"]
    assert "-m pip install torchvision_of_tomorrow" in failure["next_step"]


@pytest.mark.parametrize(
    ("train", "kind"),
    [
        ("raise PermissionError('no')", "crashed"),
        ("open('mine', 'w').close(); import os; os.chmod('mine', 0); open('mine')", "crashed"),
        ("open('/nowhere/at/all')", "crashed"),
        ("from json import nothing", "import_error"),
        ("raise ConnectionError('the loss is not connected')", "crashed"),
    ],
)
def test_the_sources_own_errors_stay_its_own(tmp_path: Path, train: str, kind: str) -> None:
    failure = failure_of(tmp_path, train)
    assert failure["kind"] == kind
    assert "A person" not in failure["next_step"]
    assert "sandbox" not in failure["message"]


def test_where_the_network_is_allowed_its_errors_are_the_sources_own(tmp_path: Path) -> None:
    failure = failure_of(tmp_path, "import socket; socket.create_connection(('127.0.0.1', 9))", "network = true")
    assert failure["kind"] == "crashed"
