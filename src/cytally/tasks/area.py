"""Counting within part of an image: inside a region drawn by the user, or away from the image's edge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.image import Plane
from cytally.images.region import Region, border_mask
from cytally.models.model import Model, Reading
from cytally.results import Prediction
from cytally.tasks.count_options import CountOptions

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class CountedPlane:
    """One plane, what was counted in it, how it was looked at, and the `area` counted in, in pixels."""

    plane: Plane
    prediction: Prediction
    reading: Reading
    area: int


def count_plane(model: Model, plane: Plane, options: CountOptions, region: Region | None = None) -> CountedPlane:
    """Count one plane within the region and away from the border, as `options` ask.

    Parameters
    ----------
    model
        What counts.
    plane
        The picture.
    options
        `channel` and `border` are used.
    region
        Where to count; None is everywhere.

    Returns
    -------
    CountedPlane
        Outside the area counted in, its density is zero, and it has no points and no objects.

    Raises
    ------
    ImageError
        When the model cannot count the plane, or no pixel is left to count in.
    """
    shape = (plane.data.shape[-2], plane.data.shape[-1])
    prediction, reading = model.predict(plane, channel=options.channel)
    if region is None and options.border == "include":
        return CountedPlane(plane, prediction, reading, shape[0] * shape[1])
    inside = np.ones(shape, bool) if region is None else region.mask(shape)
    if not inside.any():
        raise ImageError(
            f"lies outside the region to count in (it is {shape[0]} × {shape[1]} pixels)",
            file=plane.name,
            cure="draw the region on an image of this size",
        )
    exclude = options.border == "exclude"
    if exclude and prediction.labels is None:
        margin = max(1, round(reading.diameter / 2))
        inside &= border_mask(shape, margin)
        if not inside.any():
            raise ImageError(
                f"has nothing left to count in once {margin} pixels along the border are left out",
                file=plane.name,
                cure="use --border include",
            )
    if prediction.count > 0 and prediction.density is None and prediction.points is None and prediction.labels is None:
        raise ImageError(
            f"the model '{model.name}' says how many cells there are, not where, so it cannot count in a part",
            file=plane.name,
            cure="cut the part out and count it, or use a model that finds the cells, as 'density' makes",
        )
    return CountedPlane(plane, _within(prediction, inside, exclude), reading, int(inside.sum()))


def _within(prediction: Prediction, inside: Mask, exclude: bool) -> Prediction:
    """The prediction restricted to the pixels that are `inside`. An interval holds for whole images only."""
    points, labels, density = prediction.points, prediction.labels, prediction.density
    by_area = prediction.count_by_area
    if points is not None:
        places = np.clip(np.rint(points[:, :2]).astype(int), 0, np.array(inside.shape) - 1)
        points = points[inside[places[:, 0], places[:, 1]]]
    if labels is not None:
        whole = np.count_nonzero(labels)
        labels = np.where(np.isin(labels, _kept_labels(labels, inside, exclude)), labels, 0)
        by_area = by_area * np.count_nonzero(labels) / whole if by_area else by_area
    if density is not None:
        density = np.where(inside, density, np.float32(0))
        count = max(0.0, float(density.sum(dtype=np.float64)))
    else:
        count = float(
            len(np.unique(labels[labels > 0]) if labels is not None else points if points is not None else ())
        )
    return replace(
        prediction, count=count, density=density, points=points, labels=labels, interval=None, count_by_area=by_area
    )


def _kept_labels(labels: NDArray[np.integer[Any]], inside: Mask, exclude: bool) -> NDArray[np.integer[Any]]:
    """Labels of the objects with half of their pixels or more inside; with `exclude`, of those off the edge."""
    names, sizes = np.unique(labels[labels > 0], return_counts=True)
    found, within = np.unique(labels[(labels > 0) & inside], return_counts=True)
    share = np.zeros(len(names))
    share[np.searchsorted(names, found)] = within / sizes[np.searchsorted(names, found)]
    kept: NDArray[np.integer[Any]] = names[share >= 0.5]
    if exclude:
        edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
        kept = np.setdiff1d(kept, edge)
    return kept
