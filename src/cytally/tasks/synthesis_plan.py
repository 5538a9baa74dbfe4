"""What a set of drawn images or volumes is drawn from: the preset with its settings, and what natural images teach."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.folder import DataFolder, Sample, read_folder
from cytally.errors import ConfigError, DataError, ImageError
from cytally.synthesis.nuclei import DrawnImage
from cytally.synthesis.presets import Drawing
from cytally.synthesis.timelapse import DrawnTimelapse
from cytally.synthesis.volumes import DrawnVolume
from cytally.tasks.natural_scene import learn_counts, mean_background
from cytally.tasks.synthesis_configuration import SynthesisConfiguration
from cytally.tasks.synthesis_drawing import AnyDrawing, find_drawing, things
from cytally.tasks.watch import Watch


@dataclass(frozen=True, eq=False)
class Plan:
    """All that decides the pixels of a set of drawn images.

    Parameters
    ----------
    seed
        Of the set.
    drawing
        The preset with its settings, learned ones included.
    background
        Grey levels (Y, X), 0 to 255, that take the place of the preset's; None leaves it.
    """

    seed: int
    drawing: AnyDrawing
    background: NDArray[np.float64] | None = None

    @property
    def things(self) -> str:
        """What is drawn: images, volumes or time-lapses."""
        return things(self.drawing)

    def draw(self, number: int) -> DrawnImage | DrawnVolume | DrawnTimelapse:
        """The image, volume or time-lapse of this number, whatever was drawn before."""
        rng = np.random.default_rng([self.seed, number])
        if isinstance(self.drawing, Drawing):
            return self.drawing.draw(rng, background=self.background)
        return self.drawing.draw(rng)

    def fullest(self, images: int) -> int:
        """Which of the first images will hold the most cells: the one to try first whether they fit."""
        law = getattr(self.drawing.config, "count", None)
        if law is None:
            return 0
        # Drawing begins with the number of cells.
        cells = [law.sample(np.random.default_rng([self.seed, number])) for number in range(images)]
        return int(np.argmax(cells))

    def facts(self) -> dict[str, Any]:
        """What run.json remembers of it: where these agree, so do the pixels."""
        background = None if self.background is None else hashlib.sha256(self.background.tobytes()).hexdigest()
        drawn = {"preset": self.drawing.preset, "drawn_as": self.drawing.settings()}
        return {"seed": self.seed, **drawn, "background_sha256": background}


def make_plan(configuration: SynthesisConfiguration, watch: Watch | None = None) -> Plan:
    """Read what natural images teach, and set up the drawing.

    Raises
    ------
    ConfigError
        When a setting does not suit the preset, or the background is no image.
    DataError
        When the data folder to imitate cannot be used.
    """
    watch = watch or Watch()
    settings = dict(configuration.settings)
    like = None if configuration.like is None else _read(configuration.like, watch)
    counted = like if configuration.counts is None else _read(configuration.counts.folder, watch)
    if counted is not None:
        settings |= _learned(configuration, counted, watch)
    drawing = find_drawing(configuration.preset, settings)
    rows, columns = drawing.settings()["shape"][-2:]
    return Plan(configuration.seed, drawing, _background(configuration, like, (rows, columns)))


def _learned(configuration: SynthesisConfiguration, counted: DataFolder, watch: Watch) -> dict[str, Any]:
    """The settings that `counted` teaches."""
    asked, natural = configuration.counts is not None, configuration.background == "natural"
    if "count" not in find_drawing(configuration.preset).settings():
        if natural and not asked:
            return {}
        raise ConfigError(
            f"the preset '{configuration.preset}' has as many cells as its tissue, and learns no number of them",
            cure="leave 'like' and 'counts' out",
        )
    if "count" not in configuration.settings:
        return {"count": learn_counts(counted.samples).model_dump()}
    if asked:
        raise ConfigError("tells the number of cells twice, in 'counts' and in 'settings.count'", cure="keep one")
    if not natural:
        watch.on_note(f"The number of cells follows settings.count; nothing is learned from {configuration.like}.")
    return {}


def _read(folder: Path, watch: Watch) -> DataFolder:
    """The data folder; an image that cannot be read is an error here, as what is learned would not be the folder's."""
    try:
        found = read_folder(folder, on_image=lambda done, total: watch.on_images("Reading images", done, total))
    except ImageError as error:
        raise DataError(error.message, file=error.file, cure=error.cure) from error
    for warning in found.warnings:
        watch.on_note(warning)
    return found


def _background(
    configuration: SynthesisConfiguration, like: DataFolder | None, shape: tuple[int, int]
) -> NDArray[np.float64] | None:
    given = configuration.background
    if given is None:
        return None
    if not isinstance(given, str):
        return np.full(shape, given)
    try:
        if given == "natural" and like is not None:
            return mean_background(like.samples, shape, few=configuration.few)
        return mean_background([Sample(Path(given).name, Path(given), count=0)], shape)
    except ImageError as error:
        raise ConfigError(f"the background {error.message}", file=error.file, cure=error.cure) from error
