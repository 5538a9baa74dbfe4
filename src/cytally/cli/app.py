"""`cytally app`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cytally.cli import console


def command(
    workspace: Annotated[
        Path, typer.Option(help="Folder that holds projects, images, corrections and results; made where missing.")
    ] = Path("cytally-workspace"),
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen on. One that others reach gets a token that the page needs.")
    ] = "127.0.0.1",
    allow: Annotated[
        list[Path] | None, typer.Option(help="Folder whose images may be linked from the page; may be given often.")
    ] = None,
    max_upload: Annotated[
        float, typer.Option(help="Size of the largest file that may be sent.", metavar="MB", min=0.001)
    ] = 4000,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Open the page in the browser: add images, count, correct the points, improve the model."""
    with console.answering(verbose, stopped="everything is kept in the workspace, the same command goes on"):
        console.err.print(f"Opening the workspace {workspace}")
        from cytally.app.serve import Address, serve

        def tell(address: Address) -> None:
            console.out.print(f"cytally is at {address.url} (workspace {workspace}); Ctrl-C stops it.")
            if browser:
                address.open()

        serve(workspace, allow or [], host, port, int(max_upload * 1_000_000), tell)
