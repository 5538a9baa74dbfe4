"""Label images: one whole number per object, 0 is background."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from cytally.errors import DataError


def read_labels(path: Path) -> NDArray[np.integer[Any]]:
    """Read a label image.

    Parameters
    ----------
    path
        A TIFF file of any integer type.

    Returns
    -------
    ndarray
        Labels (Y, X), in the type of the file; leading axes of length 1 are dropped.

    Raises
    ------
    DataError
        When the file is no whole TIFF, not integer-typed, or holds a negative label.
    """
    try:
        labels = np.asarray(tifffile.imread(path))
    except (OSError, ValueError, RuntimeError, LookupError, struct.error, zlib.error) as error:
        raise DataError(f"cannot be read as TIFF: {error}", file=path, cure="export the label image again") from error
    if not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"is of type {labels.dtype}, and labels are whole numbers", file=path, cure="save it as uint16 or uint32"
        )
    while labels.ndim > 2 and labels.shape[0] == 1:
        labels = labels[0]
    if labels.size and labels.min() < 0:
        raise DataError(f"holds the negative label {labels.min()}", file=path, cure="save it as uint16 or uint32")
    return labels


def centroids(labels: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Centre of mass of every object.

    Parameters
    ----------
    labels
        Label image (Y, X); labels need not follow one another. An object in several pieces is one object.

    Returns
    -------
    ndarray
        (N, 2), y and x in pixels, by rising label.

    Examples
    --------
    >>> centroids(np.array([[7, 7, 0], [0, 0, 2]])).tolist()
    [[1.0, 2.0], [0.0, 0.5]]
    >>> centroids(np.zeros((2, 2), np.uint16)).shape
    (0, 2)
    """
    y, x = np.nonzero(labels)
    values = labels[y, x]
    if values.size and values.max() > labels.size:  # too large to count in a table of all labels
        values = np.unique(values, return_inverse=True)[1]
    else:
        values = values.astype(np.intp)
    area = np.bincount(values)
    present = area > 0
    sums = [np.bincount(values, weights=axis) for axis in (y, x)]
    return np.stack([total[present] / area[present] for total in sums], axis=1)
