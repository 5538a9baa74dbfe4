"""Measuring the images that a model was trained on, for model.json."""

from __future__ import annotations

from collections.abc import Sequence

from cytally.calibration.measures import Measures, measure
from cytally.calibration.training_range import MOST, TrainingRange
from cytally.datasets.load import single_plane
from cytally.datasets.sample import Sample
from cytally.images.image import Plane
from cytally.images.prepare import prepare
from cytally.methods.method import Method
from cytally.methods.volume_method import VolumeMethod
from cytally.tasks.blurred import BLURS, blurred
from cytally.training.configuration import Configuration


def find_training_range(
    configuration: Configuration, method: Method, in_channels: int, samples: Sequence[Sample]
) -> TrainingRange | None:
    """The range of training images; None of fewer than eight, and of methods for volumes.

    Parameters
    ----------
    configuration
        Of the model; tells what it sees of an image.
    method
        Tells how large cells are then.
    in_channels
        How many channels it takes.
    samples
        The training images. Of more than a hundred, a hundred are measured, evenly spread.
    """
    if isinstance(method, VolumeMethod):
        return None
    return TrainingRange.of(*measure_samples(configuration, method, in_channels, samples))


def measure_samples(
    configuration: Configuration, method: Method, in_channels: int, samples: Sequence[Sample], most: int = MOST
) -> tuple[list[Measures], list[Measures]]:
    """What is measured of at most so many of the samples, and of each of them put out of focus."""
    sharp: list[Measures] = []
    away: list[Measures] = []
    for place, sample in enumerate(spread(samples, most)):
        plane = single_plane(sample)
        measured, factor = _measure(plane, sample.count, configuration, method, in_channels)
        sharp.append(measured)
        worse = blurred(plane, BLURS[place % len(BLURS)], method.cell_diameter / factor, place)
        away.append(_measure(worse, sample.count, configuration, method, in_channels)[0])
    return sharp, away


def spread(samples: Sequence[Sample], most: int = MOST) -> list[Sample]:
    """At most so many of the samples, evenly spread over their order."""
    number = min(most, len(samples))
    return [samples[place * len(samples) // number] for place in range(number)]


def _measure(
    plane: Plane, count: float | None, configuration: Configuration, method: Method, in_channels: int
) -> tuple[Measures, float]:
    """What is measured of a plane, and how much larger the network sees it."""
    seen = prepare(plane, configuration.input, in_channels=in_channels)
    known = configuration.input.normalisation == "foreground"
    found = measure(seen.data, method.cell_diameter, count, has_background=known, factor=seen.factor)
    return found, seen.factor
