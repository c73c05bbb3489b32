"""The commands that export, and their arguments."""

# ruff: noqa: PLC0415 - each command imports only what it runs
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from .options import Root, lab_root

app = typer.Typer()

_FILES = frozenset({"jsonl", "tsv", "parquet"})
_TRACKERS = frozenset({"mlflow", "wandb", "trackio"})
_BRANCH = frozenset({"branch"})
_MEANING: Mapping[str, frozenset[str]] = {
    "an experiment": _BRANCH,
    "--name": _BRANCH,
    "--repo": _BRANCH,
    "--patch": _BRANCH,
    "--output": _FILES | {"wandb", "trackio"},
    "--to": frozenset({"mlflow"}),
    "--project": _TRACKERS,
}
"""What each option is for."""


@app.command()
def export(
    what: Annotated[
        Literal["branch", "jsonl", "tsv", "parquet", "mlflow", "wandb", "trackio"],
        typer.Argument(
            help="What to export: `branch`; a file (`jsonl`, `tsv`, `parquet`); or runs of a tracker (`mlflow`, `wandb`,"
            " `trackio`)"
        ),
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
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="For jsonl and tsv: the file, by default standard output (-). For parquet: the file, required. For wandb and"
            " trackio: the folder",
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        str, typer.Option("--to", help="The address of MLflow's server; by default MLFLOW_TRACKING_URI", show_default=False)
    ] = "",
    project: Annotated[
        str,
        typer.Option("--project", help="The project in a tracker; by default the name of the lab's folder", show_default=False),
    ] = "",
) -> None:
    """Export a confirmed source as a branch of your repository, or the experiments for other programs.

    The branch's commit has the evidence in its message. The working tree, the index and HEAD stay as they are. An export to a
    tracker updates what has changed since the last one, and adds nothing twice.
    """
    from ..commands import export as exporting

    given = {
        "an experiment": experiment != "champion",
        "--name": bool(name),
        "--repo": repository is not None,
        "--patch": patch is not None,
        "--output": output is not None,
        "--to": bool(to),
        "--project": bool(project),
    }
    _refuse_unused(given, what)
    if patch is not None and (name or repository is not None):
        raise typer.BadParameter(f"{'--name' if name else '--repo'} has no meaning with --patch")
    place = lab_root(root)
    if what in _TRACKERS:
        exporting.tracked(place, what, to, project, output)
    elif what == "parquet":
        exporting.parquet(place, output)
    elif what in _FILES:
        exporting.rows(place, what, output or exporting.STANDARD_OUTPUT)
    elif patch is not None:
        exporting.patch(place, experiment, patch)
    else:
        exporting.branch(place, experiment, name, repository)


def _refuse_unused(given: Mapping[str, bool], what: str) -> None:
    """Refuse options that would be ignored."""
    for option, is_given in given.items():
        if is_given and what not in _MEANING[option]:
            raise typer.BadParameter(f"{option} has no meaning with {what}")
