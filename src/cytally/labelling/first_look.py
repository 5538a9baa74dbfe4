"""What must be known of an image before nuclei are looked for: its background, its brightness, their size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.images.normalise import apply, check, statistics
from cytally.images.scale import estimate_diameter, shrink

LARGE = 600_000
"""An image of more pixels than this is looked at in half its resolution first, which takes a quarter of the time."""

FINE = 12.0
"""Where nuclei turn out smaller than this many pixels, the look is taken again in full resolution."""


def first_look(image: NDArray[Any]) -> tuple[NDArray[np.float32], float | None]:
    """Normalise an image and measure its nuclei.

    Parameters
    ----------
    image
        Pixels (Y, X) of any real type, nuclei bright.

    Returns
    -------
    plane
        (Y, X), the background at 0 and a typical nucleus at about 1 (`cytally.images.normalise`, "foreground"), hot
        and dead pixels brought to their neighbours' level.
    diameter
        Of a typical nucleus, in pixels (`cytally.images.scale.estimate_diameter`); None where nothing stands out.

    Raises
    ------
    ImageError
        When there is no pixel, or one is not a finite number.
    """
    check(image[None])
    calm = without_hot_pixels(image)[None]
    if image.size > LARGE and min(image.shape) > 1:
        coarse = shrink(calm[0].astype(np.result_type(calm.dtype, np.float32)), 2)[None]
        found = statistics(coarse)
        half = estimate_diameter(apply(coarse, found)[0])
        if half is not None and 2 * half >= FINE:
            return apply(calm, found)[0], 2 * half
    plane = apply(calm, statistics(calm))[0]
    return plane, estimate_diameter(plane)


def without_hot_pixels(image: NDArray[Any]) -> NDArray[Any]:
    """No pixel (Y, X) brighter than the brightest of its eight neighbours, or darker than the darkest.

    Examples
    --------
    >>> image = np.zeros((3, 4), np.uint8)
    >>> image[1, 1] = 255
    >>> int(without_hot_pixels(image).max())
    0
    """
    if min(image.shape, default=0) < 2:
        return image
    padded = np.pad(image, 1, mode="reflect")
    rows, columns = image.shape
    near = [padded[y : y + rows, x : x + columns] for y in range(3) for x in range(3) if (y, x) != (1, 1)]
    highest, lowest = near[0].copy(), near[0].copy()
    for other in near[1:]:
        np.maximum(highest, other, out=highest)
        np.minimum(lowest, other, out=lowest)
    calm: NDArray[Any] = np.clip(image, lowest, highest)
    return calm
