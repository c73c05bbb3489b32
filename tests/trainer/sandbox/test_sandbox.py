"""What a process in a sandbox can't do any more, tried by real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from labhand.trainer.sandbox import landlock, private_network, private_shm, seccomp
from labhand.trainer.sandbox.cgroup import ControlGroup, own_group
from labhand.trainer.sandbox.sandbox import Sandbox

SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/proc", "/etc/ld.so.cache", sys.prefix, sys.base_prefix)
TRY = """
import json, os, sys
from labhand.trainer.sandbox.sandbox import Sandbox
Sandbox.from_text(sys.argv[1]).enter()
os.chdir(sys.argv[2])
{body}
"""

needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
needs_private_memory = pytest.mark.skipif(not private_shm.can_be_private(), reason="this container allows no mounts")
needs_filter = pytest.mark.skipif(not seccomp.is_possible(), reason="this machine's system calls aren't known")


def bounds(folder: Path, **different: object) -> Sandbox:
    """A sandbox in which a folder may be changed."""
    usual: dict[str, object] = {
        "landlock": landlock.version(),
        "filtered": seccomp.is_possible(),
        "network": False,
        "loopback": False,
        "shares": False,
        "memory": False,
        "read": (*SYSTEM, str(Path(landlock.__file__).parent)),
        "write": (str(folder),),
        "devices": ("/dev/null",),
        "threads": False,
        "child_threads": False,
        "groups": (),
        "file_bytes": 2**20,
        "memory_bytes": None,
        "processes": None,
    }
    return Sandbox.from_text(json.dumps(usual | different))


def attempt(sandbox: Sandbox, folder: Path, body: str) -> str:
    """What a piece of code says in a sandbox: what it prints, or the error that it ends with."""
    done = subprocess.run(
        [sys.executable, "-c", TRY.format(body=body), sandbox.as_text(), str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout if done.returncode == 0 else done.stderr.splitlines()[-1]


@needs_landlock
@pytest.mark.parametrize(
    ("code", "errors"),
    [
        ("open('../secret').read()", "PermissionError"),
        ("os.listdir('..')", "PermissionError"),
        ("os.symlink('../secret', 'link'); open('link').read()", "PermissionError"),
        ("os.link('../secret', 'link')", "Error"),
        ("os.rename('../secret', 'mine')", "Error"),
        ("open('../new', 'w')", "PermissionError"),
        ("os.truncate('../secret', 0)", "PermissionError"),
        ("open('/proc/self/cwd/../secret').read()", "PermissionError"),
        ("open(f'/proc/{os.getppid()}/environ').read()", "PermissionError"),
        ("open(f'/proc/{os.getppid()}/root/etc/hostname').read()", "PermissionError"),
        ("import subprocess; subprocess.run(['/bin/cat', '../secret'], check=True)", "CalledProcessError"),
    ],
)
def test_files_outside_stay_closed_by_whatever_way(tmp_path: Path, code: str, errors: str) -> None:
    (tmp_path / "secret").write_text("s3cret")
    (tmp_path / "mine").mkdir()
    assert errors in attempt(bounds(tmp_path / "mine"), tmp_path / "mine", code)
    assert (tmp_path / "secret").read_text() == "s3cret"
    assert not (tmp_path / "new").exists()


def test_its_own_folder_and_the_system_stay_open(tmp_path: Path) -> None:
    code = (
        "open('a', 'w').write('x'); os.mkdir('b'); os.rename('a', 'b/a'); import decimal, subprocess; print(open('b/a').read())"
    )
    assert attempt(bounds(tmp_path), tmp_path, code) == "x\n"


@needs_landlock
def test_threads_are_named_only_where_a_gpu_needs_it(tmp_path: Path) -> None:
    code = "import threading; open(f'/proc/self/task/{threading.get_native_id()}/comm', 'w').write('cuda'); print('ok')"
    assert attempt(bounds(tmp_path, threads=True), tmp_path, code) == "ok\n"
    assert "PermissionError" in attempt(bounds(tmp_path), tmp_path, code)
    other = "open(f'/proc/{os.getppid()}/comm', 'w')"
    assert "PermissionError" in attempt(bounds(tmp_path, threads=True), tmp_path, other)


NAME_A_THREAD = "open(f'/proc/self/task/{os.getpid()}/comm', 'w').write('cuda')"
IN_A_CHILD = f"""
import subprocess
code = {f"import os; {NAME_A_THREAD}"!r}
print(subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True).stderr[-400:])
"""
OPEN_FOR_WRITING = """
opened = []
for place, folders, files in os.walk("/proc"):
    folders[:] = [name for name in folders if not (place == "/proc" and name.isdigit())]
    for name in files:
        try:
            os.close(os.open(os.path.join(place, name), os.O_WRONLY | os.O_NONBLOCK))
            opened.append(os.path.join(place, name))
        except OSError:
            pass
print(opened)
"""


@needs_landlock
@needs_private_memory
def test_what_a_command_starts_may_use_cuda_too_and_the_kernels_settings_stay_closed(tmp_path: Path) -> None:
    of_all = bounds(tmp_path, threads=True, child_threads=True, memory=True)
    assert attempt(of_all, tmp_path, IN_A_CHILD) == "\n"
    assert "PermissionError" in attempt(bounds(tmp_path, threads=True, memory=True), tmp_path, IN_A_CHILD)
    assert attempt(of_all, tmp_path, OPEN_FOR_WRITING) == "[]\n"


@needs_landlock
@needs_private_memory
@pytest.mark.parametrize("file", ["mem", "fd/1", "cwd/left", "root/left", "environ"])
def test_the_files_of_processes_outside_stay_closed(tmp_path: Path, file: str) -> None:
    of_all = bounds(tmp_path, threads=True, child_threads=True, memory=True)
    assert "Error" in attempt(of_all, tmp_path, f"open(f'/proc/{{os.getppid()}}/{file}', 'w')")


@pytest.mark.skipif(landlock.version() < 6, reason="this kernel's Landlock doesn't know signals")
def test_no_process_outside_can_be_signalled(tmp_path: Path) -> None:
    assert "PermissionError" in attempt(bounds(tmp_path), tmp_path, "os.kill(os.getppid(), 0)")
    assert attempt(bounds(tmp_path), tmp_path, "os.kill(os.getpid(), 0); print('ok')") == "ok\n"


@needs_filter
@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
        "import socket; socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)",
        "import socket; socket.socket(socket.AF_UNIX).connect('/run/dbus/system_bus_socket')",
        "from labhand.trainer.sandbox.kernel import call; call(425, 8, None)",
        "from labhand.trainer.sandbox.seccomp import _CALLS; from labhand.trainer.sandbox.kernel import call\n"
        "import platform; call(_CALLS['shmget'][platform.machine() == 'aarch64'], 7, 4096, 0o1600)",
    ],
)
def test_the_network_and_what_outlives_a_process_stay_closed(tmp_path: Path, code: str) -> None:
    assert "PermissionError" in attempt(bounds(tmp_path, landlock=0), tmp_path, code)


@pytest.mark.skipif(not landlock.forbids_tcp(landlock.version()), reason="this kernel's Landlock doesn't know TCP")
def test_landlock_alone_forbids_tcp(tmp_path: Path) -> None:
    code = "import socket; socket.socket().connect(('127.0.0.1', 9))"
    assert "PermissionError" in attempt(bounds(tmp_path, filtered=False), tmp_path, code)
    assert "ConnectionRefused" in attempt(bounds(tmp_path, filtered=False, network=True), tmp_path, code)


def test_a_trainer_that_needs_the_network_has_it(tmp_path: Path) -> None:
    code = "import socket; a = socket.create_server(('127.0.0.1', 0)); socket.create_connection(a.getsockname()); print('ok')"
    assert attempt(bounds(tmp_path, network=True, shares=True), tmp_path, code) == "ok\n"


needs_namespace = pytest.mark.skipif(not private_network.can_be_private(), reason="no network namespace is allowed here")
TALK = """
import socket, threading
server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=lambda: server.accept()[0].sendall(b"hello"), daemon=True).start()
with socket.create_connection(server.getsockname()) as client:
    print(client.recv(5).decode(), socket.gethostname())
"""


@needs_namespace
def test_a_loopback_connects_the_processes_of_a_run(tmp_path: Path) -> None:
    assert attempt(bounds(tmp_path, loopback=True), tmp_path, TALK) == "hello localhost\n"
    assert "PermissionError" in attempt(bounds(tmp_path), tmp_path, TALK)


@needs_namespace
@needs_filter
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_loopback_reaches_no_service_of_the_machine(tmp_path: Path, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as service:
        port = service.getsockname()[1]
        code = f"import socket; print(socket.create_connection(({address!r}, {port}), timeout=5).getpeername())"
        outside = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
        assert str(port) in outside.stdout  # the service can be reached, only not from inside
        assert "ConnectionRefusedError" in attempt(bounds(tmp_path, loopback=True), tmp_path, code)


@needs_namespace
@needs_filter
def test_a_loopback_leads_to_no_address_outside_and_to_no_abstract_socket(tmp_path: Path) -> None:
    name = f"\0labhand-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(name)
        service.listen()
        code = f"import socket; socket.socket(socket.AF_UNIX).connect({name!r}); print('connected')"
        assert "connected" not in attempt(bounds(tmp_path, loopback=True, landlock=0), tmp_path, code)
    for outside in ("1.1.1.1", "169.254.169.254", "10.0.0.1"):
        code = f"import socket; socket.create_connection(({outside!r}, 80), timeout=5)"
        assert "Network is unreachable" in attempt(bounds(tmp_path, loopback=True), tmp_path, code)


@needs_namespace
@needs_filter
@pytest.mark.parametrize("kind", ["AF_PACKET, SOCK_RAW", "AF_NETLINK, SOCK_RAW, 12", "AF_VSOCK", "AF_INET, SOCK_RAW, 1"])
def test_a_loopback_opens_no_other_kind_of_socket(tmp_path: Path, kind: str) -> None:
    code = f"from socket import *; socket({kind})"
    assert "PermissionError" in attempt(bounds(tmp_path, loopback=True), tmp_path, code)


def test_a_file_ends_at_its_limit(tmp_path: Path) -> None:
    assert "File too large" in attempt(bounds(tmp_path), tmp_path, "open('a', 'wb').write(bytes(2**21))")
    assert (tmp_path / "a").stat().st_size <= 2**20


def test_memory_ends_at_its_limit(tmp_path: Path) -> None:
    assert "MemoryError" in attempt(bounds(tmp_path, memory_bytes=2**29), tmp_path, "bytearray(2**30)")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has something to lose")
def test_root_is_root_no_more(tmp_path: Path) -> None:
    code = "print(open('/proc/self/status').read())"
    capabilities = [line for line in attempt(bounds(tmp_path), tmp_path, code).splitlines() if line.startswith("Cap")]
    assert {line.split()[1] for line in capabilities} == {"0" * 16}


@pytest.mark.skipif(not private_shm.can_be_private(), reason="shared memory can't be private here")
def test_shared_memory_dies_with_its_process(tmp_path: Path) -> None:
    leave = "from multiprocessing.shared_memory import SharedMemory; print(SharedMemory('left', True, 64).name)"
    assert attempt(bounds(tmp_path, memory=True), tmp_path, leave) == "left\n"
    assert not Path("/dev/shm/left").exists()  # noqa: S108


@pytest.fixture
def group() -> Iterator[ControlGroup]:
    """A control group of this process."""
    with own_group() as made:
        if made is None:
            pytest.skip("no control group can be made here")
        yield made


def test_a_control_group_counts_what_nobody_waits_for(group: ControlGroup, tmp_path: Path) -> None:
    burn = """
import signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
reading, writing = os.pipe()
if os.fork() == 0:
    while time.process_time() < 0.3: pass
    os._exit(0)
os.close(writing)
os.read(reading, 1)
"""
    attempt(bounds(tmp_path, groups=group.entrances), tmp_path, burn)
    assert 0.3 < group.cpu_seconds() < 2


def test_a_control_group_bounds_processes(group: ControlGroup, tmp_path: Path) -> None:
    if not group.limit_processes(10):
        pytest.skip("control groups here can't bound processes")
    bomb = "for _ in range(20):\n    if os.fork() == 0: os.close(writing), os.read(reading, 1), os._exit(0)"
    started = "reading, writing = os.pipe()\n" + bomb
    assert "BlockingIOError" in attempt(bounds(tmp_path, groups=group.entrances), tmp_path, started)
    group.kill()


def test_a_control_group_bounds_memory(group: ControlGroup, tmp_path: Path) -> None:
    if not group.limit_memory(2**28):
        pytest.skip("control groups here can't bound memory")
    with pytest.raises(IndexError):  # killed: it says nothing
        attempt(bounds(tmp_path, groups=group.entrances), tmp_path, "bytearray(2**29)")


def test_a_control_group_ends_what_starts_anew(group: ControlGroup, tmp_path: Path) -> None:
    if not group.limit_processes(50):
        pytest.skip("control groups here can't bound processes")
    code = TRY.format(body="import signal; print('up', flush=True)\nfor _ in range(40): os.fork() or signal.pause()")
    sandbox = bounds(tmp_path, groups=group.entrances)
    bomb = [sys.executable, "-c", code, sandbox.as_text(), str(tmp_path)]
    with subprocess.Popen(bomb, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        group.kill()
        assert process.stdout.read() == b""  # nobody holds the other end any more
        assert process.wait(60) == -signal.SIGKILL


def test_a_fresh_group_is_nobodys_to_remove(group: ControlGroup) -> None:
    """A runner in another container can't be seen, and its group is empty until its experiment starts."""
    folder = next(iter(group.folders.values()))
    unseen = folder.parent / "labhand_run-4194305-1"  # above the highest pid
    unseen.mkdir()
    try:
        with own_group():
            assert unseen.exists()
    finally:
        unseen.rmdir()
