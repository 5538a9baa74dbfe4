"""`cytally bench`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cytally.cli import choices, console
from cytally.cli.progress import Bar, number_of_images
from cytally.errors import UsageError

if TYPE_CHECKING:
    from cytally.tasks.bench_result import BackendTimes, BenchResult

HEAD = ("back end", "numbers", "network", "faster", "end to end", "faster", "counts differ", "ready after")
UNITS = ("", "", "s/MP", "times", "s/MP", "times", "at most", "")
PARTS = {"decode": "decode", "normalise": "normalise", "network": "network", "read_out": "read out"}


def command(
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="[INPUT…]", help="Images to count, in place of drawn ones.")
    ] = None,
    model: Annotated[str, typer.Option(help="A bundled model's name or a model folder.")] = "nuclei-fluorescence",
    side: Annotated[int, typer.Option(help="Height and width of the drawn images, in pixels.")] = 1024,
    rounds: Annotated[int, typer.Option(help="How often each back end has its turn.")] = 3,
    device: Annotated[choices.Device, typer.Option(help="Where the network runs.")] = choices.Device.auto,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE.json", help="Write all figures here.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace that file.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Measure how fast each back end counts here: seconds per megapixel, the network alone and end to end."""
    with console.answering(verbose, stopped="nothing was written"):
        console.err.print(f"Measuring how fast {model} counts on this machine")
        if out is not None:
            _check_file(out, overwrite=overwrite)
        from cytally.files import write_text
        from cytally.tasks.bench import BenchOptions, bench

        options = BenchOptions(side=side, rounds=rounds, device=device.value)
        with Bar() as bar:
            result = bench(model, inputs or (), options, on_share=bar.share, on_failure=console.complain)
        if out is not None:
            write_text(out, json.dumps(result.as_dict(), indent=2) + "\n")
        _show(result)
        if out is not None:
            console.out.print(f"Figures: {out}")
        if result.failures:
            raise typer.Exit(console.FAILED)


def _check_file(path: Path, *, overwrite: bool) -> None:
    """Refuse, before anything is measured, what could not be written."""
    if path.is_dir():
        raise UsageError("is a folder", file=path, cure="name a file, as in -o bench.json")
    if path.exists() and not overwrite:
        raise UsageError(
            "is there already", file=path, cure="name another file with -o, or replace it with --overwrite"
        )
    if path.parent.exists() and not path.parent.is_dir():
        raise UsageError("is no folder", file=path.parent, cure="name a file in a folder")


def _show(result: BenchResult) -> None:
    """The table, what is missing, and what it was measured on, on standard output."""
    rows = [_cells(each, result) for each in (*result.backends, result.reference)]
    for line in aligned([HEAD, UNITS, *rows]):
        console.out.print(line)
    for name, why in result.missing:
        console.out.print(f"{name}: not measured, {why}")
    console.out.print()
    if result.auto is not None:
        console.out.print(f"--backend auto takes {result.auto}")
    fastest = result.backends[0] if result.backends else result.reference
    parts = ", ".join(f"{words} {fastest.per_megapixel(part):.3f}" for part, words in PARTS.items())
    console.out.print(f"end to end by {fastest.name}, s/MP: {parts}")
    shown = result.reference.rounds[0].seen_megapixels
    console.out.print(
        f"{number_of_images(len(result.images))}, {result.megapixels:.2f} MP, of which the network is shown "
        f"{shown:.2f} MP; {len(result.reference.rounds)} rounds on {result.device}; "
        "'plain' is torch as it comes, eager, in float32"
    )
    facts = result.machine
    if facts["load"] is not None and facts["load"] > facts["cores"]:
        console.note(
            f"the machine was busy (load {facts['load']:.1f} on {facts['cores']} cores), so that all took longer; "
            "-o FILE.json holds the ratios by seconds of the processor too, which others' work hardly changes."
        )
    where = [facts["processor"], f"{facts['cores']} cores", f"{facts['threads']} threads"]
    where += [facts["gpu"]] if facts["gpu"] else []
    where += [] if facts["load"] is None else [f"load {facts['load']:.1f} before"]
    console.out.print(", ".join(where))
    console.out.print(", ".join(f"{name} {version}" for name, version in facts["versions"].items()))


def _cells(times: BackendTimes, result: BenchResult) -> tuple[str, ...]:
    reference = result.reference
    difference = None if times is reference else times.largest_difference(reference)
    faster = (times.times_faster(reference, part) for part in ("network", "seconds"))
    network, whole = ("–" if ratio is None else f"{ratio:.2f}" for ratio in faster)
    return (
        times.name,
        times.precision,
        f"{times.per_megapixel('network'):.3f}",
        network,
        f"{times.per_megapixel('seconds'):.3f}",
        whole,
        "–" if difference is None else f"{difference:.2f} %",
        f"{times.ready_after:.1f} s",
    )


def aligned(rows: list[tuple[str, ...]], left: int = 2) -> list[str]:
    """Rows of cells as lines whose columns stand below each other, the first `left` of them flush left.

    Examples
    --------
    >>> aligned([("a", "b", "10"), ("long", "", "9")])
    ['a     b  10', 'long      9']
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
