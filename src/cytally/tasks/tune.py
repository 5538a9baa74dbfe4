"""Searching for the settings that count best on validation images."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cytally.datasets.fingerprint import fingerprint
from cytally.datasets.folder import read_folder
from cytally.errors import ConfigError, CytallyError, DataError, ImageError, UsageError
from cytally.files import write_text
from cytally.inference.torch_backend import Device, find_device
from cytally.methods.registry import find_method
from cytally.methods.volume_method import VolumeMethod
from cytally.tasks.output import TUNED, check_output, open_output, writing
from cytally.tasks.provenance import provenance
from cytally.tasks.search import Search, TuningProgress
from cytally.tasks.search_space import Parameter, find_parameters, with_values
from cytally.tasks.study import STUDY, Trial, load_study
from cytally.tasks.synthesis_configuration import make_synthesis
from cytally.tasks.synthesize import synthesize
from cytally.tasks.trial_run import TrialRun
from cytally.tasks.tune_config import TuneConfig, make_tune_config, read_tune_config
from cytally.tasks.watch import Watch
from cytally.training.configuration import Configuration, flat_settings, make_configuration
from cytally.training.settings import apply_setting, read_settings

RUN, DATA = "run.json", "data"


@dataclass(frozen=True)
class Tuned:
    """What a search found.

    Parameters
    ----------
    best
        The best trial.
    configuration
        The training configuration with its settings: what best.yaml holds.
    trials
        All trials, of earlier sittings too.
    start
        The searched settings as the configuration had them.
    data
        The data folder that was searched on.
    objective
        What was made best.
    minutes_per_trial
        Budget that each trial had.
    """

    best: Trial
    configuration: Configuration
    trials: tuple[Trial, ...]
    start: dict[str, Any]
    data: Path
    objective: str
    minutes_per_trial: float | None


def tune(
    config: TuneConfig | dict[str, Any] | str | Path,
    out: str | Path,
    *,
    data: str | Path | None = None,
    settings: Sequence[str] = (),
    trials: int | None = None,
    minutes: float | None = None,
    resume: bool = False,
    overwrite: bool = False,
    device: Device = "auto",
    watch: Watch | None = None,
    on_progress: Callable[[TuningProgress], None] | None = None,
) -> Tuned:
    """Train with many settings and keep the best.

    Trials are judged on the validation images that training keeps aside from the data folder, the same for all. Test
    images are never looked at.

    Parameters
    ----------
    config
        A `TuneConfig`, the same as a dictionary, or the path of a YAML file.
    out
        Folder for trials.csv, best.yaml, importance.csv, importance.png, run.json and study.json, and for the images
        that the configuration has drawn.
    data
        A data folder; overrides the configuration's.
    settings
        ``key=value`` changes to the training configuration.
    trials
        How many trials, those of earlier sittings included; overrides the configuration's.
    minutes
        No trial begins after so much time was spent in trials, in all sittings together.
    resume
        Go on from `out`, also with more trials; begin where it does not exist.
    overwrite
        Replace what an earlier search wrote into `out`.
    device
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    watch
        Functions to call on the way; of `on_step` no use is made.
    on_progress
        Called while and after each trial.

    Raises
    ------
    ConfigError, DataError, UsageError
        Before anything is trained or written, unless only training can tell.
    CytallyError
        When all trials failed.
    OutputError
        When `out` can no longer be written to.
    """
    watch, folder = watch or Watch(), Path(out)
    searched = _config(config)
    if trials is not None:
        searched = make_tune_config(searched.model_dump(exclude_none=True) | {"trials": trials})
    if minutes is not None and not 0 < minutes < float("inf"):
        raise UsageError(f"a budget of {minutes} minutes makes no sense", cure="give minutes above 0, as 30")
    file = Path(config) if isinstance(config, str | Path) else None
    configuration = _configuration(searched, settings, file)
    parameters = find_parameters(configuration, searched.search, file)
    find_device(device)
    given = data if data is not None else searched.data
    if given is None and searched.synthesize is None:
        raise UsageError("there is no data to tune on", cure="give a data folder with --data")
    drawing = None if given is not None else make_synthesis(searched.synthesize or {}, file=file)
    check_output(folder, TUNED, resume=resume, overwrite=overwrite, reads=[] if given is None else [Path(given)])
    images = (
        _images(Path(given), parameters, watch, volumes=issubclass(find_method(configuration.method), VolumeMethod))
        if given is not None
        else drawing.model_dump(mode="json")
        if drawing
        else None
    )
    deciding = {"images": images, **_deciding(searched, configuration)}
    done = load_study(folder, deciding) if resume and (folder / STUDY).is_file() else []
    open_output(folder, TUNED, overwrite=overwrite)
    source = folder / DATA if given is None else Path(given)
    with writing(folder):
        run = {"task": "tune", "made_by": {**provenance(), "optuna": version("optuna")}, "data": str(source.absolute())}
        write_text(folder / RUN, json.dumps({**run, **deciding}, indent=2) + "\n")
        if drawing is not None:
            synthesize(drawing, source, resume=True, watch=watch)
        search = Search(folder, searched, configuration, parameters, deciding, done, on_progress or (lambda _: None))
        try:
            search.run(TrialRun(searched, configuration, source, device, _once(watch.on_note), search.tell), minutes)
        finally:  # after Ctrl-C as well
            search.draw()
    best = search.best
    if best is None:
        raise CytallyError(_nothing(search.trials), file=folder, cure="look at trials.csv, and narrow the ranges")
    return Tuned(
        best,
        with_values(configuration, best.settings),
        tuple(search.trials),
        search.start,
        source,
        searched.objective,
        searched.minutes_per_trial,
    )


def _config(config: TuneConfig | dict[str, Any] | str | Path) -> TuneConfig:
    if isinstance(config, TuneConfig):
        return config
    return make_tune_config(config) if isinstance(config, dict) else read_tune_config(Path(config))


def _configuration(config: TuneConfig, changes: Sequence[str], file: Path | None) -> Configuration:
    """The training configuration that is tuned, `changes` applied; a run of it has to end by itself."""
    if isinstance(config.configuration, dict):
        values = config.model_dump()["configuration"]  # a copy that may be changed
    else:
        file = config.configuration
        values = read_settings(file, "method: density")
    for change in changes:
        apply_setting(values, change, file, "training.batch_size=8")
    configuration = make_configuration(values, file=file)
    training = configuration.training
    if configuration.transfer is not None or any(name.startswith("transfer.") for name in config.search):
        raise ConfigError(
            "a transfer cannot be tuned, since its trials would begin with no model",
            file=file,
            cure="leave the section 'transfer' out and tune the training itself",
        )
    if not any((training.steps, training.epochs, config.minutes_per_trial)) and training.schedule != "hyperrule":
        raise ConfigError(
            "nothing says when a trial ends", file=file, cure="set training.steps, training.epochs or minutes_per_trial"
        )
    return configuration


def _images(folder: Path, parameters: Sequence[Parameter], watch: Watch, *, volumes: bool) -> str:
    """The fingerprint of the images and their annotation; refused where they could not judge these settings."""
    try:
        found = read_folder(
            folder,
            require_annotation=False,
            on_image=lambda done, total: watch.on_images("Checking images", done, total),
            volumes=volumes,
        )
    except ImageError as error:
        raise DataError(error.message, file=error.file, cure=error.cure) from error
    drawn = [parameter.name for parameter in parameters if parameter.name.startswith("drawn.")]
    if drawn and len(found.annotated) < 2:
        raise DataError(
            f"fewer than two images are labelled, so that drawn ones would judge how they are drawn ({drawn[0]})",
            file=folder,
            cure="label some images, or take the settings of 'drawn' out of the search",
        )
    return fingerprint(found.samples)["combined"]


def _deciding(config: TuneConfig, configuration: Configuration) -> dict[str, Any]:
    """All that a search depends on, by dotted names; it may not change between two sittings."""
    values = config.model_dump(mode="json", exclude={"configuration", "data", "synthesize", "trials"})
    return dict(flat_settings({**values, "configuration": configuration.model_dump(mode="json")}))


def _once(note: Callable[[str], None]) -> Callable[[str], None]:
    """Each note once, though every trial reads the same images."""
    told: set[str] = set()

    def tell(text: str) -> None:
        if text not in told:
            told.add(text)
            note(text)

    return tell


def _nothing(trials: Sequence[Trial]) -> str:
    """Why there is no best trial."""
    failed = [trial.error for trial in trials if trial.state == "failed"]
    return f"no trial came to its end (trial 0: {failed[0]})" if failed else "no trial came to its end"
