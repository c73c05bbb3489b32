"""A guard whose command is `python SCRIPT …`: it runs the script in a fork of itself, as the interpreter would run it."""

from __future__ import annotations

import builtins
import multiprocessing.process
import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, TracebackType
from typing import NoReturn

from ..sandbox.guard import NOT_STARTED, Guard, GuardSpec


def is_shadowed(script: str) -> bool:
    """Whether a file beside a script has the name of a module that is loaded already: a new interpreter would load the file.

    Args:
        script: Its path; empty where no script is run.
    """
    if not script:
        return False
    beside = [path for path in Path(script).parent.iterdir() if path.suffix == ".py" or path.is_dir()]
    return any(path.stem in sys.modules for path in beside)


def main(arguments: list[str]) -> int:
    """Be the guard of one script; the command is the interpreter, the script and its arguments."""
    spec = GuardSpec.from_arguments(arguments)
    return Guard(spec).stand([partial(_run, spec)])


def _run(spec: GuardSpec, guard: int) -> NoReturn:
    try:
        spec.enter(guard)
    except OSError as error:
        os.write(2, f"{spec.command[0]} could not be started: {error}\n".encode())
        os._exit(NOT_STARTED)
    sys.orig_argv = [*spec.command]
    run_script(spec.command[1:])


def run_script(words: Sequence[str]) -> NoReturn:
    """Run a script as `__main__` in this process.

    Args:
        words: Its path and its arguments.

    Raises:
        SystemExit: Always, with the status that the interpreter would have ended with.
    """
    sys.argv = [*words]
    path = os.path.join(os.getcwd(), words[0])  # noqa: PTH109, PTH118 - as the interpreter writes it, `./` included
    sys.path.insert(0, str(Path(path).resolve().parent))
    main = ModuleType("__main__")
    loader = SourceFileLoader("__main__", path)
    main.__dict__.update(__file__=path, __builtins__=builtins, __annotations__={}, __loader__=loader)
    sys.modules["__main__"] = main
    multiprocessing.process.__dict__["ORIGINAL_DIR"] = str(Path.cwd())  # where it starts new interpreters
    try:
        exec(compile(Path(path).read_bytes(), path, "exec", dont_inherit=True), main.__dict__)  # noqa: S102
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - what the interpreter does with an error that nobody handles
        _report(error, error.__traceback__)
    raise SystemExit(0)


def _report(error: BaseException, trace: TracebackType | None) -> NoReturn:
    """Print a traceback that begins in the script."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)
    raise SystemExit(1) from None
