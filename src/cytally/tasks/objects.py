"""The table of an image's objects: where each is, how large, and how bright in every channel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cytally.images.image import Plane


def object_table(labels: NDArray[np.integer[Any]], plane: Plane) -> pd.DataFrame:
    """Measure every object.

    Parameters
    ----------
    labels
        Label image (Y, X), 0 is background.
    plane
        The picture, of the same size.

    Returns
    -------
    DataFrame
        One row per object, by rising label: label; y and x of its centre of mass and its area in pixels; and its mean
        intensity in each channel, as ``mean_red`` after the channel's name, or ``mean_0`` after its index.

    Examples
    --------
    >>> plane = Plane(np.array([[[1, 3, 9], [0, 0, 5]]]))
    >>> object_table(np.array([[7, 7, 0], [0, 0, 2]]), plane).to_numpy().tolist()
    [[2.0, 1.0, 2.0, 1.0, 5.0], [7.0, 0.0, 0.5, 2.0, 2.0]]
    """
    y, x = np.nonzero(labels)
    names, which = np.unique(labels[y, x], return_inverse=True)
    area = np.bincount(which, minlength=len(names))
    table = {
        "label": names,
        "y": np.bincount(which, y, len(names)) / area,
        "x": np.bincount(which, x, len(names)) / area,
        "area": area,
    }
    for index, channel in enumerate(plane.channels):
        table[f"mean_{channel or index}"] = np.bincount(which, plane.data[index, y, x], len(names)) / area
    return pd.DataFrame(table)
