"""`cytally synthesize`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytally.cli import console
from cytally.cli.progress import Bar


def command(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG.yaml", help="What to draw, as examples/cho-phase-contrast.yaml.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Data folder to write.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, as settings.noise=4.")
    ] = None,
    images: Annotated[
        int | None, typer.Option(help="How many images, volumes or time-lapses, in place of the file's number.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Decides everything random, in place of the file's.")] = None,
    like: Annotated[
        Path | None, typer.Option(metavar="DATA", help="Data folder whose numbers of cells are imitated.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the drawn images in the folder.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Draw images, volumes or time-lapses of cells with known counts and labels."""
    with console.answering(verbose):
        console.err.print(f"Drawing what {config} says")
        from cytally.tasks.synthesis_configuration import read_synthesis
        from cytally.tasks.synthesis_drawing import find_drawing, things
        from cytally.tasks.synthesize import synthesize
        from cytally.tasks.watch import Watch

        configuration = read_synthesis(config, settings or [], {"images": images, "seed": seed, "like": like})
        with Bar() as bar:
            watch = Watch(bar.images, console.note)
            synthesize(configuration, out, resume=resume, overwrite=overwrite, watch=watch)
        drawn = things(find_drawing(configuration.preset))
        console.out.print(f"Drawn: {configuration.images} {drawn}\nData folder: {out}")
