"""Label images of points, for what wants outlines: discs around them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cytally.timelapse.tracks import Tracks


def point_labels(tracks: Tracks, shape: tuple[int, int], diameter: float | None = None) -> Iterator[NDArray[np.uint16]]:
    """Label images of points that were tracked: discs, none over the middle of another.

    Parameters
    ----------
    tracks
        From `track`.
    shape
        Rows and columns of the frames as the camera saw them.
    diameter
        Of the discs, pixels. None: four thirds of the scale's, which for points is how near two come and not how wide
        they are; neighbours keep discs in their bounds.

    Yields
    ------
    (Y, X), one per frame: each point's row in the frame, counted from 1. A pixel that lies in several discs is that of
    the nearest point. Points outside the frame have none.
    """
    wide = diameter or tracks.scale.diameter * 4 / 3
    groups = dict(tuple(tracks.table.groupby("frame")))
    for frame in range(tracks.frames):
        image = np.zeros(shape, np.uint16)
        if frame in groups:
            rows = groups[frame]
            places = rows[["y", "x"]].to_numpy() + tracks.shifts[frame]
            _draw_discs(image, places, rows["label"].to_numpy(), wide / 2)
        yield image


def _draw_discs(
    image: NDArray[np.uint16], places: NDArray[np.float64], labels: NDArray[np.int64], radius: float
) -> None:
    nearest = np.full(image.shape, max(radius, 0.75) ** 2)  # 0.75: no disc without a pixel
    for (y, x), label in zip(places.tolist(), labels.tolist(), strict=True):
        top, left = max(0, int(y - radius - 1)), max(0, int(x - radius - 1))
        part = np.s_[top : max(0, int(y + radius + 2)), left : max(0, int(x + radius + 2))]
        rows, columns = np.ogrid[part]
        window = nearest[part]
        distance = (rows[: window.shape[0]] - y) ** 2 + (columns[:, : window.shape[1]] - x) ** 2
        nearer = distance < window
        window[nearer] = distance[nearer]
        image[part][nearer] = label
