"""`cytally suggest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cytally.cli import choices, console
from cytally.cli.progress import Bar, number_of_images

if TYPE_CHECKING:
    from cytally.tasks.suggest_options import SuggestOptions
    from cytally.tasks.suggest_summary import SuggestSummary

SHOWN = 5
"""Places of the queue that are printed."""


def command(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT…", help="Image files, folders or glob patterns.")],
    model: Annotated[str, typer.Option(help="A bundled model's name or a model folder.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Output folder.")],
    number: Annotated[int, typer.Option(help="Length of the queue.", metavar="N")] = 20,
    regions: Annotated[
        bool, typer.Option("--regions", help="Suggest regions in place of whole images, with a crop of each.")
    ] = False,
    labelled: Annotated[
        Path | None, typer.Option(help="Data folder that is labelled already: its images are left out.", metavar="DATA")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Channel to look at, by name or number from 0.")] = None,
    axes: Annotated[str | None, typer.Option(help="Axes of the files, as TYX or ZYX, where they do not tell.")] = None,
    pixel_size: Annotated[
        float | None, typer.Option(help="Micrometres per pixel, where the files do not tell.", metavar="UM")
    ] = None,
    device: Annotated[choices.Device, typer.Option(help="Where the network runs.")] = choices.Device.auto,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the results in the output folder.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Tell what to label next: images that stand for many others, and on which the model is likely to err."""
    with console.answering(verbose):
        console.err.print(f"Looking for images, to rank them with {model}")
        from cytally.tasks.suggest_options import SuggestOptions

        options = SuggestOptions(
            number=number,
            regions=regions,
            labelled=labelled,
            channel=channel,
            axes=axes,
            pixel_size=pixel_size,
            device=device.value,
            resume=resume,
            overwrite=overwrite,
        )
        if run(inputs, out, model, options).failures:
            raise typer.Exit(console.FAILED)


def run(inputs: list[str], out: Path, model: str, options: SuggestOptions) -> SuggestSummary:
    """Rank with a progress bar, and print the head of the queue."""
    from cytally.tasks.suggest import suggest
    from cytally.tasks.watch import Watch

    with Bar() as bar:
        watch = Watch(bar.announced("Looking at"), console.note, lambda image, line: console.complain(line))
        summary = suggest(inputs, out, model, options, watch)
    for text in summary.notes:
        console.note(text)
    for each in summary.suggestions[:SHOWN]:
        console.out.print(f"{each.rank}. {each.image}: {each.why}")
    if len(summary.suggestions) > SHOWN:
        console.out.print(f"and {len(summary.suggestions) - SHOWN} more")
    left_out = f", {summary.left_out} labelled already" if summary.left_out else ""
    failures = f", {len(summary.failures)} failed (see {out / 'failures.csv'})" if summary.failures else ""
    console.out.print(f"{number_of_images(summary.images)} ranked{left_out}{failures}, {summary.seconds:.1f} s")
    console.out.print(f"Queue: {out / 'suggestions.csv'}\nReport: {out / 'report.html'}")
    return summary
