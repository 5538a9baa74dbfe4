"""`cytally transfer`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytally.cli import choices, console
from cytally.cli.progress import Bar
from cytally.cli.train import describe, summary
from cytally.errors import UsageError


def command(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG.yaml", help="What to train, as examples/transfer-simultaneous.yaml.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Model folder to write.")],
    source: Annotated[str, typer.Option("--from", metavar="MODEL", help="The trained model: a folder or a name.")],
    data: Annotated[
        Path | None, typer.Option(help="Data folder: images/ with labels/, points.csv or counts.csv for some of them.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, as transfer.strategy=frozen-core."),
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Budget of time, as 30.")] = None,
    device: Annotated[choices.Device, typer.Option(help="Where to train.")] = choices.Device.auto,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model in the model folder.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Carry a trained model over to images of another kind."""
    with console.answering(verbose):
        if data is None:
            raise UsageError("there is no data to train on", cure="give a data folder with --data")
        console.err.print(f"Carrying {source} over to {data} as {config} says")
        from cytally.tasks.transfer import transfer
        from cytally.tasks.transfer_report import in_words
        from cytally.tasks.watch import Watch
        from cytally.training.configuration import read_configuration

        configuration = read_configuration(config, settings or [], transfer=True)
        with Bar() as bar:
            watch = Watch(bar.images, console.note, on_step=lambda at: bar.share(describe(at), at.done))
            model = transfer(
                source,
                configuration,
                data,
                out,
                minutes=minutes,
                resume=resume,
                overwrite=overwrite,
                device=device.value,
                watch=watch,
            )
        told = "\n".join([summary(model), *in_words(model.card)])
        console.out.print(f"{told}\nModel: {out}\nReport: {out / 'report.html'}")
