"""The drawn images of a training run, made when it begins."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from cytally.datasets.example import Example
from cytally.datasets.folder import Sample
from cytally.errors import ConfigError
from cytally.images.image import Plane
from cytally.images.prepare import InputConfig, prepare
from cytally.images.resize import resize_labels
from cytally.methods.registry import find_method
from cytally.synthesis.cells_config import CellsConfig
from cytally.synthesis.presets import make_drawing
from cytally.tasks.natural_scene import FEW, learn_counts, mean_background
from cytally.training.configuration import Configuration

STREAM = 1
"""Sets these images apart from those that `cytally synthesize` draws by the same seed, which may be tested on. Last and
not 0: NumPy takes missing numbers of a seed for 0."""

FEWEST = 10
"""Images whose mean is the natural background, where there are so many: the cells of a few would stay visible in it."""

UNLIKE = 5.0
"""A note tells when contrasts differ by more than this factor."""

HELD_BACK = 0.1
"""Share of the drawn images that validate where no natural one is labelled."""


def drawn_examples(
    configuration: Configuration,
    in_channels: int,
    number: int,
    seed: int,
    *,
    natural: Sequence[Sample] = (),
    on_image: Callable[[int, int], None] | None = None,
) -> list[Example]:
    """Draw images as the configuration's section `drawn` says, prepared as the network sees them.

    Image i is drawn from ``numpy.random.default_rng([seed, i, STREAM])`` alone.

    Parameters
    ----------
    configuration
        Says what is drawn, and how brightness is normalised. Drawn images are not resized.
    in_channels
        Channels that the network takes.
    number
        How many images.
    seed
        Decides everything that is random.
    natural
        Images from which the number of cells and the background are learned, where the configuration wants that;
        those that are not annotated are left out. Without any the preset's own are taken.
    on_image
        Called with how many images are drawn, and how many will be.

    Raises
    ------
    ConfigError
        When a setting of the preset is wrong, its cells do not fit, or its channels are not those of the network.
    """
    config = configuration.drawn
    annotated = [sample for sample in natural if sample.count is not None]
    settings = dict(config.settings)
    if config.counts == "natural" and annotated:
        counts = [sample.count or 0 for sample in annotated]
        width = 1.06 * float(np.std(counts)) * len(counts) ** -0.2  # Silverman 1986, equation 3.28
        settings["count"] = learn_counts(annotated).spread(width).model_dump()
    drawing = make_drawing(config.preset, settings)
    if config.background == "natural" and not isinstance(drawing.config, CellsConfig):
        raise ConfigError(
            f"'drawn.background' is natural, and the preset '{config.preset}' draws its own background",
            cure="set drawn.background=preset",
        )
    light = InputConfig(channels="one" if in_channels == 1 else "all", normalisation=configuration.input.normalisation)
    background = None
    if config.background == "natural" and annotated:
        rows, columns = drawing.draw(np.random.default_rng([seed, 0, STREAM])).labels.shape
        background = mean_background(annotated, (rows, columns), few=max(FEWEST, math.ceil(FEW * len(annotated))))
    outlines = find_method(configuration.method).needs_labels
    examples = []
    for index in range(number):
        if on_image is not None and index % 20 == 0:
            on_image(index, number)
        drawn = drawing.draw(np.random.default_rng([seed, index, STREAM]), background=background)
        pixels = drawn.image[None] if drawn.image.ndim == 2 else np.moveaxis(drawn.image, -1, 0)
        plane = Plane(pixels, name=f"drawn-{index:05d}", channels=("",) * len(pixels))
        prepared = prepare(plane, light)
        if len(prepared.data) != in_channels:
            raise ConfigError(
                f"'drawn.preset': {config.preset} draws images of {len(prepared.data)} "
                f"channel{'s' * (len(prepared.data) > 1)}, and the natural ones have {in_channels}",
                cure="choose a preset that fits, or the same channel of all images with input.channels=one",
            )
        rows, columns = prepared.data.shape[-2:]
        bounds = (-0.5, -0.5, rows - 0.5, columns - 0.5)
        labels = resize_labels(drawn.labels, (rows, columns)) if outlines else None
        examples.append(Example(plane.name, prepared.data, drawn.points, bounds, drawn=True, labels=labels))
    if on_image is not None:
        on_image(number, number)
    return examples


def unlike_natural(natural: Sequence[Example], drawn: Sequence[Example]) -> str | None:
    """A sentence on drawn images that are far stronger, or far fainter, in contrast than the natural ones, or None."""
    spreads = [float(np.median([example.image.std() for example in kind])) for kind in (natural, drawn)]
    if min(spreads) > 0 and max(spreads) <= UNLIKE * min(spreads):
        return None
    which = "fainter" if spreads[0] < spreads[1] else "stronger"
    return (
        f"The natural images are far {which} in contrast than the drawn ones (standard deviation {spreads[0]:.2g} "
        f"against {spreads[1]:.2g}): choose another input.normalisation, as percentile, or another drawn.preset."
    )
