"""The report of a transfer: where a model came from, what was frozen, and what the transfer brought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cytally.files import write_text
from cytally.report.html import ReportFigure, decimal, environment


@dataclass(frozen=True)
class ChainLink:
    """A model on the way to this one.

    Parameters
    ----------
    name
        What it is called.
    strategy
        How it was carried over from the one before, in words.
    created
        When it was trained.
    weights
        Fingerprint of its weights; empty for the model that the report is about.
    """

    name: str
    strategy: str
    created: str
    weights: str = ""


@dataclass(frozen=True)
class StageRow:
    """Parts of the network that thaw together.

    Parameters
    ----------
    name, parts
        The stage, and the parts of the network in it.
    share
        Share of the run at which it was to thaw.
    step
        The step before which it did; None where it did not.
    """

    name: str
    parts: tuple[str, ...]
    share: float
    step: int | None


@dataclass(frozen=True)
class TransferData:
    """All that the report of a transfer tells.

    Parameters
    ----------
    title
        Heading of the page.
    model, description
        The model's name, and a sentence on it.
    before, after
        Mean absolute error in cells on the validation images, of the model as it came and of the one that was kept.
    validation
        Number of the validation images.
    validation_name
        What these are, as "validation images".
    saved
        Share of a step's time that was saved by decoding nothing; None where pictures were decoded.
    sentences
        What was done.
    chain
        The models on the way, the oldest first, this one the last.
    notes
        Sentences such as that validation images were seen before.
    stages
        What was to thaw when.
    figures
        Pictures, one below the other.
    facts
        What was run.
    """

    title: str
    model: str
    description: str
    before: float
    after: float
    validation: int
    validation_name: str
    saved: float | None
    sentences: tuple[str, ...]
    chain: tuple[ChainLink, ...]
    notes: tuple[str, ...] = ()
    stages: tuple[StageRow, ...] = ()
    figures: tuple[ReportFigure, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_transfer(path: Path, report: TransferData) -> None:
    """Write the report as one HTML file, whole or not at all."""
    write_text(path, render_transfer(report))


def render_transfer(report: TransferData) -> str:
    """The report as HTML text."""
    tiles = [
        ("error as it came", decimal(report.before, 2)),
        ("error now", decimal(report.after, 2)),
        (report.validation_name, f"{report.validation:,}"),
    ]
    if report.stages:
        thawed = sum(stage.step is not None for stage in report.stages)
        tiles.append(("stages thawed", f"{thawed} of {len(report.stages)}"))
    if report.saved is not None:
        tiles.append(("time of a step saved", f"{decimal(100 * report.saved, 0)} %"))
    return environment().get_template("transfer.html.j2").render(report=report, tiles=tiles)
