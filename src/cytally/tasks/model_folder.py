"""What a training writes into its model folder beside the weights, and whether a run may be gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from cytally.calibration.training_range import TrainingRange
from cytally.errors import ConfigError, ModelError, UsageError
from cytally.files import whole_file, write_text
from cytally.models.card import ModelCard
from cytally.models.store import CHECKPOINT, read_card
from cytally.report.plots import training_curves
from cytally.tasks.provenance import provenance
from cytally.tasks.start import Start
from cytally.training.configuration import Configuration, flat_settings, make_configuration
from cytally.training.state import TrainingState

CONFIGURATION, SPLIT = "configuration.yaml", "split.json"
LIMITS = ("training.steps", "training.epochs", "training.patience", "counting.precision", "counting.flips")
"""Settings that may change between two sittings: how long to train, and how to count with what has been trained."""


def write_configuration(folder: Path, configuration: Configuration) -> None:
    """Write the configuration as it was given, for `--resume` and for training again."""
    values = configuration.model_dump(mode="json")
    write_text(folder / CONFIGURATION, yaml.safe_dump(values, sort_keys=False, allow_unicode=True))


def check_resumable(folder: Path, configuration: Configuration) -> None:
    """Refuse to go on with a run that has no checkpoint, or was begun with another configuration.

    A folder that is missing or empty is no error: the run begins. Limits (`LIMITS`) may change.

    Raises
    ------
    ModelError
        When there is a model without a checkpoint.
    UsageError
        When a setting differs; names it.
    """
    if not (folder / CHECKPOINT).is_file():
        if (folder / "model.json").is_file():
            raise ModelError("there is no checkpoint to resume from", file=folder, cure="train anew with --overwrite")
        return
    path = folder / CONFIGURATION
    try:
        earlier = make_configuration(yaml.safe_load(path.read_text(encoding="utf-8")), file=path)
    except (OSError, yaml.YAMLError, UnicodeDecodeError, ConfigError) as error:
        raise ModelError(
            "the configuration of the earlier run cannot be read", file=path, cure="train anew with --overwrite"
        ) from error
    before, after = (dict(flat_settings(each.model_dump(mode="json"))) for each in (earlier, configuration))
    for name in [*before, *after]:
        if name not in LIMITS and before.get(name) != after.get(name):
            raise UsageError(
                f"was begun with another configuration ({name} was {before.get(name)} and is {after.get(name)} now)",
                file=folder,
                cure="resume with the configuration it began with, or train anew with --overwrite",
            )


def check_same_images(folder: Path, training_data: dict[str, Any]) -> None:
    """Refuse to go on with other images of the same names, as far as the model that the run has written so far tells.

    Raises
    ------
    UsageError
        Names the first image that is another one now.
    """
    try:
        before = read_card(folder).training_data["fingerprint"]["images"]
    except (ModelError, LookupError, TypeError):
        return  # the run was stopped before its first model
    after = training_data["fingerprint"]["images"]
    changed = next((name for name, digest in before.items() if after.get(name, digest) != digest), None)
    if changed is not None:
        raise UsageError(
            f"was begun with other images or labels: '{changed}' is not what it was",
            file=folder,
            cure="resume with the data it began with, or train anew with --overwrite",
        )


def make_card(
    configuration: Configuration,
    in_channels: int,
    training_data: dict[str, Any],
    state: TrainingState,
    start: Start | None = None,
    transfer: dict[str, Any] | None = None,
    teacher: Start | None = None,
    *,
    accurate: bool = False,
    training_range: TrainingRange | None = None,
) -> ModelCard:
    """What model.json says of a run that stands at `state`, of the model that it began with, and of its teacher.

    The weights are those with the least error, or the most `accurate` ones; `transfer` is what was found out when the
    model was carried over.
    """
    made_by = provenance()
    if start is not None:
        made_by["start"] = start.model_dump(mode="json", exclude={"images"})
    if transfer is not None:
        made_by["transfer"] = transfer
    if teacher is not None:
        made_by["teacher"] = teacher.model_dump(mode="json", exclude={"images", "chain"})
    earlier = [each for each in (start, teacher) if each is not None]
    if earlier:
        training_data = {**training_data, "earlier_images": sorted({i for each in earlier for i in each.images})}
    return ModelCard(
        cytally_version=made_by["cytally"],
        method=configuration.method,
        configuration=configuration,
        input_channels=in_channels,
        normalisation=configuration.input.normalisation,
        pixel_size=configuration.input.pixel_size,
        training_data=training_data,
        validation=state.accurate_metrics if accurate else state.best_metrics,
        training_range=training_range,
        provenance={
            **made_by,
            "epochs": state.epoch,
            "steps": state.step,
            "minutes": round(state.seconds / 60, 2),
            "best_epoch": state.accurate_epoch if accurate else state.best_epoch,
        },
    )


def write_curves(folder: Path, state: TrainingState, *, drawn: bool) -> None:
    """Write the course of the training as curves.csv and, where they shall be `drawn`, as curves.png."""
    history = pd.DataFrame(state.history)
    with whole_file(folder / "curves.csv") as temporary:
        history.to_csv(temporary, index=False)
    if drawn:
        training_curves(history, folder / "curves.png")
