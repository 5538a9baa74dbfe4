"""Counting the frames of a time-lapse, and what of it lies in the area that all frames show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cytally.images.image import Plane
from cytally.models.model import Model
from cytally.tasks.counted_frames import CountedFrame, Floats, Labels

Area = tuple[slice, slice]
"""Rows and columns."""

LEAST_PEAK = 0.5
"""Peaks of a density map lower than this, in units of the frame's median peak, are debris or a cell's shoulder."""

FULLEST, APART = 0.25, 0.15
"""Cells are counted one by one where, in the fullest quarter of the frames, as many were found as their density maps
sum to, within this share: so they are clear of each other, and peaks do not share a cell."""


def lies_along(places: Floats, along: slice) -> NDArray[np.bool_]:
    """Which places on an axis (N,) lie in the pixels `along` it.

    Examples
    --------
    >>> lies_along(np.array([1.4, 1.5, 3.49, 3.5]), slice(2, 4)).tolist()
    [False, True, True, False]
    """
    inside: NDArray[np.bool_] = (places >= along.start - 0.5) & (places < along.stop - 0.5)
    return inside


def count_frame(model: Model, plane: Plane, channel: str | None = None, diameter: float | None = None) -> CountedFrame:
    """Count one frame.

    Parameters
    ----------
    model
        What counts.
    plane
        The frame.
    channel
        Channel to count in, by name or number; None takes what the model wants.
    diameter
        A cell's typical diameter in pixels, for models that estimate it; None lets them.

    Raises
    ------
    ImageError
        When the model cannot count the frame.
    """
    prediction, reading = model.predict(plane, channel=channel, diameter=diameter)
    labels = prediction.labels
    points: Floats | None
    areas: Floats | None = None
    if labels is not None:
        labels, points, areas = numbered(labels)
    else:
        points = None if prediction.points is None else _clear_peaks(prediction.points.astype(np.float64))
    return CountedFrame(
        prediction.count,
        points,
        areas,
        prediction.density if labels is None else None,
        labels,
        reading.diameter,
        prediction.interval,
        prediction.flags,
    )


def _clear_peaks(peaks: Floats) -> Floats:
    """The places (N, 2) of those peaks (N, 3: y, x, score) that are as high as a cell's."""
    if len(peaks) == 0:
        return peaks[:, :2]
    return peaks[peaks[:, 2] >= LEAST_PEAK * np.median(peaks[:, 2]), :2]


def numbered(labels: Labels) -> tuple[Labels, Floats, Floats]:
    """A label image numbered 1 to N in order of its labels, the objects' centroids (N, 2), and their areas (N,).

    Examples
    --------
    >>> labels, points, areas = numbered(np.array([[0, 7, 7], [0, 0, 3]]))
    >>> labels.tolist(), points.tolist(), areas.tolist()
    ([[0, 2, 2], [0, 0, 1]], [[1.0, 2.0], [0.0, 1.5]], [1.0, 2.0])
    """
    names, places = np.unique(labels, return_inverse=True)
    first = int(names[0] != 0)  # where nothing is background
    numbers = places.reshape(labels.shape) + first
    areas = np.bincount(numbers.ravel(), minlength=len(names) + first).astype(np.float64)
    sums = [
        np.bincount(numbers.ravel(), np.broadcast_to(along, labels.shape).ravel(), minlength=len(areas))
        for along in (np.arange(labels.shape[0])[:, None], np.arange(labels.shape[1])[None])
    ]
    points = np.stack(sums, axis=1)[1:] / areas[1:, None]
    return numbers.astype(np.uint16 if len(areas) <= 2**16 else np.uint32), points, areas[1:]


@dataclass(frozen=True)
class SeenFrame:
    """What of a frame lies in the area that all frames show.

    Parameters
    ----------
    count
        Number of cells there; NaN where nothing could be counted.
    points
        y, x of each cell (N, 2) in the coordinates of the first frame.
    interval
        Bounds of the true count, where the model was calibrated: those of the whole frame by the share of its cells
        that is counted.
    """

    count: float
    points: Floats
    interval: tuple[float, float] | None

    def by_cells(self) -> SeenFrame:
        """The same frame, whose count is how many cells were found one by one."""
        if not np.isfinite(self.count):
            return self
        number = float(len(self.points))
        return SeenFrame(number, self.points, _scaled(self.interval, self.count, number))


def found_one_by_one(seen: Sequence[SeenFrame]) -> bool:
    """Whether the cells of frames, counted by their density maps, lie clear enough of each other to be counted singly.

    The sum of a density map drifts as a field fills, which a growth rate takes for growth: by 8 % in drawn time-lapses
    whose number of found cells keeps its share of the true number within 1 %. Where cells cover each other it is the
    other way round, peaks are lost, and the sum is what remains.

    Examples
    --------
    >>> clear, covered = SeenFrame(2.1, np.zeros((2, 2)), None), SeenFrame(9.0, np.zeros((2, 2)), None)
    >>> found_one_by_one([clear]), found_one_by_one([clear, covered]), found_one_by_one([])
    (True, False, False)
    """
    sums = np.array([frame.count for frame in seen])
    order = np.argsort(-np.where(np.isfinite(sums), sums, -1.0), kind="stable")
    fullest = order[: max(1, round(FULLEST * np.isfinite(sums).sum()))]
    total = float(np.nansum(sums[fullest]))
    number = sum(len(seen[index].points) for index in fullest)
    return total > 0 and abs(number / total - 1) <= APART


def seen_frame(frame: CountedFrame, shape: tuple[int, int], shift: Floats, area: Area) -> SeenFrame:
    """Count within the common area.

    Parameters
    ----------
    frame
        As it was counted.
    shape
        Of the frame (Y, X).
    shift
        y, x by which its content is displaced from the first frame.
    area
        Rows and columns of the first frame that all frames show.

    Notes
    -----
    Of a density map, pixels that the area's edge cuts belong to it by their share. Cells that were found one by one
    belong to it by their centres. Where a model does not say where cells are, the whole frame is counted.

    Examples
    --------
    >>> frame = CountedFrame(4.0, np.empty((0, 2)), density=np.ones((2, 2), np.float32))
    >>> seen_frame(frame, (2, 2), np.array([0.5, 0.0]), (slice(0, 1), slice(0, 2))).count
    2.0
    """
    rows, columns = area
    found = np.empty((0, 2)) if frame.points is None else frame.points
    inside = lies_along(found[:, 0] - shift[0], rows) & lies_along(found[:, 1] - shift[1], columns)
    weights = []
    for axis, (along, side) in enumerate(zip((rows, columns), shape, strict=True)):
        begin, end = along.start + shift[axis], along.stop + shift[axis]  # of the area in the frame, from its edge
        pixels = np.arange(side)
        weights.append(np.clip(np.minimum(pixels + 1, end) - np.maximum(pixels, begin), 0, 1))
    whole = all(bool((weight == 1).all()) for weight in weights)
    if whole:
        inside[:] = True
    if whole or not np.isfinite(frame.count) or (frame.points is None and frame.density is None):
        count = frame.count
    elif frame.density is not None:
        count = max(0.0, float(weights[0] @ frame.density.astype(np.float64) @ weights[1]))
    else:
        count = float(inside.sum())
    return SeenFrame(count, found[inside] - shift, _scaled(frame.interval, frame.count, count))


def _scaled(interval: tuple[float, float] | None, before: float, count: float) -> tuple[float, float] | None:
    if interval is None or count == before:
        return interval
    share = count / before if before > 0 else 1.0
    return share * interval[0], share * interval[1]
