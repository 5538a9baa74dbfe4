"""The model and the back end of an earlier run, taken again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

from pydantic import ValidationError

from cytally.errors import CytallyError, ModelError, UsageError
from cytally.inference.backend import BackendName
from cytally.inference.torch_backend import Device
from cytally.models.card import ModelCard
from cytally.models.model import Model
from cytally.models.store import bundled_models
from cytally.tasks.called_model import CalledModel, called
from cytally.tasks.count_options import CountOptions
from cytally.tasks.count_run import run_in_words, weights_digest
from cytally.tasks.growth_options import GrowthTaskOptions
from cytally.tasks.rerun_record import RunRecord
from cytally.tasks.segment_options import SegmentOptions
from cytally.tasks.shared_model import make_ready

ModelOptions = TypeVar("ModelOptions", CountOptions, SegmentOptions, GrowthTaskOptions)
IN_WORDS = re.compile(r"(torch|openvino|onnx) in \w+ on (cpu|cuda|mps)")


def recorded_model(record: RunRecord, given: str | Path | None = None) -> tuple[CalledModel, list[str]]:
    """The model of a run, as it was then: its weights are looked up, its card is what run.json holds.

    So a model that was calibrated since gives the intervals it gave then.

    Parameters
    ----------
    record
        The run.
    given
        Where the model lies now, where not where it lay.

    Returns
    -------
    tuple
        The model under its name of that time, and sentences on what has changed.

    Raises
    ------
    ModelError
        When it is gone, or has other weights.
    """
    told = dict(record.values.model)
    name, digest, folder = (told.pop(key, None) for key in ("name", "weights_sha256", "folder"))
    if not isinstance(name, str) or digest is None:
        raise ModelError("does not say which model it used", file=record.file, cure="make a new run")
    wanted = str(given) if given is not None else str(folder or name)
    if wanted not in bundled_models() and not Path(wanted).is_dir():
        raise ModelError("the model of the run is gone", file=wanted, cure="say where it lies now with --model")
    found = replace(called(wanted), name=name)
    model = found.model
    if weights_digest(model.network) != digest:
        raise ModelError(
            "has other weights than the model of the run", file=wanted, cure="name that model's folder with --model"
        )
    now = model.card.model_dump(mode="json")
    try:
        card = ModelCard.model_validate(told | {"name": model.card.name})
    except (ValidationError, CytallyError) as error:
        raise ModelError(
            "describes the model as this version of cytally does not",
            file=record.file,
            cure="use the version of cytally that wrote it",
        ) from error
    changed = [key for key, value in card.model_dump(mode="json").items() if now[key] != value]
    if not changed:
        return found, []
    network = card.configuration.build(card.input_channels).network()
    network.load_state_dict(model.network.state_dict())
    as_then = Model(card, network.eval())
    as_then.exported = model.exported
    note = f"The model's {' and '.join(changed)} changed since; what run.json holds is taken."
    return replace(found, model=as_then), [note]


def with_back_end(model: Model, options: ModelOptions, ran_by: str | None) -> tuple[ModelOptions, list[str]]:
    """The options with the back end that ran then; where it is not here, with another, and a sentence that says so.

    Raises
    ------
    UsageError, ModelError
        When none serves.
    """
    works: ModelOptions | None = None
    refused: CytallyError | None = None
    for backend, device in dict.fromkeys(_candidates(options, ran_by)):
        try:
            make_ready(model, backend, device)
        except (UsageError, ModelError) as error:
            refused = refused or error
            continue
        candidate = replace(options, backend=backend, device=device)
        if ran_by is None or run_in_words(model) == ran_by:
            return candidate, []
        works = works or candidate
    if works is None:
        raise refused or UsageError("nothing runs the model here", cure="see 'cytally doctor'")
    make_ready(model, works.backend, works.device)
    here = run_in_words(model)
    return works, [f"Ran by {ran_by} then, which there is not here, and by {here} now: the last digits may differ."]


def _candidates(options: ModelOptions, ran_by: str | None) -> Iterator[tuple[BackendName, Device]]:
    """What was asked for, which may find the same by itself; what it was; whatever there is."""
    yield options.backend, options.device
    if found := IN_WORDS.match(ran_by or ""):
        yield cast("BackendName", found[1]), cast("Device", found[2])
    yield "auto", "auto"
