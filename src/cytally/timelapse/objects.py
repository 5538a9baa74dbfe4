"""What tracking knows of one frame: where its objects are, and how large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True, eq=False)
class Objects:
    """The objects of one frame.

    Parameters
    ----------
    places
        (N, 2) y, x in pixels.
    labels
        (N,) the number of each in its label image; for points, their row counted from 1.
    areas
        (N,) pixels, or None for points.
    """

    places: NDArray[np.float64]
    labels: NDArray[np.int64]
    areas: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.labels)


def objects_of_labels(labels: Labels) -> Objects:
    """Centroid and area of every object of a label image, by rising label.

    Parameters
    ----------
    labels
        (Y, X) whole numbers, 0 is background.

    Raises
    ------
    ValueError
        When the image has not two axes, is not of whole numbers, or holds a negative one.

    Examples
    --------
    >>> found = objects_of_labels(np.array([[0, 7, 7], [3, 0, 0]]))
    >>> found.labels.tolist(), found.places.tolist(), found.areas.tolist()
    ([3, 7], [[1.0, 0.0], [0.0, 1.5]], [1.0, 2.0])
    """
    labels = np.asarray(labels)
    if labels.ndim != 2:
        raise ValueError(f"a label image has two axes (Y, X), not {labels.ndim}")
    if not (np.issubdtype(labels.dtype, np.integer) or labels.dtype == bool):
        raise ValueError(f"labels are whole numbers, not {labels.dtype}")
    flat = np.flatnonzero(labels)
    values = labels.ravel()[flat]
    if values.min(initial=0) < 0:
        raise ValueError(f"a label is negative: {values.min()}")
    if values.max(initial=0) > labels.size:
        names, values = np.unique(values, return_inverse=True)
        values = values + 1
        names = np.append(0, names)
    else:
        names = np.arange(int(values.max(initial=0)) + 1)
    areas = np.bincount(values, minlength=len(names))
    used = np.flatnonzero(areas)
    rows, columns = np.divmod(flat, labels.shape[1])
    sums = [np.bincount(values, weights=axis, minlength=len(names))[used] for axis in (rows, columns)]
    return Objects(
        places=np.stack(sums, axis=1) / areas[used][:, None],
        labels=names[used].astype(np.int64),
        areas=areas[used].astype(np.float64),
    )


def objects_of_points(points: Sequence[ArrayLike], areas: Sequence[ArrayLike] | None = None) -> list[Objects]:
    """The points of every frame as objects.

    Parameters
    ----------
    points
        One array (N_t, 2) of y, x in pixels per frame; further columns, as a score, are left aside. What is empty may
        have any shape.
    areas
        One array (N_t,) of pixels per frame.

    Raises
    ------
    ValueError
        When a frame's points are not of that shape or not finite, or areas do not fit them or are not above 0.
    """
    if areas is not None and len(areas) != len(points):
        raise ValueError(f"areas of {len(areas)} frames for points of {len(points)}")
    found = []
    for frame, given in enumerate(points):
        places = np.asarray(given, np.float64)
        if not places.size:
            places = np.zeros((0, 2))
        if places.ndim != 2 or places.shape[1] < 2:
            raise ValueError(f"the points of frame {frame} have the shape {places.shape}, not (N, 2)")
        places = places[:, :2]
        if not np.isfinite(places).all():
            raise ValueError(f"a point of frame {frame} is not finite")
        sizes = None
        if areas is not None:
            sizes = np.asarray(areas[frame], np.float64).ravel()
            if len(sizes) != len(places):
                raise ValueError(f"frame {frame} has {len(places)} points and {len(sizes)} areas")
            if not (np.isfinite(sizes).all() and (sizes > 0).all()):
                raise ValueError(f"an area of frame {frame} is not above 0")
        found.append(Objects(places, np.arange(1, len(places) + 1), sizes))
    return found
