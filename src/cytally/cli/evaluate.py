"""`cytally evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cytally.cli import choices, console
from cytally.cli.progress import Bar
from cytally.report.words import FIGURES, WHOLE_FIGURES


def command(
    model: Annotated[str, typer.Option(help="A bundled model's name or a model folder.")],
    data: Annotated[Path, typer.Option(help="Data folder with annotated images.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Output folder.")],
    device: Annotated[choices.Device, typer.Option(help="Where the network runs.")] = choices.Device.auto,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the results in the output folder.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Compare a model's counts with annotated images."""
    with console.answering(verbose, stopped="nothing was written"):
        console.err.print(f"Evaluating {model} on {data}")
        from cytally.tasks.evaluate import evaluate
        from cytally.tasks.watch import Watch

        failed: list[str] = []

        def fail(image: str, line: str) -> None:
            failed.append(image)
            console.complain(line)

        with Bar() as bar:
            watch = Watch(bar.images, console.note, fail)
            metrics = evaluate(model, data, out, overwrite=overwrite, device=device.value, watch=watch)
        for block, values in metrics.as_dict().items():
            table = Table(title=block, title_justify="left")
            table.add_column("metric")
            table.add_column("value", justify="right")
            for name, value in values.items():
                words, _ = FIGURES.get(name, (name, ""))
                table.add_row(words, f"{value:.0f}" if name in WHOLE_FIGURES else f"{value:.4g}")
            console.out.print(table)
        for name, file in (("Metrics", "metrics.json"), ("Predictions", "predictions.csv"), ("Report", "report.html")):
            console.out.print(f"{name}: {out / file}")
        if failed:
            console.note(f"{len(failed)} of the annotated images failed and are not in these figures.")
            raise typer.Exit(console.FAILED)
