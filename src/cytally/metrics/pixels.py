"""How well a mask agrees with the true one, pixel by pixel.

Figures of several images are worked out from their pixels put together: add up their `PixelCounts`. A mean over images
would let an image with a single nucleus weigh as much as a crowded one, and would not be defined for an empty one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PixelCounts:
    """Numbers of pixels, of one image or, added up, of many.

    Parameters
    ----------
    hit
        Foreground in both (true positives).
    false
        Foreground in the prediction alone (false positives).
    missed
        Foreground in truth alone (false negatives).
    background
        Foreground in neither (true negatives).
    """

    hit: int = 0
    false: int = 0
    missed: int = 0
    background: int = 0

    def __add__(self, other: PixelCounts) -> PixelCounts:
        """The pixels of both put together."""
        return PixelCounts(
            self.hit + other.hit,
            self.false + other.false,
            self.missed + other.missed,
            self.background + other.background,
        )

    def metrics(self) -> dict[str, float]:
        """The block `pixel` of metrics.json, fractions from 0 to 1.

        ``precision = TP/(TP+FP)``, ``recall = TP/(TP+FN)``, ``accuracy = (TP+TN)/all``, ``dice = 2TP/(2TP+FP+FN)``,
        ``iou = TP/(TP+FP+FN)``.

        Where truth and prediction both have no foreground they agree, and all are 1. Where only one of them has some,
        all but the accuracy are 0, those included that would be 0/0.

        Examples
        --------
        >>> PixelCounts(hit=2, false=1, missed=1, background=6).metrics()["iou"]
        0.5
        >>> set(PixelCounts(background=9).metrics().values())
        {1.0}
        >>> PixelCounts(missed=1, background=9).metrics()["precision"]  # nothing was predicted, something was there
        0.0
        """
        foreground = self.hit + self.false + self.missed
        agreeing = self.hit + self.background
        return {
            "precision": share(self.hit, self.hit + self.false, empty=foreground == 0),
            "recall": share(self.hit, self.hit + self.missed, empty=foreground == 0),
            "accuracy": share(agreeing, foreground + self.background, empty=foreground == 0),
            "dice": share(2 * self.hit, self.hit + foreground, empty=foreground == 0),
            "iou": share(self.hit, foreground, empty=foreground == 0),
        }


def pixel_counts(true: NDArray[Any], predicted: NDArray[Any]) -> PixelCounts:
    """Compare two masks.

    Parameters
    ----------
    true, predicted
        Masks or label images of the same shape; what is not 0 is foreground.

    Raises
    ------
    ValueError
        When the shapes differ.

    Examples
    --------
    >>> pixel_counts(np.array([[7, 7, 0, 0]]), np.array([[0, 1, 1, 0]]))
    PixelCounts(hit=1, false=1, missed=1, background=1)
    """
    if true.shape != predicted.shape:
        raise ValueError(f"the true mask has shape {true.shape}, the predicted one {predicted.shape}")
    is_true, is_predicted = true != 0, predicted != 0
    hit = int(np.count_nonzero(is_true & is_predicted))
    false = int(np.count_nonzero(is_predicted)) - hit
    missed = int(np.count_nonzero(is_true)) - hit
    return PixelCounts(hit, false, missed, true.size - hit - false - missed)


def pixel_metrics(true: NDArray[Any], predicted: NDArray[Any]) -> dict[str, float]:
    """Precision, recall, accuracy, Dice and IoU of one mask; arguments as `pixel_counts`.

    Examples
    --------
    >>> pixel_metrics(np.array([1, 1, 0, 0]), np.array([0, 1, 0, 0]))
    {'precision': 1.0, 'recall': 0.5, 'accuracy': 0.75, 'dice': 0.6666666666666666, 'iou': 0.5}
    """
    return pixel_counts(true, predicted).metrics()


def share(part: int, whole: int, *, empty: bool) -> float:
    """``part / whole``; for 0/0, 1 where there is nothing to find and nothing was found (`empty`), and else 0.

    Examples
    --------
    >>> share(1, 4, empty=False), share(0, 0, empty=True), share(0, 0, empty=False)
    (0.25, 1.0, 0.0)
    """
    return part / whole if whole else float(empty)
