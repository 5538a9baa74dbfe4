"""Measuring the images that a model was trained on, for model.json."""

from __future__ import annotations

from collections.abc import Sequence

from cytally.calibration.measures import Measures, measure
from cytally.calibration.training_range import MOST, TrainingRange
from cytally.datasets.load import single_plane
from cytally.datasets.sample import Sample
from cytally.images.prepare import prepare
from cytally.methods.method import Method
from cytally.methods.volume_method import VolumeMethod
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
    return TrainingRange.of(measure_samples(configuration, method, in_channels, samples))


def measure_samples(
    configuration: Configuration, method: Method, in_channels: int, samples: Sequence[Sample]
) -> list[Measures]:
    """What is measured of at most a hundred of the samples."""
    return [_measure(each, configuration, method, in_channels) for each in spread(samples)]


def spread(samples: Sequence[Sample]) -> list[Sample]:
    """At most `MOST` of the samples, evenly spread over their order."""
    number = min(MOST, len(samples))
    return [samples[place * len(samples) // number] for place in range(number)]


def _measure(sample: Sample, configuration: Configuration, method: Method, in_channels: int) -> Measures:
    config = configuration.input
    picture = prepare(single_plane(sample), config, in_channels=in_channels).data
    known = config.normalisation == "foreground"
    return measure(picture, method.cell_diameter, sample.count, has_background=known)
