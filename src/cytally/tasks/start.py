"""The model that a training begins with: whether it fits, and what is remembered of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn

from cytally.datasets.fingerprint import DIGITS
from cytally.datasets.splits import Split
from cytally.errors import ModelError, UsageError
from cytally.files import write_text
from cytally.methods.registry import find_method
from cytally.models.card import ModelCard
from cytally.models.model import Model
from cytally.models.store import ACCURATE
from cytally.training.configuration import Configuration, flat_settings
from cytally.training.freezing import check_parts, plan_freezing

START = "start.json"


class Link(BaseModel):
    """One model of the chain by which a model came about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    created: str | None
    weights: str
    """Fingerprint of its weights."""
    data: str | None
    """Fingerprint of what it was trained on."""
    strategy: str | None = None
    """How it was carried over from the one before it; None where it was not."""


class Start(BaseModel):
    """What start.json and model.json remember of the model that was begun with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    created: str | None
    weights: str
    """Fingerprint of its weights."""
    data: str | None
    """Fingerprint of what it was trained on."""
    images: tuple[str, ...]
    """Fingerprints of the images that it has seen, those of the models before it included."""
    chain: tuple[Link, ...] = ()
    """The models that led to it, the oldest first, itself the last."""


def share_of(number: int, total: int, what: str = "image") -> str:
    """How many of the images that are looked at.

    Examples
    --------
    >>> share_of(2, 3), share_of(12, 12), share_of(1, 1)
    ('2 of these 3 images', 'all 12 images', 'the one image')
    """
    if number < total:
        return f"{number} of these {total} {what}s"
    return f"all {total} {what}s" if total > 1 else f"the one {what}"


def seen_images(card: ModelCard) -> set[str]:
    """Fingerprints of the images that a model and those before it were trained on, or validated by."""
    fingerprint = card.training_data.get("fingerprint") or {}
    return {*fingerprint.get("images", {}).values(), *card.training_data.get("earlier_images", ())}


def start_of(model: Model, folder: Path | None = None) -> Start:
    """What to remember of `model`, which the chain calls by its name or that of its `folder`."""
    fingerprint = model.card.training_data.get("fingerprint") or {}
    created = model.card.provenance.get("created")
    weights = hashlib.sha256()
    for name, value in sorted(model.network.state_dict().items()):
        weights.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
    transfer = model.card.configuration.transfer
    link = Link(
        name=model.card.name or (model.name if folder is None else _called(folder)),
        created=created,
        weights=weights.hexdigest()[:DIGITS],
        data=fingerprint.get("combined"),
        strategy=None if transfer is None else transfer.strategy,
    )
    return Start(
        name=model.name,
        **link.model_dump(exclude={"name", "strategy"}),
        images=tuple(sorted(seen_images(model.card))),
        chain=(*chain_of(model.card), link),
    )


def _called(folder: Path) -> str:
    """What a model folder is called; the one of the most accurate weights lies in that of the model."""
    path = folder.resolve()
    return f"{path.parent.name}/{path.name}" if path.name == ACCURATE else path.name


def chain_of(card: ModelCard) -> tuple[Link, ...]:
    """The models that a model came from, one after the other, the oldest first; itself is not among them."""
    start = card.provenance.get("start")
    if start is None:
        return ()
    if "chain" in start:
        return tuple(Link.model_validate(link) for link in start["chain"])
    weights = start.get("weights", "")  # of before chains were kept
    return (Link(name=start["name"], created=start.get("created"), weights=weights, data=start.get("data")),)


def earlier_start(folder: Path, asked: Start | None) -> Start | None:
    """What a run that is gone on with began with.

    Raises
    ------
    UsageError
        When another model is asked for than it began with.
    ModelError
        When start.json cannot be read.
    """
    path, start = folder / START, None
    if path.is_file():
        try:
            start = Start.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise ModelError("cannot be read", file=path, cure="train anew with --overwrite") from error
    others = {"chain"}  # a folder may have been renamed
    if asked is not None and (start is None or asked.model_dump(exclude=others) != start.model_dump(exclude=others)):
        began = "random weights"
        if start is not None:
            began = f"the model '{start.chain[-1].name if start.chain else start.name}' of {start.created}"
        raise UsageError(
            f"was begun with {began}, not with the model that is given now",
            file=folder,
            cure="resume with the model that it began with, or train anew with --overwrite",
        )
    return start


def write_start(folder: Path, start: Start) -> None:
    """Write start.json, for a run that is gone on with."""
    write_text(folder / START, json.dumps(start.model_dump(), indent=2) + "\n")


def check_start(model: Model, configuration: Configuration) -> None:
    """Refuse a model that a training by `configuration` cannot begin with, before any image is read.

    Raises
    ------
    ModelError
        When it is of another method, or its network has layers of another shape.
    ConfigError
        When there are no such parts as shall be frozen or have a learning rate of their own, or nothing could learn.
    """
    if model.card.method != configuration.method:
        raise ModelError(
            f"the model '{model.name}' to begin with is of the method '{model.card.method}', and this trains "
            f"'{configuration.method}'",
            cure="begin with a model of the same method",
        )
    method = configuration.build(model.card.input_channels)
    network = method.network()
    theirs, ours = _shapes(model.network), _shapes(network)
    for name in [*ours, *theirs]:
        there, here = (each.get(name, "missing") for each in (theirs, ours))
        if there != here:
            options = ", ".join(_shaping(model, configuration, ours))
            raise ModelError(
                f"the model to begin with has another network: '{name}' is {there} there and {here} here",
                cure="train with the options that it was trained with" + (f": {options}" if options else ""),
            )
    plan_freezing(method, network, configuration.transfer, drawn=configuration.drawn.ratio > 0)
    check_parts(network, configuration.training.learning_rates, "training.learning_rates")


def _shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def _shaping(model: Model, configuration: Configuration, ours: dict[str, tuple[int, ...]]) -> list[str]:
    """Of the options that differ, those by which the network does: each is tried in the place of ours."""
    theirs, found = model.card.configuration.options, []
    for told in _differing(model, configuration, {"options"}):
        name = told.partition(" ")[0].removeprefix("options.")
        changed = configuration.options.model_copy(update={name: getattr(theirs, name)})
        other = configuration.model_copy(update={"options": changed}).build(model.card.input_channels)
        if _shapes(other.network()) != ours:
            found.append(told)
    return found


def check_channels(model: Model, in_channels: int) -> None:
    """Refuse a model that takes another number of channels than the images have.

    Raises
    ------
    ModelError
        Quotes both.
    """
    if model.card.input_channels != in_channels:
        raise ModelError(
            f"the number of channels of the model to begin with is {model.card.input_channels}, and that of these "
            f"images {in_channels}",
            cure="choose the same 'input.channels' as it has; 'one' takes the channel that varies most",
        )


def check_apart(folder: Path, source: Path) -> None:
    """Refuse to write a model into the one that it begins with.

    Raises
    ------
    UsageError
        When `folder` is that of the `source`, or lies within.
    """
    place, kept = folder.resolve(), source.resolve()
    if kept.is_dir() and kept in (place, *place.parents):
        raise UsageError(
            f"lies in the model that is begun with ({source})", file=folder, cure="choose another folder with -o"
        )


def _differing(model: Model, configuration: Configuration, sections: set[str]) -> list[str]:
    """The settings in which the model to begin with was trained otherwise."""
    there, here = (
        dict(flat_settings(each.model_dump(mode="json", include=sections)))
        for each in (model.card.configuration, configuration)
    )
    return [f"{key} ({there.get(key)} there, {each} here)" for key, each in here.items() if there.get(key) != each]


def notes_on_start(
    model: Model, configuration: Configuration, training_data: dict[str, Any], parts: Split
) -> list[str]:
    """What the user should know of the model to begin with, one sentence each."""
    notes = []
    ours = find_method(configuration.method).transfer_defaults if configuration.transfer is not None else {}
    usual = {f"options.{name}" for name in ours.get("options", {})}  # which differ by themselves
    differing = [
        each for each in _differing(model, configuration, {"input", "options"}) if each.partition(" ")[0] not in usual
    ]
    if differing:
        notes.append(f"The model to begin with was trained with other settings: {', '.join(differing)}.")
    digests, known = training_data["fingerprint"]["images"], seen_images(model.card)
    twice = [name for name in parts.validation if digests[name] in known]
    if twice:
        notes.append(
            f"The model to begin with has seen {share_of(len(twice), len(parts.validation), 'validation image')}, the "
            f"first {twice[0]}, in its own training or validation: the validation error may flatter the new one."
        )
    return notes
