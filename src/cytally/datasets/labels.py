"""Label images and label volumes: one whole number per object, 0 is background."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from cytally.errors import DataError

EVERYTHING = 0.95
"""Share of an image's pixels from which an object is no object."""


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
    labels = _read(path, "label image")
    while labels.ndim > 2 and labels.shape[0] == 1:
        labels = labels[0]
    return labels


def read_label_volume(path: Path) -> NDArray[np.integer[Any]]:
    """Read a label volume.

    Parameters
    ----------
    path
        A TIFF file of any integer type, its slices in order.

    Returns
    -------
    ndarray
        Labels (Z, Y, X), in the type of the file; a file of one picture is a volume of one slice.

    Raises
    ------
    DataError
        When the file is no whole TIFF, not integer-typed, has more axes than three, or holds a negative label.
    """
    labels = _read(path, "label volume")
    while labels.ndim > 3 and labels.shape[0] == 1:
        labels = labels[0]
    if labels.ndim not in (2, 3):
        raise DataError(
            f"has the shape {labels.shape}, and a label volume has slices, rows and columns",
            file=path,
            cure="save it as a TIFF with the axes ZYX",
        )
    return labels if labels.ndim == 3 else labels[None]


def read_label_slice(path: Path) -> NDArray[np.integer[Any]]:
    """Read the label image (Y, X) of one slice of a volume. DataError as `read_labels`, and where it has more axes."""
    labels = read_labels(path)
    if labels.ndim != 2:
        raise DataError(
            f"has the shape {labels.shape}, and is the label image of one slice",
            file=path,
            cure="save it as one picture of rows and columns",
        )
    return labels


def _read(path: Path, what: str) -> NDArray[np.integer[Any]]:
    try:
        labels = np.asarray(tifffile.imread(path))
    except (OSError, ValueError, RuntimeError, LookupError, struct.error, zlib.error) as error:
        raise DataError(f"cannot be read as TIFF: {error}", file=path, cure=f"export the {what} again") from error
    if not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"is of type {labels.dtype}, and labels are whole numbers", file=path, cure="save it as uint16 or uint32"
        )
    if labels.size and labels.min() < 0:
        raise DataError(f"holds the negative label {labels.min()}", file=path, cure="save it as uint16 or uint32")
    return labels


def object_moments(labels: NDArray[np.integer[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre of mass and covariance of every object: where it lies, and how long, wide and turned it is.

    Pixels are squares, not points: each adds its own variance of 1/12 along each axis, so that an object of one pixel
    has an extent, and shapes may be scaled with the image.

    Parameters
    ----------
    labels
        Label image (Y, X); labels need not follow one another. An object in several pieces is one object.

    Returns
    -------
    centroids
        (N, 2), y and x in pixels, by rising label.
    covariances
        (N, 2, 2), second central moments in y and x, in pixels².

    Examples
    --------
    >>> centroids, covariances = object_moments(np.array([[7, 7, 0], [0, 0, 2]]))
    >>> centroids.tolist()
    [[1.0, 2.0], [0.0, 0.5]]
    >>> (12 * covariances).round(6).tolist()  # one pixel, and two in a row
    [[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 4.0]]]
    >>> [array.shape for array in object_moments(np.zeros((2, 2), np.uint16))]
    [(0, 2), (0, 2, 2)]
    """
    y, x = np.nonzero(labels)
    values = labels[y, x]
    if values.size and values.max() > labels.size:  # too large to count in a table of all labels
        values = np.unique(values, return_inverse=True)[1]
    else:
        values = values.astype(np.intp)
    area = np.bincount(values)
    present = area > 0
    area = np.maximum(area, 1)

    def means(weights: NDArray[Any]) -> NDArray[np.float64]:
        return np.bincount(values, weights=weights, minlength=area.size) / area

    centre_y, centre_x = means(y), means(x)
    y, x = y - centre_y[values], x - centre_x[values]
    yy, yx, xx = means(y * y) + 1 / 12, means(y * x), means(x * x) + 1 / 12
    covariances = np.stack([yy, yx, yx, xx], axis=1).reshape(-1, 2, 2)
    return np.stack([centre_y, centre_x], axis=1)[present], covariances[present]


def covers_everything(labels: NDArray[np.integer[Any]] | None) -> bool:
    """Whether one object has nearly every pixel (95 of 100), as where background was taken for an object.

    Examples
    --------
    >>> covers_everything(np.ones((9, 9), np.uint16)), covers_everything(np.zeros((9, 9), np.uint16))
    (True, False)
    """
    if labels is None or not labels.size:
        return False
    values, numbers = np.unique(labels[labels > 0], return_counts=True)
    return bool(len(values)) and int(numbers.max()) >= EVERYTHING * labels.size
