"""Images put out of focus: what a model's flag for focus is learnt from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cytally.calibration.scales import noise_of
from cytally.images.image import Plane

Pixels = NDArray[np.float32]


@dataclass(frozen=True)
class Blur:
    """A way to put an image out of focus.

    Parameters
    ----------
    kind
        ``gaussian``, or ``disc``, which is what a lens makes of a point.
    amount
        Sigma of the Gaussian, or width of the disc, in cell diameters.
    noisy
        Whether noise as strong as before follows. A camera out of focus blurs cells, not its own noise; blurring its
        picture does both.
    """

    kind: str
    amount: float
    noisy: bool = False


BLURS = (
    Blur("gaussian", 0.25, noisy=True),
    Blur("gaussian", 0.5),
    Blur("disc", 1.0),
    Blur("gaussian", 0.35, noisy=True),
    Blur("gaussian", 0.8),
    Blur("disc", 0.5),
)
"""Training images are blurred in these ways in turn."""


def blurred(plane: Plane, blur: Blur, diameter: float, seed: int) -> Plane:
    """The plane, of cells of `diameter` pixels, out of focus; integers stay integers."""
    made = np.stack([blurred_pixels(each, blur, diameter, seed) for each in plane.data])
    return replace(plane, data=made)


def blurred_pixels(raw: NDArray[Any], blur: Blur, diameter: float, seed: int) -> NDArray[Any]:
    """Pixels (Y, X) out of focus."""
    values = raw.astype(np.float32)
    if blur.kind == "disc":
        made = cv2.filter2D(values, -1, disc(blur.amount * diameter / 2), borderType=cv2.BORDER_REFLECT)
    else:
        made = cv2.GaussianBlur(values, (0, 0), blur.amount * diameter, borderType=cv2.BORDER_REFLECT)
    made = np.asarray(made, np.float32).reshape(values.shape)
    if blur.noisy:
        made += np.random.default_rng(seed).normal(0, noise_of(values), made.shape).astype(np.float32)
    if not np.issubdtype(raw.dtype, np.integer):
        return made
    limits = np.iinfo(raw.dtype)
    return np.asarray(np.clip(np.rint(made), limits.min, limits.max), raw.dtype)


def disc(radius: float) -> Pixels:
    """A disc that sums to 1, its edge soft by one pixel.

    Examples
    --------
    >>> disc(0.2).round(2).tolist()
    [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    reach = math.ceil(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = np.clip(radius + 0.5 - np.hypot(y, x), 0, 1)
    return np.asarray(inside / inside.sum(), np.float32)
