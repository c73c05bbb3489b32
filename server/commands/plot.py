"""`labhand plot`: what the tool `plot` draws, in a file, and its caption."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ..domain import Picture
from ..errors import BadInputError
from ..lab.analysis import plots
from ..lab.analysis.plots import RenderedPlot
from ..lab.lab import Lab
from ..lab.sanitize import clean
from .console import err, exit_on_error, out, print_json, working
from .show import with_lab

STDOUT = Path("-")
PNG = ".png"


def plot(
    root: Path,
    what: Picture,
    ids: Sequence[str],
    gpu: str | None,
    metric: str | None,
    file: Path | None,
    *,
    text_only: bool,
    as_json: bool,
) -> None:
    """Draw a plot, write it to a file, and print its caption.

    Args:
        root: The lab's folder.
        what: Which plot.
        ids: Experiments, grids, ranges; empty for all.
        gpu: Only experiments that asked for this kind of device.
        metric: See `plots.plot`.
        file: Where the PNG goes: a file, or `-` for standard output. By default a file of the plot's name.
        text_only: Print the plot in characters, and write no file.
        as_json: Print the caption and the file as JSON.
    """
    target = file or Path(f"{what}{PNG}")
    with exit_on_error():
        if not text_only:
            _refuse_bad_target(target)

    async def draw(lab: Lab) -> RenderedPlot:
        return await plots.plot(lab, what, list(ids) or None, gpu, metric)

    with working(f"Drawing {what}"):
        drawn = with_lab(root, draw)
    if target == STDOUT and not text_only:
        sys.stdout.buffer.write(drawn.png)
        err.print(drawn.caption, markup=False, soft_wrap=True)
        return
    if not text_only:
        with exit_on_error():
            _write(target, drawn.png)
    if text_only and not as_json:
        out.print("\n".join(clean(line) for line in drawn.text.split("\n")), markup=False)
    if as_json:
        print_json(
            {"what": what, "caption": drawn.caption} | ({"text": drawn.text} if text_only else {"file": str(target.resolve())})
        )
        return
    out.print(drawn.caption, markup=False)
    if not text_only:
        err.print(f"Wrote {target}", markup=False, soft_wrap=True)


def _refuse_bad_target(target: Path) -> None:
    """Refuse a file that can't be written, before a plot is drawn for it.

    Raises:
        BadInputError: It can't.
    """
    if target == STDOUT:
        if sys.stdout.isatty():
            raise BadInputError(
                "A PNG file is nothing for a terminal", "Redirect it to a file, or name the file: --output FILE"
            )
        return
    if target.suffix.lower() != PNG:
        raise BadInputError(f"{target} doesn't end in {PNG}, and plots are PNG files", f"Name it {target.with_suffix(PNG)}")
    if not target.parent.is_dir():
        raise BadInputError(f"There is no folder {target.parent}", "Make it, or name another file with --output")


def _write(target: Path, png: bytes) -> None:
    try:
        target.write_bytes(png)
    except OSError as error:
        raise BadInputError(f"{target} can't be written: {error}", "Name another file with --output") from error
