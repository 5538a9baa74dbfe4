"""Nuclei in a fluorescence image without a setting: ``cytally label --preset auto``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.labelling.background import subtract_background
from cytally.labelling.check import refusal
from cytally.labelling.first_look import first_look
from cytally.labelling.labelled import Labelled
from cytally.labelling.split import split_touching
from cytally.labelling.two_scales import nucleus_mask
from cytally.readout.numbering import keep_objects

SMOOTHING = 0.05
"""Standard deviation, in nucleus diameters, of the Gaussian before the thresholds."""

SPECK = 0.05
"""Objects smaller than this share of a typical nucleus are specks."""

FEWEST = 16
"""So are objects of fewer pixels than this."""


def label_auto(image: NDArray[Any]) -> Labelled:
    """Find the nuclei in one field, by the same rules whatever the image.

    1. Hot and dead pixels are brought to their neighbours' level, the image is normalised so that the background is 0
       and a typical nucleus about 1, and the nuclei's diameter is estimated (`first_look`). All that follows is in
       proportion to it.
    2. The background is subtracted (`background`).
    3. Thresholds on two scales tell nuclei from background (`two_scales`); holes are filled.
    4. A watershed on distance and intensity takes touching nuclei apart (`split`, `join`); specks are left out.
    5. The self-check tells whether the field can be trusted (`check`).

    Parameters
    ----------
    image
        Pixels (Y, X) of any real type, nuclei bright.

    Returns
    -------
    Labels, and the reason where the field is refused.

    Raises
    ------
    ImageError
        When there is no pixel, or one is not a finite number.

    Examples
    --------
    >>> y, x = np.mgrid[:64, :64]
    >>> discs = [np.hypot(y - row, x - column) < 8 for row, column in ((16, 16), (40, 30), (40, 43))]
    >>> image = ndimage.gaussian_filter(200.0 * np.any(discs, axis=0), 1)
    >>> label_auto(image.astype(np.uint8)).objects
    3
    """
    plane, diameter = first_look(image)
    if diameter is None:
        empty = np.zeros(image.shape, np.uint16)
        return Labelled(empty, refusal(image, empty))
    plane = subtract_background(plane, diameter)
    smooth = ndimage.gaussian_filter(plane, max(0.5, SMOOTHING * diameter), truncate=3)
    parts = split_touching(plane, nucleus_mask(smooth, diameter), diameter)
    labels = without_specks(parts, max(FEWEST, SPECK * np.pi * diameter**2 / 4))
    return Labelled(labels, refusal(image, labels))


def without_specks(parts: NDArray[np.integer[Any]], least_area: float) -> NDArray[np.integer[Any]]:
    """Parts (Y, X) of at least `least_area` pixels, numbered anew from 1 in the same order; uint16, or uint32 if many.

    Examples
    --------
    >>> without_specks(np.array([[1, 3, 3], [0, 7, 7]]), 2)
    array([[0, 1, 1],
           [0, 2, 2]], dtype=uint16)
    """
    return keep_objects(parts, np.bincount(parts.ravel()) >= max(least_area, 1))[0]
