"""The commands that export, and their arguments."""

# ruff: noqa: PLC0415 - each command imports only what it runs
from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import Root, lab_root

app = typer.Typer()


@app.command()
def export(
    what: Annotated[
        Literal["branch", "jsonl", "tsv"],
        typer.Argument(help="A git branch of a confirmed source, or all finished experiments as JSON Lines or TSV"),
    ],
    experiment: Annotated[
        str, typer.Argument(help="For a branch: champion, or an experiment that a validation has confirmed")
    ] = "champion",
    *,
    root: Root = None,
    name: Annotated[str, typer.Option("--name", help="The branch's name; by default labhand/ID", show_default=False)] = "",
    repository: Annotated[
        Path | None,
        typer.Option("--repo", help="A checkout of the trainer's folder; by default that folder", show_default=False),
    ] = None,
    patch: Annotated[
        Path | None, typer.Option("--patch", help="Write a patch to this file, instead of a branch", show_default=False)
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file of jsonl and tsv; - for standard output")] = Path(
        "-"
    ),
) -> None:
    """Export a confirmed source as a branch of your repository, or the experiments for other programs.

    The branch's commit has the evidence in its message. The working tree, the index and HEAD stay as they are.
    """
    from ..commands import export as exporting

    of_branch = {"--name": bool(name), "--repo": repository is not None}
    _refuse_unused(
        {"--patch": patch is not None, **of_branch, "an experiment": experiment != "champion"}, what != "branch", what
    )
    _refuse_unused({"--output": output != Path("-")}, what == "branch", what)
    _refuse_unused(of_branch, patch is not None, "--patch")
    if what != "branch":
        exporting.rows(lab_root(root), what, output)
    elif patch is not None:
        exporting.patch(lab_root(root), experiment, patch)
    else:
        exporting.branch(lab_root(root), experiment, name, repository)


def _refuse_unused(given: dict[str, bool], applies: bool, what: str) -> None:  # noqa: FBT001 - a condition
    """Refuse options that would be ignored."""
    for option, is_given in given.items():
        if applies and is_given:
            raise typer.BadParameter(f"{option} has no meaning with {what}")
