"""`cytally watch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytally.cli import choices, console


def command(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that the microscope writes to.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Output folder; gone on with where it exists.")],
    model: Annotated[str, typer.Option(help="A bundled model's name or a model folder.")] = "nuclei-fluorescence",
    interval: Annotated[
        float | None,
        typer.Option(
            help="Minutes per number in the names; else when files were written.",
            metavar="MINUTES",
        ),
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Channel to count in, by name or number from 0.")] = None,
    axes: Annotated[str | None, typer.Option(help="Axes of the files, as CYX, where they do not tell.")] = None,
    pixel_size: Annotated[
        float | None, typer.Option(help="Micrometres per pixel, where the files do not tell.", metavar="UM")
    ] = None,
    every: Annotated[float, typer.Option(help="Look into the folder so often.", metavar="SECONDS")] = 2.0,
    frames: Annotated[int | None, typer.Option(help="Stop after so many files, failed ones too.", metavar="N")] = None,
    idle: Annotated[
        float | None, typer.Option(help="Stop after so many minutes without a new frame.", metavar="MINUTES")
    ] = None,
    device: Annotated[choices.Device, typer.Option(help="Where the network runs.")] = choices.Device.auto,
    backend: Annotated[
        choices.Backend, typer.Option(help="What runs the network; auto takes the fastest that is installed.")
    ] = choices.Backend.auto,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin anew.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Count frames as the microscope writes them, each once; Ctrl-C stops, the same command goes on."""
    with console.answering(verbose, stopped="what was counted is kept, the same command goes on"):
        console.err.print(f"Watching {folder}, counting with {model}; Ctrl-C stops")
        from cytally.tasks.folder_watch import WatchOptions, watch_folder
        from cytally.tasks.watch import Watch

        options = WatchOptions(
            interval=interval,
            channel=channel,
            axes=axes,
            pixel_size=pixel_size,
            every=every,
            frames=frames,
            idle=idle,
            device=device.value,
            backend=backend.value,
            overwrite=overwrite,
        )
        watch = Watch(
            on_note=console.note,
            on_failure=lambda image, line: console.complain(line),
            on_row=lambda image, count: console.out.print(f"{image}: {count:,.1f} cells"),
        )
        summary = watch_folder(folder, out, model, options, watch)
        counted = f"{summary.new} frame{'s' * (summary.new != 1)} counted, {len(summary.rows)} in all"
        failures = f", {len(summary.failures)} failed (see {out / 'failures.csv'})" if summary.failures else ""
        console.out.print(f"{counted}{failures}")
        console.out.print(f"Table: {out / 'counts.csv'}")
        if summary.failures:
            raise typer.Exit(console.FAILED)
