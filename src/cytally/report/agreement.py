"""Found objects beside true ones, in the colours of Salomon-Sörensen (2023): hit, false and missed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.report.overlays import overlay
from cytally.results import Prediction

GREEN = np.array([0.10, 0.85, 0.25], np.float32)
RED = np.array([1.0, 0.10, 0.10], np.float32)
BLUE = np.array([0.15, 0.35, 1.0], np.float32)
WHITE = np.array([1.0, 1.0, 1.0], np.float32)
YELLOW = np.array([1.0, 0.85, 0.0], np.float32)

OPACITY = 0.5


def agreement(
    plane_data: NDArray[Any],
    channel: int | None,
    true_labels: NDArray[np.integer[Any]],
    predicted_labels: NDArray[np.integer[Any]],
    *,
    longest_side: int = 1600,
) -> NDArray[np.uint8]:
    """Draw where found objects agree with true ones on the image they were found in, which is shown in grey.

    Translucent, pixel by pixel: green where both are foreground (hit), red where the prediction alone is (false), blue
    where truth alone is (missed). In thin lines: the true objects' rims in white, over them those of the predicted
    objects in yellow. What was merged shows as a white line within a yellow one, what was split as the reverse. Objects
    that are nothing but rim get no line, which would hide their colour.

    Parameters
    ----------
    plane_data, channel, longest_side
        The image (C, Y, X), what to show of it, and how large, as in `cytally.report.overlays.overlay`.
    true_labels, predicted_labels
        Label images (Y, X), 0 is background.

    Returns
    -------
    numpy.ndarray
        Colours (Y, X, 3), uint8; a large image is made smaller and a small one larger, as in `overlay`.

    Raises
    ------
    ValueError
        When a label image differs in size from the image.

    Examples
    --------
    >>> nucleus = np.zeros((900, 900), int)
    >>> nucleus[100:200, 100:200] = 1
    >>> red, green, blue = agreement(np.zeros((1, 900, 900)), 0, nucleus, nucleus)[150, 150].tolist()
    >>> green > red and green > blue
    True
    """
    for labels in (true_labels, predicted_labels):
        if labels.shape != plane_data.shape[1:]:
            raise ValueError(f"labels of shape {labels.shape} do not fit pixels (C, Y, X) of shape {plane_data.shape}")
    plain = overlay(plane_data, channel, Prediction(0.0), longest_side=longest_side)
    grey: NDArray[np.float32] = plain.mean(axis=2, dtype=np.float32) / 255
    picture = np.repeat(grey[..., None], 3, axis=2)
    true, predicted = (_sampled(labels, picture.shape[:2]) for labels in (true_labels, predicted_labels))
    for colour, where in (
        (GREEN, (true > 0) & (predicted > 0)),
        (RED, (true == 0) & (predicted > 0)),
        (BLUE, (true > 0) & (predicted == 0)),
    ):
        picture[where] += (colour - picture[where]) * np.float32(OPACITY)
    picture[_rim(true)] = WHITE
    picture[_rim(predicted)] = YELLOW
    return np.rint(picture * 255).astype(np.uint8)


def _sampled(labels: NDArray[np.integer[Any]], size: tuple[int, ...]) -> NDArray[np.integer[Any]]:
    """Labels in the size of the drawing: each pixel takes the label that its centre falls on."""
    rows, columns = (
        ((np.arange(wanted) + 0.5) * there / wanted).astype(np.intp)
        for wanted, there in zip(size, labels.shape, strict=True)
    )
    sampled: NDArray[np.integer[Any]] = labels[np.ix_(rows, columns)]
    return sampled


def _rim(labels: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Outermost pixels of the objects, beside another label, where they enclose something.

    The image's own edge is no rim.
    """
    rim = np.zeros(labels.shape, bool)
    across, along = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    rim[1:] |= across
    rim[:-1] |= across
    rim[:, 1:] |= along
    rim[:, :-1] |= along
    encloses: NDArray[np.bool_] = ndimage.binary_dilation((labels > 0) & ~rim, np.ones((3, 3), bool))
    return rim & (labels > 0) & encloses
