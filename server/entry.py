"""The program `labhand`: hooks start without the libraries that the other commands need, which take most of their time."""

# ruff: noqa: PLC0415 - see above
from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_HOOK = "hook"
_MONITOR = "monitor"
_OPTIONS = ("--root", "--as")


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == [_HOOK] and _run_hook(sys.argv[2:]):
        return
    from .main import main as run

    run()


def _run_hook(arguments: Sequence[str]) -> bool:
    """Run a hook; False if the arguments aren't plainly those of one, so that the command line says what is wrong."""
    from .lab.hooks.client_hook import CLIENT, EVENTS, run_hook

    event, *rest = arguments or [""]
    names, values = rest[::2], rest[1::2]
    if event not in {*EVENTS, _MONITOR} or len(names) != len(values) or not set(names) <= set(_OPTIONS):
        return False
    options = dict(zip(names, values, strict=True))
    root = Path(options["--root"]) if "--root" in options else None
    with suppress(BrokenPipeError):
        if event == _MONITOR:
            from .lab.hooks.session_monitor import run_monitor

            run_monitor(root, options.get("--as", CLIENT))
            return True
        run_hook(event, root, options.get("--as", CLIENT))
    return True


if __name__ == "__main__":
    main()
