"""`cytally doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from cytally.cli import console


def command(verbose: Annotated[bool, typer.Option("--verbose", help="Show tracebacks.")] = False) -> None:
    """Show versions, devices, memory and methods, and what is missing with its cure."""
    with console.answering(verbose, stopped="nothing was changed"):
        console.err.print("Looking at this machine")
        from cytally.tasks.doctor import examine

        findings = examine()
        for finding in findings:
            mark = "ok  " if finding.fine else "MISS" if finding.needed else "-   "
            console.out.print(f"{mark} {finding.name}: {finding.text}")
        if any(finding.needed and not finding.fine for finding in findings):
            raise typer.Exit(console.FAILED)
