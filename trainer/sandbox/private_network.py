"""A private network: a loopback that connects the processes of one run, and nothing else.

The processes get a network namespace of their own. It has the single interface `lo`, so that no service of the machine on
127.0.0.1, no other run and nothing outside of the machine can be reached, whatever address they connect to.
"""

from __future__ import annotations

import fcntl
import socket
import struct

from .namespaces import NEW_HOST_NAME, NEW_NETWORK, unshare, unshare_with_user, works_in_child

REMEDY = (
    "A person can allow it: as root `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu) or"
    " `sysctl -w user.max_user_namespaces=10000`; for a container, start it with --cap-add SYS_ADMIN, or"
    " with --security-opt seccomp=unconfined. Or set network = true under [sandbox] in trainer.toml, which opens the whole"
    " network."
)
_INTERFACE = b"lo"
_HOST_NAME = "localhost"
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1
_REQUEST = "16sH14x"
"""`struct ifreq`: the interface's name, and its flags."""


def make_private() -> None:
    """Give this process and its descendants a network that has only a loopback.

    Its host name becomes `localhost`: launchers look for each other by the host's name, whose address isn't there any more.

    Raises:
        OSError: The kernel, or the container, doesn't allow that.
    """
    what = NEW_NETWORK | NEW_HOST_NAME
    try:
        unshare(what)
    except PermissionError:
        unshare_with_user(what)
    socket.sethostname(_HOST_NAME)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = fcntl.ioctl(control, _GET_FLAGS, struct.pack(_REQUEST, _INTERFACE, 0))
        flags: int = struct.unpack(_REQUEST, request)[1]
        fcntl.ioctl(control, _SET_FLAGS, struct.pack(_REQUEST, _INTERFACE, flags | _UP))


def can_be_private() -> bool:
    """Whether `make_private` works here, tried in a child process."""

    def attempt() -> bool:
        try:
            make_private()
        except OSError:
            return False
        return True

    return works_in_child(attempt)
