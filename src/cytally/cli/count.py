"""`cytally count`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cytally.cli import choices, console
from cytally.cli.progress import Bar, number_of_images

if TYPE_CHECKING:
    from cytally.tasks.count import CountSummary
    from cytally.tasks.count_options import CountOptions


def command(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT…", help="Image files, folders or glob patterns.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Output folder.")],
    model: Annotated[str, typer.Option(help="A bundled model's name or a model folder.")] = "nuclei-fluorescence",
    # how the files are read, and where in them is counted
    channel: Annotated[str | None, typer.Option(help="Channel to count in, by name or number from 0.")] = None,
    axes: Annotated[str | None, typer.Option(help="Axes of the files, as TYX or ZYX, where they do not tell.")] = None,
    pixel_size: Annotated[
        float | None, typer.Option(help="Micrometres per pixel, where the files do not tell.", metavar="UM")
    ] = None,
    border: Annotated[
        choices.Border, typer.Option(help="Whether cells that touch the image's edge count.")
    ] = choices.Border.include,
    roi: Annotated[Path | None, typer.Option(help="Count inside: GeoJSON, ImageJ .roi or .zip.")] = None,
    # tables over several images
    samples: Annotated[
        Path | None, typer.Option(help="CSV with a column 'image' and columns that name conditions.")
    ] = None,
    plate: Annotated[
        str | None,
        typer.Option(
            help="Table and map by well: how the files are named, as '{plate}_{well}_{tile}'.", metavar="PATTERN"
        ),
    ] = None,
    export: Annotated[
        list[choices.Export] | None,
        typer.Option(help="Write points or outlines for ImageJ and Fiji, or QuPath; may be given twice."),
    ] = None,
    # slides
    tissue: Annotated[
        str, typer.Option(help="Slides: count in the tissue (auto), everywhere (all), or by a mask or GeoJSON file.")
    ] = "auto",
    tissue_threshold: Annotated[
        float, typer.Option(help="Slides: below 1, fainter tissue is taken in; above, less of it.", metavar="FACTOR")
    ] = 1.0,
    memory: Annotated[float, typer.Option(help="Slides: memory to keep to in each process.", metavar="GIB")] = 1.5,
    tile: Annotated[
        int | None,
        typer.Option(
            help="Slides: side of a tile in pixels of the network, cut to 256 of the slide; by memory if not given.",
            metavar="PIXELS",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Slides: tell what they will take, and stop.")] = False,
    # who does the work
    device: Annotated[choices.Device, typer.Option(help="Where the network runs.")] = choices.Device.auto,
    backend: Annotated[
        choices.Backend, typer.Option(help="What runs the network; auto takes the fastest that is installed.")
    ] = choices.Backend.auto,
    workers: Annotated[int, typer.Option(help="Processes on this machine that share the images.", metavar="N")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(help="A Dask scheduler, as tcp://host:8786, whose workers share them.", metavar="ADDRESS"),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the results in the output folder.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Count the cells in images: a table, points, density maps, overlays and a report."""
    with console.answering(verbose):
        console.err.print(f"Looking for images, counting with {model}")
        from cytally.tasks.count_options import CountOptions

        options = CountOptions(
            channel=channel,
            axes=axes,
            pixel_size=pixel_size,
            border=border.value,
            roi=roi,
            samples=samples,
            plate=plate,
            export=tuple(each.value for each in export or ()),
            tissue=tissue,
            tissue_threshold=tissue_threshold,
            memory=memory,
            tile=tile,
            dry_run=dry_run,
            device=device.value,
            backend=backend.value,
            workers=workers,
            scheduler=scheduler,
            resume=resume,
            overwrite=overwrite,
        )
        if run(inputs, out, model, options).failures:
            raise typer.Exit(console.FAILED)


def run(inputs: list[str], out: Path, model: str, options: CountOptions) -> CountSummary:
    """Count with a progress bar, and print the summary."""
    from cytally.tasks.count import count
    from cytally.tasks.watch import Watch

    if text := options.too_much_memory():
        console.note(text)
    with Bar() as bar:
        watch = Watch(bar.announced("Counting the cells in"), console.note, lambda image, line: console.complain(line))
        summary = count(inputs, out, model, options, watch)
    if options.dry_run:
        return summary
    for text in summary.notes:
        console.note(text)
    flagged = [row.image for row in summary.rows if row.flags]
    if flagged:
        console.note(
            f"{number_of_images(len(flagged))} flagged as unusual, the first {flagged[0]}; the report tells why."
        )
    total, bounds = summary.total, ""
    if total.interval is not None and total.coverage is not None:
        bounds = " ({:.1f} to {:.1f} at {:g} %)".format(*total.interval, 100 * total.coverage)
    failures = f", {len(summary.failures)} failed (see {out / 'failures.csv'})" if summary.failures else ""
    console.out.print(
        f"{total.count:.1f} cells{bounds} in {number_of_images(total.images)}{failures}, {summary.seconds:.1f} s"
    )
    console.out.print(f"Table: {out / 'counts.csv'}\nReport: {out / 'report.html'}")
    return summary
