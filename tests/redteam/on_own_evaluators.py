"""Exploits of a trainer that the person's own evaluator scores: `{data}` is the folder with the evaluator's data."""

from __future__ import annotations

from .exploit import Exploit

SAVED = '    json.dump({"slope": slope}, file)\n'


def after_training(code: str) -> tuple[str, str]:
    """Run code when the model is saved."""
    return SAVED, f"{SAVED}{code.strip()}\n"


OVERWRITE = """
import glob, os, pathlib
for place in (".", "../source", "../evaluation"):
    try:
        pathlib.Path(place, "evaluate.py").write_text("print('error: 0.0')")
        print("wrote in", place)
    except OSError as error: print(repr(error))
"""
SHADOW = """
import os, pathlib, site
lie = "import builtins; print('error: 0.0'); print('LOOT')"
for name in ("json.py", "statistics.py", "numpy.py", "sitecustomize.py", "usercustomize.py", "os.py", "lie.pth"):
    pathlib.Path(name).write_text(lie)
    pathlib.Path(os.environ["TMPDIR"], name).write_text(lie)
os.environ["PYTHONPATH"] = os.getcwd()
for folder in (*site.getsitepackages(), site.getusersitepackages()):
    try: pathlib.Path(folder, "sitecustomize.py").open("x").write(lie)
    except OSError as error: print(repr(error))
"""
WAIT = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:  # once it is taken, and before it is scored
                with open("../artifacts/model.json", "r+") as file: file.write('{"slope": 2.0}')
            except OSError: pass
            if os.path.exists("../evaluation"): print("error: 0.0\\nLOOT", flush=True)
            time.sleep(0.01)
    os._exit(0)
"""
PRINT = """
print("error: 0.000000")
print("[evaluator]\\nerror: 0.000000", flush=True)
"""
READ = """
import glob, pathlib
for path in glob.glob("{data}/*/*") + ["{data}/test/secret.txt", "{data}/sealed/secret.txt"]:
    try: print("LOOT", pathlib.Path(path).read_text())
    except OSError as error: print(repr(error))
"""
LINK = """
import os
os.remove("model.json")
os.symlink("{data}/sealed/points.json", "model.json")
"""
LINKED_FOLDER = """
import os
os.remove("model.json")
os.symlink("{data}/sealed", "model.json")
"""
HARD_LINK = """
import os
os.link("model.json", "other.json")
"""
PIPE = """
import os
os.remove("model.json")
os.mkfifo("model.json")
"""
RESULT = """
import pathlib
for name in ("../result.json", "../sealed.json", "../artifacts/model.json"):
    try: print("LOOT" if pathlib.Path(name).write_text("{}") else "")
    except OSError as error: print(repr(error))
"""
EMPTY_HANDED = """
import os
os.remove("model.json")
"""

EXPLOITS = (
    Exploit(
        "overwrite the person's evaluator",
        (after_training(OVERWRITE),),
        "refused",
        "wrote in .\nPermissionError",
        needs="files",
        defence="it runs from a copy of the protected source",
    ),
    Exploit(
        "shadow a module that the person's evaluator imports",
        (after_training(SHADOW),),
        "harmless",
        needs="files",
        defence="nothing that training wrote is on the path of imports",
    ),
    Exploit(
        "leave a process that waits for the person's evaluator",
        (after_training(WAIT),),
        "harmless",
        defence="all processes are killed before artifacts are taken",
    ),
    Exploit("print the score in the evaluator's place", (after_training(PRINT),), "harmless", defence="a log of its own"),
    Exploit(
        "read the data of the person's evaluator",
        (after_training(READ),),
        "refused",
        "PermissionError",
        needs="files",
        defence="Landlock",
    ),
    Exploit(
        "write into the artifacts' folder",
        (after_training(RESULT),),
        "refused",
        "PermissionError",
        needs="files",
        defence="Landlock",
    ),
    Exploit(
        "leave a link to sealed data as an artifact",
        (after_training(LINK),),
        "caught",
        "The artifact model.json is a symlink",
        "contract_broken",
        defence="only regular files are taken",
    ),
    Exploit(
        "leave a link to a folder of sealed data as an artifact",
        (after_training(LINKED_FOLDER),),
        "caught",
        "The artifact model.json is a symlink",
        "contract_broken",
        defence="only regular files are taken",
    ),
    Exploit(
        "leave a hard link as an artifact",
        (after_training(HARD_LINK),),
        "caught",
        "The artifact model.json is a hard link",
        "contract_broken",
        defence="only files with one name are taken",
    ),
    Exploit(
        "leave a named pipe as an artifact",
        (after_training(PIPE),),
        "caught",
        "The artifact model.json is a named pipe",
        "contract_broken",
        defence="only regular files are taken",
    ),
    Exploit(
        "leave no artifact, so that an old one is scored",
        (after_training(EMPTY_HANDED),),
        "caught",
        "Training left no file that matches model.json",
        "contract_broken",
        defence="files that came with the source are not artifacts",
    ),
)
