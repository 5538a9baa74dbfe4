"""`cytally growth`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cytally.cli import choices, console
from cytally.cli.progress import Bar

if TYPE_CHECKING:
    from cytally.tasks.growth import GrowthSummary
    from cytally.tasks.growth_options import GrowthTaskOptions


def command(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="TIMELAPSE…", help="Stacks of frames, folders of frames, or glob patterns."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Output folder.")],
    model: Annotated[str, typer.Option(help="A bundled model's name or a model folder.")] = "nuclei-fluorescence",
    interval: Annotated[
        float | None, typer.Option(help="Minutes from frame to frame, where the files do not tell.", metavar="MINUTES")
    ] = None,
    # how the files are read
    channel: Annotated[str | None, typer.Option(help="Channel to count in, by name or number from 0.")] = None,
    axes: Annotated[str | None, typer.Option(help="Axes of the files, as TYX or TCYX, where they do not tell.")] = None,
    pixel_size: Annotated[
        float | None, typer.Option(help="Micrometres per pixel, where the files do not tell.", metavar="UM")
    ] = None,
    diameter: Annotated[
        float | None,
        typer.Option(help="A cell's diameter, where the estimate goes wrong.", metavar="PIXELS"),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(help="How names tell well, tile and time, as '{well}_{tile}_{time}'.", metavar="PATTERN"),
    ] = None,
    grid: Annotated[
        str | None, typer.Option(help="Rows and columns of a well's tiles, as 2x3.", metavar="ROWSxCOLUMNS")
    ] = None,
    samples: Annotated[
        Path | None, typer.Option(help="CSV with a column 'image' and columns that name conditions to compare.")
    ] = None,
    # what is done
    stabilise: Annotated[
        bool, typer.Option("--stabilise/--no-stabilise", help="Take the camera's drift and jumps out.")
    ] = True,
    upright: Annotated[bool, typer.Option("--upright", help="Turn chambers till their walls stand upright.")] = False,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Follow single cells.")] = True,
    video: Annotated[bool, typer.Option("--video/--no-video", help="Write a video with the running count.")] = True,
    device: Annotated[choices.Device, typer.Option(help="Where the network runs.")] = choices.Device.auto,
    backend: Annotated[
        choices.Backend, typer.Option(help="What runs the network; auto takes the fastest that is installed.")
    ] = choices.Backend.auto,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the results in the output folder.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Follow time-lapses: drift, counts, growth curve, doubling time, tracks, a video and a report."""
    with console.answering(verbose):
        console.err.print(f"Looking for time-lapses, counting with {model}")
        from cytally.tasks.growth_options import GrowthTaskOptions, grid_of

        options = GrowthTaskOptions(
            interval=interval,
            channel=channel,
            axes=axes,
            pixel_size=pixel_size,
            diameter=diameter,
            pattern=pattern,
            grid=None if grid is None else grid_of(grid),
            samples=samples,
            stabilise=stabilise,
            upright=upright,
            track=track,
            video=video,
            device=device.value,
            backend=backend.value,
            resume=resume,
            overwrite=overwrite,
        )
        if run(inputs, out, model, options).failures:
            raise typer.Exit(console.FAILED)


def run(inputs: list[str], out: Path, model: str, options: GrowthTaskOptions) -> GrowthSummary:
    """Follow time-lapses with a progress bar, and print the summary."""
    from cytally.tasks.growth import growth
    from cytally.tasks.watch import Watch

    with Bar() as bar:
        watch = Watch(bar.images, console.note, lambda image, line: console.complain(line))
        summary = growth(inputs, out, model, options, watch)
    for text in summary.notes:
        console.note(text)
    for sentence in summary.sentences:
        console.out.print(sentence)
    failures = f", {len(summary.failures)} failed (see {out / 'failures.csv'})" if summary.failures else ""
    frames = f"{summary.frames:,} frame{'s' * (summary.frames != 1)}"
    lapses = f"{len(summary.sentences)} time-lapse{'s' * (len(summary.sentences) != 1)}"
    console.out.print(f"{frames} in {lapses}{failures}, {summary.seconds:.1f} s")
    console.out.print(f"Report: {out / 'report.html'}")
    return summary
