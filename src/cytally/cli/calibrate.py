"""`cytally calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytally.cli import choices, console
from cytally.cli.progress import Bar, number_of_images


def command(
    model: Annotated[str, typer.Option(help="A model folder, or with -o a bundled model's name.")],
    data: Annotated[Path, typer.Option(help="Data folder of annotated images that the model was not trained on.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder for a calibrated copy; else model.json is rewritten.")
    ] = None,
    coverage: Annotated[float, typer.Option(help="Share of true counts that intervals shall hold.")] = 0.9,
    device: Annotated[choices.Device, typer.Option(help="Where the network runs.")] = choices.Device.auto,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier calibrated copy.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Give a model's counts intervals, by its errors on annotated images that it has not seen."""
    with console.answering(verbose, stopped="the model is as it was"):
        console.err.print(f"Calibrating {model} by {data}")
        from cytally.tasks.calibrate import calibrate
        from cytally.tasks.watch import Watch

        with Bar() as bar:
            watch = Watch(bar.images, console.note, lambda image, line: console.complain(line))
            summary = calibrate(
                model, data, out, coverage=coverage, overwrite=overwrite, device=device.value, watch=watch
            )
        found = summary.calibration
        share = f"{100 * found.coverage:g} %"
        console.out.print(
            f"{share} intervals from {number_of_images(len(found.scores))}, mean error {summary.bias:+.1f} cells"
        )
        for count in (10.0, 100.0, 1000.0):
            lower, upper = found.interval(count)
            console.out.print(f"An image with {count:.0f} cells counted: {lower:.1f} to {upper:.1f}")
        console.out.print(f"Model: {summary.folder}")
        if summary.failures:
            console.note(f"{number_of_images(len(summary.failures))} failed and took no part.")
            raise typer.Exit(console.FAILED)
