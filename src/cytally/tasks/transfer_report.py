"""What a transfer did, in words and as report.html."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cytally.models.card import ModelCard
from cytally.models.model import Model
from cytally.report.html import ReportFigure, decimal, significant
from cytally.report.transfer_curve import transfer_curve
from cytally.report.transfer_page import ChainLink, StageRow, TransferData, write_transfer
from cytally.tasks.model_notes import FEW, model_notes
from cytally.tasks.output import writing
from cytally.tasks.start import chain_of
from cytally.training.freezing import is_part_of
from cytally.training.transfer import TransferConfig


def in_words(card: ModelCard) -> list[str]:
    """What a transfer did and what it brought, one sentence each, without a full stop.

    Parameters
    ----------
    card
        Of the model that came out.
    """
    facts, config = card.provenance["transfer"], card.configuration
    assert config.transfer is not None
    before = _error(facts["before"])
    drawn = "" if card.training_data.get("validation") else "drawn "
    said = [
        f"The model as it came had a mean absolute error of {decimal(before, 2)} cells on the same {drawn}validation "
        f"images{', less than the new one' * (before < _error(card.validation))}",
        *_frozen_in_words(config.transfer, facts),
    ]
    ratio, first = config.drawn.ratio, config.transfer.first
    if ratio:
        said.append(f"{ratio:g} drawn image{' was' if ratio == 1 else 's were'} shown per natural one")
    else:
        said.append("Only natural images were shown, nothing was drawn")
    if first is not None:
        said.append(f"For the first {_percent(config.transfer.first_share)} of the run only {first} images were shown")
    decodes = getattr(config.options, "decodes", None)
    if decodes:
        every = getattr(config.options, "reconstruction_every", 1)
        kinds = " of each kind" if ratio else ""
        said.append("Every batch was decoded" if every == 1 else f"One batch in {every}{kinds} was decoded")
    elif decodes is False:
        said.append(_decoder_in_words(facts.get("step_seconds")))
    return said


def chain_in_words(card: ModelCard) -> str | None:
    """The models that a model came from, as ``phase -> bright-field (frozen-core) -> this model (thaw)``.

    Where a strategy follows a name, that model was carried over from the one before it by `cytally transfer`. None for
    a model that was trained from random weights.
    """
    names = [_named(link.name, link.strategy) for link in chain_of(card)]
    transfer = card.configuration.transfer
    last = _named("this model", None if transfer is None else transfer.strategy)
    return " -> ".join([*names, last]) if names else None


def write_transfer_report(folder: Path, model: Model, notes: Sequence[str] = ()) -> None:
    """Write report.html of a transfer into its model folder, by what model.json and curves.csv there hold.

    `notes` are sentences that were told on the way.

    Raises
    ------
    OutputError
        When it cannot be written.
    """
    card = model.card
    facts, transfer = card.provenance["transfer"], card.configuration.transfer
    assert transfer is not None
    before, after, seconds = _error(facts["before"]), _error(card.validation), facts.get("step_seconds")
    history = pd.read_csv(folder / "curves.csv")
    data = card.training_data
    kept = history.loc[history["epoch"] == card.provenance["best_epoch"], "step"]
    thawed_at: dict[str, int] = facts["thawed_at"]
    curve = transfer_curve(
        history["step"],
        history["validation_mae"],
        before=before,
        kept=int(kept.iloc[-1]) if len(kept) else None,
        thawed_at=thawed_at,
    )
    report = TransferData(
        title="How the model was carried over",
        model=folder.resolve().name,
        description=f"A model of the method {card.method}: {chain_in_words(card)}",
        before=before,
        after=after,
        validation=int(card.validation["n"]),
        validation_name="validation images" if data.get("validation") else "drawn validation images",
        saved=None if seconds is None else _saved(seconds),
        sentences=tuple(f"{sentence}." for sentence in [_brought(card, after), *in_words(card)]),
        notes=(*notes, *_doubts(card)),
        chain=_chain(card, folder),
        stages=tuple(
            StageRow(stage["name"], tuple(stage["parts"]), stage["at"], thawed_at.get(stage["name"]))
            for stage in facts["stages"]
        ),
        figures=(
            ReportFigure(
                "curve",
                "Validation error",
                "By how many cells the counts of the validation images are off, on average, over the steps of the "
                "training. Where the curve stays above the dashed line, the model as it came counted better."
                + (" Each dotted line is a stage that thaws." if thawed_at else ""),
                curve,
                f"Validation error over the steps, {decimal(before, 2)} before and {decimal(after, 2)} kept",
            ),
        ),
        facts={
            "cytally": card.provenance["cytally"],
            "method": card.method,
            "images": f"{data['train']} to train, {data['validation']} to validate, {data['unlabelled']} unlabelled",
            "drawn images": f"{data['drawn']:,}",
            "training": f"{card.provenance['steps']:,} steps in {card.provenance['minutes']:g} minutes",
            "date": card.provenance["created"],
            "command": " ".join(card.provenance["command"]),
        },
    )
    with writing(folder, cure="make room, then go on with --resume"):
        write_transfer(folder / "report.html", report)


def _frozen_in_words(transfer: TransferConfig, facts: dict[str, Any]) -> list[str]:
    """Which parts were frozen, and when they thawed."""
    frozen, always = _whole(facts["frozen"]), _whole(transfer.freeze)
    if not frozen:
        return ["Strategy simultaneous: nothing was frozen"]
    if transfer.strategy != "thaw":
        return [f"Strategy {transfer.strategy}: {_parts(frozen)} frozen over the whole run"]
    said = [f"Strategy thaw from {transfer.thaw_from}: {_parts(frozen)} frozen to begin with"]
    if always:
        said.append(f"Of these stayed frozen over the whole run: {', '.join(always)}")
    came = facts["thawed_at"]
    thawed = [f"{each['name']} at {_percent(each['at'])} of the run (step {came[each['name']]:,})"
              for each in facts["stages"] if each["name"] in came]  # fmt: skip
    missed = [f"{each['name']} ({_percent(each['at'])})" for each in facts["stages"] if each["name"] not in came]
    said += [f"Thawed: {', '.join(thawed)}"] if thawed else []
    return said + ([f"Not thawed, since the run ended before: {', '.join(missed)}"] if missed else [])


def _parts(parts: Sequence[str]) -> str:
    """How many parts, and which."""
    number = "1 part" if len(parts) == 1 else f"{len(parts)} parts"
    return f"{number} ({', '.join(parts)}) {'was' if len(parts) == 1 else 'were'}"


def _whole(parts: Sequence[str]) -> list[str]:
    """The parts, each once, without those that lie within another."""
    once = list(dict.fromkeys(parts))
    return [part for part in once if not is_part_of(part, [other for other in once if other != part])]


def _decoder_in_words(seconds: dict[str, float] | None) -> str:
    if seconds is None:
        return "Nothing was decoded"
    without, usual = (significant(seconds[way]) for way in ("without_decoder", "with_decoder"))
    saved = _saved(seconds)
    less = f"{100 * saved:.0f} % less" if saved >= 0.01 else "which saves nothing"
    return f"Nothing was decoded: a training step took {without} s instead of {usual} s, {less}"


def _brought(card: ModelCard, after: float) -> str:
    number = int(card.validation["n"])
    drawn = "" if card.training_data.get("validation") else "drawn "
    return (
        f"The new model, kept from epoch {card.provenance['best_epoch']}, has a mean absolute error of "
        f"{decimal(after, 2)} cells on {number} {drawn}validation image{'s' * (number != 1)}"
    )


def _doubts(card: ModelCard) -> list[str]:
    """Why its validation error may say little."""
    number = int(card.validation["n"])
    if card.training_data.get("validation") and number < FEW:
        few = f"{number} image{'s' * (number != 1)}"
        return [f"The validation error is that of {few}, which is too few to rely on: evaluate the model on others."]
    return model_notes(card)


def _chain(card: ModelCard, folder: Path) -> tuple[ChainLink, ...]:
    earlier = [
        ChainLink(link.name, link.strategy or "cytally train", link.created or "unknown", link.weights)
        for link in chain_of(card)
    ]
    transfer = card.configuration.transfer
    assert transfer is not None
    return (*earlier, ChainLink(f"{folder.resolve().name} (this model)", transfer.strategy, card.provenance["created"]))


def _error(metrics: dict[str, Any]) -> float:
    """The mean absolute error; NaN where it was no number, which JSON has no word for."""
    mae = metrics.get("mae")
    return float("nan") if mae is None else float(mae)


def _saved(seconds: dict[str, float]) -> float:
    return 1 - seconds["without_decoder"] / seconds["with_decoder"]


def _named(name: str, strategy: str | None) -> str:
    return name if strategy is None else f"{name} ({strategy})"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
