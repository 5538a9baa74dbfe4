"""Training a model from a data folder and a configuration."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from cytally.datasets.splits import write_split
from cytally.errors import CytallyError, UsageError
from cytally.inference.torch_backend import Device, find_device
from cytally.methods.registry import find_method
from cytally.methods.volume_method import VolumeMethod
from cytally.models.model import Model
from cytally.models.store import ACCURATE, CARD, CHECKPOINT, load, save
from cytally.tasks.model_folder import (
    SPLIT,
    check_resumable,
    check_same_images,
    make_card,
    write_configuration,
    write_curves,
)
from cytally.tasks.output import TRAINED, check_output, open_output, writing
from cytally.tasks.start import check_apart, check_start, earlier_start, notes_on_start, start_of, write_start
from cytally.tasks.teacher import load_teacher, make_teacher, teacher_fact
from cytally.tasks.training_data import (
    DataSource,
    choose_split,
    facts,
    read_sources,
    samples_of,
    source_paths,
)
from cytally.tasks.training_examples import load_data
from cytally.tasks.training_range import find_training_range
from cytally.tasks.transfer_facts import transfer_facts
from cytally.tasks.unused_settings import unused_settings
from cytally.tasks.watch import Watch
from cytally.training.configuration import Configuration, as_configuration
from cytally.training.loop import Trainer
from cytally.training.state import TrainingState


def train(
    config: Configuration | dict[str, Any] | str | Path,
    data: DataSource,
    out: str | Path | None = None,
    *,
    start: Model | str | Path | None = None,
    minutes: float | None = None,
    resume: bool = False,
    overwrite: bool = False,
    device: Device = "auto",
    watch: Watch | None = None,
) -> Model:
    """Train a model.

    Parameters
    ----------
    config
        A `Configuration`, the same as a dictionary, or the path of a YAML file.
    data
        A data folder (`DATA/images` with labels/, points.csv or counts.csv), or several with the share of the crops of
        each.
    out
        Model folder to write; None keeps the model in memory only. It holds a usable model from the first
        validation on, and split.json, configuration.yaml, curves.csv, curves.png and checkpoint.pt; with
        `training.keep_most_accurate` a second model in `most-accurate`.
    start
        A model with the same network, a model folder, or the name of a bundled one: its weights are begun with
        instead of random ones.
    minutes
        Budget of time, of all sittings together; None trains until the configuration's own limits.
    resume
        Go on from `out` after a kill, or with a larger budget; begin where `out` does not exist.
    overwrite
        Replace the model in `out`.
    device
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    watch
        Functions to call on the way.

    Returns
    -------
    Model
        With the weights of the best validation error.

    Raises
    ------
    ConfigError, DataError, ModelError, UsageError
        Before anything is trained or written.
    OutputError
        When `out` can no longer be written to, as on a full disk; the last model and checkpoint written stay.
    """
    watch = watch or Watch()
    configuration = as_configuration(config)
    if minutes is not None and not 0 < minutes < math.inf:
        raise UsageError(f"a budget of {minutes} minutes makes no sense", cure="give minutes above 0, as 30")
    target = find_device(device)
    if configuration.transfer is not None and start is None:
        raise UsageError(
            "the section 'transfer' is about a trained model, and none is given",
            cure="run 'cytally transfer --from MODEL', or leave the section out",
        )
    _refuse_shares_of_no_end(configuration, minutes)
    begin = load(start) if isinstance(start, str | Path) else start
    if begin is not None:
        check_start(begin, configuration)
    began = None if begin is None else start_of(begin, Path(start) if isinstance(start, str | Path) else None)
    teacher = load_teacher(configuration)
    learnt_from = None if teacher is None else teacher_fact(teacher, str(configuration.training.teacher))
    folder, going_on = None if out is None else Path(out), False
    if folder is not None:
        reads = [path for path, _ in source_paths(data)]
        if isinstance(start, str | Path):
            check_apart(folder, Path(start))
            reads.append(Path(start) / CARD)
        check_output(folder, TRAINED, resume=resume, overwrite=overwrite, reads=reads)
        if resume:
            check_resumable(folder, configuration)
            going_on = (folder / CHECKPOINT).is_file()
            began = earlier_start(folder, began) if going_on else began

    kind, with_drawn = find_method(configuration.method), configuration.drawn.ratio > 0
    folders = read_sources(data, watch, kind, drawn=with_drawn, taught=teacher is not None)
    chosen = choose_split(folders, configuration, folder / SPLIT if folder is not None and resume else None)
    listed = (chosen.train, chosen.validation, chosen.unlabelled)
    left_out = sum(len(each.samples) for each in folders) - sum(map(len, listed))
    if left_out:
        watch.on_note(f"{left_out} image{'s' * (left_out > 1)} came after the run was begun, and will not be used.")
    training_data = facts(folders, chosen, configuration)
    if folder is not None and going_on:
        check_same_images(folder, training_data)
    for note in unused_settings(configuration):
        watch.on_note(note)
    sized, examples = load_data(folders, chosen, configuration, watch, begin)
    in_channels = find_method(configuration.method).channels_of(examples.training[0])
    method = sized.build(in_channels).fit_to(examples.training, like=None if begin is None else begin.method)
    fitted = sized.model_copy(update={"options": method.config})
    if fitted.training.crop is None and isinstance(method, VolumeMethod):
        examples = replace(examples, training=[method.whole(each) for each in examples.training])
    trainer = Trainer(
        method,
        examples,
        fitted.training,
        fitted.augmentation,
        seed=configuration.seed,
        device=target,
        counting=fitted.counting,
        transfer=fitted.transfer,
        teacher=None if teacher is None else make_teacher(teacher, method, target),
    )
    carried = None
    if begin is not None:
        trainer.begin_with(begin.network)
        for note in notes_on_start(begin, fitted, training_data, chosen):
            watch.on_note(note)
        carried = None if fitted.transfer is None else transfer_facts(trainer)

    natural = [sample for sample in samples_of(folders) if sample.name in chosen.train]
    usual = find_training_range(fitted, method, in_channels, natural)
    if (
        usual is None
        and begin is not None
        and fitted.transfer is None
        and fitted.input == begin.card.configuration.input
    ):
        usual = begin.card.training_range  # too few images of its own: what it began with has seen more

    def model_of(network: nn.Module, state: TrainingState, *, accurate: bool = False) -> Model:
        found = None if carried is None else {**carried, "thawed_at": dict(state.thawed_at)}
        beginnings = (began, found, learnt_from)
        card = make_card(
            fitted, in_channels, training_data, state, *beginnings, accurate=accurate, training_range=usual
        )
        return Model(card, network)

    if folder is None:
        return model_of(trainer.run(minutes=minutes, on_progress=watch.on_step), trainer.state)

    def keep(network: nn.Module, state: TrainingState) -> None:
        save(model_of(network, state), folder)
        if fitted.training.keep_most_accurate:
            save(model_of(trainer.most_accurate_network(), state, accurate=True), folder / ACCURATE)
        write_curves(folder, state, drawn=False)  # drawing takes as long as some training steps

    open_output(folder, TRAINED, overwrite=overwrite)
    with writing(folder):
        write_configuration(folder, configuration)
        write_split(folder / SPLIT, chosen)
        if began is not None:
            write_start(folder, began)
        try:
            network = trainer.run(
                minutes=minutes,
                checkpoint=folder / CHECKPOINT,
                resume=going_on,
                on_progress=watch.on_step,
                on_better=keep,
            )
            keep(network, trainer.state)
        except CytallyError as error:
            raise type(error)(error.message, file=error.file or folder, cure=error.cure) from error
        finally:  # after Ctrl-C as well
            if trainer.state.history:
                write_curves(folder, trainer.state, drawn=True)
    return model_of(network, trainer.state)


def _refuse_shares_of_no_end(configuration: Configuration, minutes: float | None) -> None:
    """Refuse a transfer whose stages or phases come at shares of a run that only patience would end."""
    transfer, training = configuration.transfer, configuration.training
    if transfer is None or (transfer.strategy != "thaw" and transfer.first is None):
        return
    if minutes is None and not training.steps and not training.epochs and training.schedule != "hyperrule":
        raise UsageError(
            f"{'the stages thaw' if transfer.strategy == 'thaw' else 'transfer.first lasts'} by shares of the run, and "
            "nothing says how long this one is",
            cure="give --minutes, or set training.steps=1500",
        )
