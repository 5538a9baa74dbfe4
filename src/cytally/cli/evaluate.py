"""`cytally evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from cytally.cli import choices, console, expert_tables
from cytally.cli.progress import Bar
from cytally.errors import UsageError
from cytally.report.words import LENIENT, WHOLE_FIGURES, figure_words

FILES = {
    "Metrics": "metrics.json",
    "Predictions": "predictions.csv",
    "Overlays": "overlays",
    "Triplets": "triplets",
    "Form for experts": "experts.csv",
    "Report": "report.html",
}
"""What an evaluation may have written that is worth naming."""


def command(
    forms: Annotated[list[Path] | None, typer.Argument(metavar="FORM", help="Further forms, after --experts.")] = None,
    model: Annotated[str | None, typer.Option(help="A bundled model's name or a model folder.")] = None,
    data: Annotated[Path | None, typer.Option(help="Data folder with annotated images, or volumes.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Output folder; may be left out with --experts.")
    ] = None,
    triplets: Annotated[
        bool,
        typer.Option(
            "--triplets", help="Also write pictures (image, outlines, stain) for experts to score, and their form."
        ),
    ] = False,
    experts: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FORM",
            help="Forms that experts filled in: their scores and agreement, in place of --model and --data.",
        ),
    ] = None,
    pixel_size: Annotated[
        float | None,
        typer.Option(metavar="UM", help="Micrometres per pixel of volumes, where files do not tell or tell wrong."),
    ] = None,
    z_spacing: Annotated[
        float | None, typer.Option(metavar="UM", help="Micrometres from slice to slice of volumes, likewise.")
    ] = None,
    device: Annotated[choices.Device, typer.Option(help="Where the network runs.")] = choices.Device.auto,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the results in the output folder.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Compare a model with annotated images or volumes, or sum up what experts think of its outlines."""
    with console.answering(verbose, stopped="nothing was written"):
        if experts:
            unused = {"--model": model, "--data": data, "--triplets": triplets}
            _refuse({**unused, "--pixel-size": pixel_size, "--z-spacing": z_spacing}, "with --experts")
            _score_experts([*experts, *(forms or [])], out, overwrite)
            return
        if forms:
            raise UsageError(
                f"'{forms[0]}' stands for no option", cure="put --experts before forms that experts filled in"
            )
        if model is None or data is None or out is None:
            given = {"--model": model, "--data": data, "-o": out}
            missing = ", ".join(f"'{name}'" for name, value in given.items() if value is None)
            raise UsageError(f"missing option {missing}", cure="give --model, --data and -o, or --experts with forms")
        options = {"triplets": triplets, "pixel_size": pixel_size, "z_spacing": z_spacing}
        _evaluate(model, data, out, {**options, "device": device.value, "overwrite": overwrite})


def _refuse(options: dict[str, object], when: str) -> None:
    for name, value in options.items():
        if value:
            raise UsageError(f"{name} is not used {when}", cure="leave it out")


def _score_experts(forms: list[Path], out: Path | None, overwrite: bool) -> None:
    from cytally.tasks.experts import score_experts

    scores = score_experts(forms, out, overwrite=overwrite)
    for sentence in scores.notes:
        console.note(sentence)
    expert_tables.show(scores)
    if out is not None:
        for name, file in (("Everything", "experts.json"), ("Experts", "experts.csv"), ("Triplets", "triplets.csv")):
            console.out.print(f"{name}: {out / file}")


def _evaluate(model: str, data: Path, out: Path, options: dict[str, Any]) -> None:
    console.err.print(f"Evaluating {model} on {data}")
    from cytally.tasks.evaluate import evaluate
    from cytally.tasks.watch import Watch

    failed: list[str] = []

    def fail(image: str, line: str) -> None:
        failed.append(image)
        console.complain(line)

    with Bar() as bar:
        watch = Watch(bar.images, console.note, fail)
        metrics = evaluate(model, data, out, watch=watch, **options)
    for block, values in metrics.as_dict().items():
        table = Table(title=block, title_justify="left")
        table.add_column("metric")
        table.add_column("value", justify="right")
        for name, value in values.items():
            words, _ = figure_words(block, name)
            whole = name in WHOLE_FIGURES or isinstance(value, int)
            table.add_row(words, f"{value:.0f}" if whole else f"{value:.4g}")
        console.out.print(table)
    if metrics.object is not None:
        console.note(LENIENT)
    for name, file in FILES.items():
        if (out / file).exists():
            console.out.print(f"{name}: {out / file}")
    if failed:
        console.note(f"{len(failed)} of the annotated images failed and are not in these figures.")
        raise typer.Exit(console.FAILED)
