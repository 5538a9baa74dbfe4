"""`cytally rerun`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytally.cli import console
from cytally.cli.progress import Bar


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN.json", help="The run.json of count, segment or growth.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Output folder; must not exist.")],
    model: Annotated[
        str | None, typer.Option(help="Where the model lies now, if it was moved; its weights must be the same.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Repeat a run from its run.json, and check that it gives the same results to the digit."""
    with console.answering(verbose, stopped="the output folder is not whole, remove it before you repeat this"):
        console.err.print(f"Repeating {run}")
        from cytally.tasks.rerun import RERUN, rerun
        from cytally.tasks.watch import Watch

        with Bar() as bar:
            watch = Watch(bar.images, console.note, lambda image, line: console.complain(line))
            summary = rerun(run, out, model, watch)
        console.out.print(summary.sentence)
        console.err.print(f"Everything: {out / RERUN}")
        if not summary.same:
            raise typer.Exit(console.FAILED)
