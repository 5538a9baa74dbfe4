"""Carrying a trained model over to images of another kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cytally.inference.torch_backend import Device
from cytally.models.model import Model
from cytally.tasks.train import train
from cytally.tasks.training_data import DataSource
from cytally.tasks.transfer_report import write_transfer_report
from cytally.tasks.watch import Watch
from cytally.training.configuration import Configuration, as_configuration


def transfer(
    source: Model | str | Path,
    config: Configuration | dict[str, Any] | str | Path,
    data: DataSource,
    out: str | Path | None = None,
    *,
    minutes: float | None = None,
    resume: bool = False,
    overwrite: bool = False,
    device: Device = "auto",
    watch: Watch | None = None,
) -> Model:
    """Train on from a model, on images of another kind, with the strategy that the configuration names.

    Parameters
    ----------
    source
        The model: a model folder or the name of a bundled one. Its weights are begun with; the optimiser begins anew.
    config
        What is trained, as for `cytally.train`; its section `transfer` says what is frozen and what thaws when. A file
        or dictionary without such a section freezes nothing; a `Configuration` has to have one.
    data, out, minutes, resume, overwrite, device, watch
        As for `cytally.train`. `out` gets a report.html as well.

    Returns
    -------
    Model
        With the weights of the best validation error; `model.card.provenance["start"]["chain"]` names where it came
        from, the oldest first.

    Raises
    ------
    ConfigError, DataError, ModelError, UsageError
        Before anything is trained or written: when the model is of another method or has another network, when
        everything would be frozen, when there are no images.
    OutputError
        When `out` can no longer be written to.

    References
    ----------
    Kenneweg, Stallmann & Hammer 2022, *Novel transfer learning schemes based on Siamese networks and synthetic data*.
    """
    watch, notes = watch or Watch(), list[str]()

    def note(sentence: str) -> None:
        notes.append(sentence)
        watch.on_note(sentence)

    model = train(
        as_configuration(config, transfer=True),
        data,
        out,
        start=source,
        minutes=minutes,
        resume=resume,
        overwrite=overwrite,
        device=device,
        watch=replace(watch, on_note=note),
    )
    if out is not None:
        write_transfer_report(Path(out), model, notes)
    return model
