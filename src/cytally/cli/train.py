"""`cytally train`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cytally.cli import choices, console
from cytally.cli.progress import Bar
from cytally.errors import UsageError

if TYPE_CHECKING:
    from cytally.models.model import Model
    from cytally.training.state import TrainingProgress


def command(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="What to train, as examples/density.yaml.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Model folder to write.")],
    data: Annotated[
        Path | None, typer.Option(help="Data folder: images/ with labels/, points.csv or counts.csv.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, as training.batch_size=8.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Begin with this model's weights: a folder or a bundled name.")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Begin with published weights, where a method takes them."),
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Budget of time, as 30.")] = None,
    device: Annotated[choices.Device, typer.Option(help="Where to train.")] = choices.Device.auto,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model in the model folder.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Train a model on your own annotated images."""
    with console.answering(verbose):
        if data is None:
            raise UsageError("there is no data to train on", cure="give a data folder with --data")
        console.err.print(f"Training on {data} as {config} says")
        from cytally.tasks.train import train
        from cytally.tasks.watch import Watch
        from cytally.training.configuration import read_configuration

        given = [] if weights is None else [f"options.weights={json.dumps(weights)}"]
        configuration = read_configuration(config, [*(settings or []), *given])
        with Bar() as bar:
            watch = Watch(bar.images, console.note, on_step=lambda at: bar.share(describe(at), at.done))
            model = train(
                configuration,
                data,
                out,
                start=start,
                minutes=minutes,
                resume=resume,
                overwrite=overwrite,
                device=device.value,
                watch=watch,
            )
        console.out.print(f"{summary(model)}\nModel: {out}\nCurves: {out / 'curves.png'}")


def summary(model: Model) -> str:
    """How the training went, and how far its validation can be believed."""
    from cytally.methods.volume_method import VolumeMethod
    from cytally.tasks.model_notes import FEW

    card, facts = model.card, model.card.provenance
    if model.method.has_weights:
        end = facts["best_epoch"] == facts["epochs"]
        kept = "the weights of the end" if end else f"the weights of epoch {facts['best_epoch']}"
        epochs = f"{facts['epochs']} epoch{'s' * (facts['epochs'] != 1)}"
        text = f"Trained {epochs} in {facts['minutes']} minutes; kept {kept}\n"
        planned = card.configuration.training.steps
        if planned is not None and facts["steps"] < planned / 2:
            text += (
                f"The time was up after {facts['steps']} of {planned:,} steps; --resume with more --minutes goes on\n"
            )
    else:
        found = ", ".join(f"{name} {value}" for name, value in card.configuration.options.model_dump().items())
        text = f"Found on the training images: {found}\n"
    number, error = int(card.validation["n"]), card.validation["mae"]
    drawn = "drawn " * (not card.training_data.get("validation"))
    volumes = card.training_data.get("validation", 0)
    kind = f"slices of {volumes} volume{'s' * (volumes != 1)}" if isinstance(model.method, VolumeMethod) else ""
    kind = kind or f"{drawn}image{'s' * (number != 1)}"
    text += f"Validation on {number} {kind}: mean absolute error {error:.2f} cells"
    if "f1_50" in card.validation:
        text += f", F1 of the objects at an IoU of 0.5 {card.validation['f1_50']:.2f}"
    if drawn:
        return text + ", which says little about natural ones"
    return text + (", which is too few to rely on" if number < FEW else "")


def describe(progress: TrainingProgress) -> str:
    """One line on where a run stands."""
    text = f"Training, epoch {progress.epoch}, loss {progress.loss:.3f}"
    if progress.best_error < float("inf"):
        text += f", validation error {_short(progress.validation_error)} (best {_short(progress.best_error)})"
    return text


def _short(error: float) -> str:
    """Two decimals, or as many as a small loss needs."""
    return f"{error:.2f}" if error >= 1 else f"{error:.2g}"
