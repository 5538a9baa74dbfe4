"""`cytally tune`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cytally.cli import choices, console
from cytally.cli.progress import Bar

if TYPE_CHECKING:
    from cytally.tasks.search import TuningProgress
    from cytally.tasks.tune import Tuned


def command(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="What to tune, as examples/tune-density.yaml.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Output folder.")],
    data: Annotated[
        Path | None, typer.Option(help="Data folder: images/ with labels/, points.csv or counts.csv.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting of the training, as training.steps=500."),
    ] = None,
    trials: Annotated[int | None, typer.Option(help="How many trials, earlier sittings included.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Begin no trial after so much time.")] = None,
    device: Annotated[choices.Device, typer.Option(help="Where to train.")] = choices.Device.auto,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier search stopped.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the search in the output folder.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show details and tracebacks.")] = False,
) -> None:
    """Search for the settings that count best on validation images."""
    with console.answering(verbose):
        console.err.print(f"Searching for settings as {config} says")
        from cytally.tasks.tune import tune
        from cytally.tasks.watch import Watch

        with Bar() as bar:
            tuned = tune(
                config,
                out,
                data=data,
                settings=settings or [],
                trials=trials,
                minutes=minutes,
                resume=resume,
                overwrite=overwrite,
                device=device.value,
                watch=Watch(bar.images, console.note),
                on_progress=lambda at: bar.share(describe(at), at.done),
            )
        show(tuned, out)


def describe(progress: TuningProgress) -> str:
    """One line on where a search stands."""
    text = f"Tuning, trial {min(progress.number + 1, progress.trials)} of {progress.trials}"
    if progress.best is not None:
        text += f", best {progress.best.value:.4g} in trial number {progress.best.number}"
    return text


def show(tuned: Tuned, out: Path) -> None:
    """The best trial, its settings, and what to do with them."""
    states = [trial.state for trial in tuned.trials]
    others = [f"{states.count(state)} {state}" for state in ("pruned", "failed") if state in states]
    counted = f"{len(states)} trial{'s' * (len(states) > 1)}" + (f" ({', '.join(others)})" if others else "")
    table = Table("setting", title_justify="left")
    table.add_column("best", justify="right")
    table.add_column("was", justify="right")
    for name, value in tuned.best.settings.items():
        table.add_row(name, number(value), number(tuned.start[name]))
    console.out.print(table)
    train = ["cytally", "train", str(out / "best.yaml"), "--data", str(tuned.data), "-o", "MODEL"]
    train += ["--minutes", f"{tuned.minutes_per_trial:g}"] if tuned.minutes_per_trial else []
    console.out.print(
        f"Best of {counted}: {tuned.objective} {tuned.best.value:.4g} on validation images, in trial "
        f"{tuned.best.number}\nWhat mattered: {out / 'importance.png'}\nConfiguration: {out / 'best.yaml'}\n"
        f"Train it: {shlex.join(train)}"
    )


def number(value: object) -> str:
    """A setting's value as a reader would write it.

    Examples
    --------
    >>> number(0.00130000001), number(16), number(None), number("auto")
    ('0.0013', '16', 'none', 'auto')
    """
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
