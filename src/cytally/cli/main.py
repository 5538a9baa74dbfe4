"""The command `cytally` and its subcommands."""

from __future__ import annotations

import re
import sys
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from cytally.cli import app as app_command
from cytally.cli import (
    bench,
    calibrate,
    console,
    count,
    demo,
    doctor,
    evaluate,
    growth,
    label,
    models,
    rerun,
    segment,
    suggest,
    synthesize,
    train,
    transfer,
    tune,
    watch,
)

WrongCall = cast("type[Exception]", typer.BadParameter.__bases__[0])
"""What typer raises when options do not fit. Its name lies in another package from one version of typer to the next."""

NO_NUMBER = re.compile(r"Input should be a valid (number|integer), unable to parse string as an? (number|integer)")


class Commands(TyperGroup):
    """Subcommands that answer a wrong call with one line."""

    def main(self, *args: Any, **settings: Any) -> Any:
        """Run the command line; a wrong call is told in one line, and is exit status 2."""
        standalone = settings.pop("standalone_mode", True)
        settings["standalone_mode"] = False
        if not standalone:
            return super().main(*args, **settings)
        try:
            status = super().main(*args, **settings)
        except WrongCall as error:
            context = getattr(error, "ctx", None)
            command = context.command_path if context is not None else "cytally"
            text = error.format_message().replace("Value error, ", "")  # type: ignore[attr-defined]
            message = NO_NUMBER.sub("not a number", " ".join(text.split()).rstrip("."))
            console.complain(f"{message}; see '{command} --help'")
            sys.exit(console.USAGE)
        except typer.Abort:
            sys.exit(console.INTERRUPTED)
        sys.exit(status if isinstance(status, int) else 0)


app = typer.Typer(
    name="cytally",
    cls=Commands,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
app.command("count")(count.command)
app.command("segment")(segment.command)
app.command("train")(train.command)
app.command("transfer")(transfer.command)
app.command("evaluate")(evaluate.command)
app.command("calibrate")(calibrate.command)
app.command("label")(label.command)
app.command("suggest")(suggest.command)
app.command("synthesize")(synthesize.command)
app.command("tune")(tune.command)
app.command("growth")(growth.command)
app.command("watch")(watch.command)
app.add_typer(models.app, name="models")
app.command("rerun")(rerun.command)
app.command("app")(app_command.command)
app.command("bench")(bench.command)
app.command("doctor")(doctor.command)
app.command("demo")(demo.command)


def _version(asked: bool) -> None:
    if asked:
        from cytally import __version__

        typer.echo(f"cytally {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Count cells in microscopy images from few or no manual labels."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(console.USAGE)


def run() -> None:
    """Run the command line."""
    app()
