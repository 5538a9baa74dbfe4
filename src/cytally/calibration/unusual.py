"""Flags on images that are unlike those a model was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cytally.calibration.measures import measure
from cytally.calibration.training_range import TrainingRange

NO_CELL = 0.5
"""A count below this rounds to none."""


def unusual_flags(
    found: TrainingRange | None,
    picture: NDArray[np.float32],
    diameter: float,
    count: float,
    *,
    has_background: bool = True,
    factor: float = 1.0,
) -> tuple[str, ...]:
    """Words on a picture that lies outside the training images' range; none where the model does not know its range.

    Parameters
    ----------
    found
        The range, from model.json.
    picture, diameter, count, has_background, factor
        As in `cytally.calibration.measures.measure`; `count` is what the model said.

    Returns
    -------
    tuple of str
        ``empty`` alone where no cell was found and nothing stands out. Otherwise, of ``too-dim``, ``out-of-focus``,
        ``cell-size``, ``crowded`` and ``unlike-training``, those whose score is above 1.
    """
    if found is None:
        return ()
    measured = measure(picture, diameter, count, has_background=has_background, factor=factor)
    if count < NO_CELL and not measured.stands_out:
        return ("empty",)
    return tuple(flag for flag, score in found.scores(measured).items() if score > 1)
