"""`cytally demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cytally.cli import console
from cytally.cli.count import run


def command(
    out: Annotated[Path, typer.Option("-o", "--out", help="Output folder; an earlier demo in it is replaced.")] = Path(
        "cytally-demo"
    ),
    verbose: Annotated[bool, typer.Option("--verbose", help="Show tracebacks.")] = False,
) -> None:
    """Count the cells in six sample images that come with cytally."""
    with console.answering(verbose, stopped="run it again to see it all"):
        console.err.print("Counting the sample images that come with cytally")
        import pandas as pd

        from cytally.samples import sample_folder
        from cytally.tasks.count import DEFAULT_MODEL
        from cytally.tasks.count_options import CountOptions

        samples = sample_folder()
        summary = run([str(samples / "images")], out, DEFAULT_MODEL, CountOptions(overwrite=True))
        drawn = pd.read_csv(samples / "counts.csv").set_index("image")["count"]
        table = Table("image", "counted", "drawn")
        for row in summary.rows:
            table.add_row(row.image, f"{row.count:.1f}", str(drawn[row.image]))
        console.out.print(table)
        console.out.print(f"Open {(out / 'report.html').absolute()} in a browser")
        if summary.failures:
            raise typer.Exit(console.FAILED)
