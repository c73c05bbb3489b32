"""The command line, put together. Each command imports only what it runs, so that `labhand serve` starts fast."""

from __future__ import annotations

from typing import Annotated

import typer

from .command_line import approving, calling, exporting, hooks, reading, serving, setting_up, steering

app = typer.Typer(
    name="labhand",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for commands in (setting_up, serving, reading, calling, steering, approving, exporting, hooks):
    app.add_typer(commands.app)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - takes long

        typer.echo(f"labhand {version('labhand')}")
        raise typer.Exit


@app.callback()
def labhand(
    *,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version", callback=_print_version)
    ] = False,
) -> None:
    """GPUs for a research agent, and a laboratory that can't fool itself.

    Exit code 2: an argument or a setting can't be used.
    """


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
