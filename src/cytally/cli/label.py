"""`cytally label`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cytally.cli import choices, console
from cytally.cli.progress import Bar, number_of_images

if TYPE_CHECKING:
    from cytally.tasks.label import LabelSummary
    from cytally.tasks.label_options import LabelOptions


def command(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT…", help="Images of the stain: files, folders or glob patterns.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Output folder.")],
    preset: Annotated[
        choices.Preset,
        typer.Option(help="auto needs no setting; thesis has the steps and settings of Salomon-Sörensen 2023."),
    ] = choices.Preset.auto,
    channel: Annotated[
        str | None, typer.Option(help="The stain's channel, by name or number from 0; else the one that varies most.")
    ] = None,
    phase: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="Phase-contrast images of the same fields: a file, a folder or a quoted glob pattern."
        ),
    ] = None,
    phase_channel: Annotated[
        str | None,
        typer.Option(help="Channel with the phase contrast: of the files of --phase, or else of the INPUT files."),
    ] = None,
    window: Annotated[
        int, typer.Option(metavar="PIXELS", help="Side of the windows that pairs are cut into; 0: whole images.")
    ] = 512,
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="How file names tell plate, well and tile, as {plate}_{well}_{tile}_{channel}, or a regular "
            "expression with named groups.",
        ),
    ] = None,
    skip_fewest: Annotated[
        float,
        typer.Option(
            metavar="SHARE",
            help="Share of the images, with the fewest nucleus pixels, to list as to be skipped; 0: none.",
        ),
    ] = 0.25,
    skip_above: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Share of nucleus pixels above which an image is listed as to be skipped; 1: none."
        ),
    ] = 0.5,
    axes: Annotated[str | None, typer.Option(help="Axes of the files, as TYX or ZYX, where they do not tell.")] = None,
    pixel_size: Annotated[
        float | None, typer.Option(help="Micrometres per pixel, where the files do not tell.", metavar="UM")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the results in the output folder.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Label nuclei by a fluorescent stain, for training on that or on another channel: no one draws an outline."""
    with console.answering(verbose):
        console.err.print(f"Looking for images, labelling with the preset {preset.value}")
        from cytally.tasks.label_options import LabelOptions

        options = LabelOptions(
            preset=preset.value,
            channel=channel,
            phase=phase,
            phase_channel=phase_channel,
            window=window,
            pattern=pattern,
            skip_fewest=skip_fewest,
            skip_above=skip_above,
            axes=axes,
            pixel_size=pixel_size,
            resume=resume,
            overwrite=overwrite,
        )
        if run(inputs, out, options).failures:
            raise typer.Exit(console.FAILED)


def run(inputs: list[str], out: Path, options: LabelOptions) -> LabelSummary:
    """Label with a progress bar, and print the summary."""
    from cytally.tasks.label import label_images
    from cytally.tasks.watch import Watch

    with Bar() as bar:
        watch = Watch(
            bar.announced("Labelling the nuclei in"), console.note, lambda image, line: console.complain(line)
        )
        summary = label_images(inputs, out, options, watch)
    for text in summary.notes:
        console.note(text)
    _print(summary)
    return summary


def _print(summary: LabelSummary) -> None:
    out, skipped = summary.out, len(summary.skipped)
    failures = f", {len(summary.failures)} failed (see {out / 'failures.csv'})" if summary.failures else ""
    console.out.print(
        f"{summary.nuclei:,} nuclei in {number_of_images(len(summary.images))}{failures}, {summary.seconds:.1f} s\n"
        f"For training: {len(summary.images) - skipped} kept, {skipped} to be skipped"
    )
    console.out.print(f"Table: {out / 'labels.csv'}")
    if summary.images:
        console.out.print(f"Label images: {out / 'labels'}")
    windows = sum(len(image.windows) for image in summary.images)
    if windows:
        console.out.print(
            f"Pairs: {out / 'pairs'}, {windows} window{'s' * (windows != 1)}, {summary.skipped_windows} to be skipped"
        )
    if summary.images:
        console.out.print(f"Contact sheet: {out / 'contact.png'}")
    console.out.print(f"Report: {out / 'report.html'}")
