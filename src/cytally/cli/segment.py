"""`cytally segment`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cytally.cli import choices, console
from cytally.cli.progress import Bar

if TYPE_CHECKING:
    from cytally.tasks.segment import SegmentSummary
    from cytally.tasks.segment_options import SegmentOptions


def command(
    inputs: Annotated[
        list[str], typer.Argument(metavar="VOLUME…", help="Files with volumes, folders of them, or glob patterns.")
    ],
    model: Annotated[str, typer.Option(help="A model folder, of a method for volumes as efficient-cell-seg.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Output folder.")],
    channel: Annotated[
        str | None, typer.Option(help="Channel to segment, by name or number from 0; else the one that varies most.")
    ] = None,
    axes: Annotated[str | None, typer.Option(help="Axes of the files, as ZYX or TZYX, where they do not tell.")] = None,
    pixel_size: Annotated[
        float | None, typer.Option(help="Micrometres per pixel, where the files do not tell.", metavar="UM")
    ] = None,
    z_spacing: Annotated[
        float | None, typer.Option(help="Micrometres from slice to slice, where the files do not tell.", metavar="UM")
    ] = None,
    challenge: Annotated[
        bool,
        typer.Option(
            "--challenge",
            help="VOLUME… are sequences of the Cell Tracking Challenge (DATA/01 with t000.tif …): write their result "
            "folders (OUT/01_RES) as well.",
        ),
    ] = False,
    device: Annotated[choices.Device, typer.Option(help="Where the network runs.")] = choices.Device.auto,
    backend: Annotated[
        choices.Backend, typer.Option(help="What runs the network; auto takes OpenVINO where it is installed.")
    ] = choices.Backend.auto,
    objects: Annotated[
        choices.Objects | None,
        typer.Option(
            help="Link sections from slice to slice, part the whole volume at once, or leave each section an object of "
            "its own; else as the model says."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the results in the output folder.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Segment the cells in volumes: 3D label volumes, a table of the objects, overlays and a report."""
    with console.answering(verbose):
        console.err.print(f"Looking for volumes, segmenting with {model}")
        from cytally.tasks.segment_options import SegmentOptions

        options = SegmentOptions(
            channel=channel,
            axes=axes,
            pixel_size=pixel_size,
            z_spacing=z_spacing,
            challenge=challenge,
            device=device.value,
            backend=backend.value,
            objects=None if objects is None else objects.value,
            resume=resume,
            overwrite=overwrite,
        )
        if run(inputs, out, model, options).failures:
            raise typer.Exit(console.FAILED)


def run(inputs: list[str], out: Path, model: str, options: SegmentOptions) -> SegmentSummary:
    """Segment with a progress bar, and print the summary."""
    from cytally.tasks.segment import segment
    from cytally.tasks.watch import Watch

    with Bar() as bar:
        watch = Watch(
            bar.announced("Segmenting the cells in"), console.note, lambda image, line: console.complain(line)
        )
        summary = segment(inputs, out, model, options, watch)
    for text in summary.notes:
        console.note(text)
    flagged = [volume.image for volume in summary.volumes if volume.flags]
    if flagged:
        console.note(
            f"{number_of_volumes(len(flagged))} flagged as unusual, the first {flagged[0]}; the report tells why."
        )
    _print(summary)
    return summary


def number_of_volumes(number: int) -> str:
    """A number of volumes in words: ``1 volume``, ``2 volumes``."""
    return f"{number} volume{'s' * (number != 1)}"


def _print(summary: SegmentSummary) -> None:
    out = summary.out
    failures = f", {len(summary.failures)} failed (see {out / 'failures.csv'})" if summary.failures else ""
    objects = f"{summary.objects:,} object{'s' * (summary.objects != 1)}"
    console.out.print(f"{objects} in {number_of_volumes(len(summary.volumes))}{failures}, {summary.seconds:.1f} s")
    console.out.print(f"Table: {out / 'counts.csv'}")
    if summary.volumes:
        console.out.print(f"Label volumes: {out / 'labels'}")
    for result in summary.results:
        console.out.print(f"Cell Tracking Challenge: {result}")
    console.out.print(f"Report: {out / 'report.html'}")
