"""One frame of a time-lapse's video: the cells that were counted, where they came from, and how many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageColor, ImageDraw

from cytally.report.lettering import GROUND, INK, font
from cytally.report.overlays import STRETCH_PERCENT
from cytally.report.palette import APART

LONGEST_SIDE, ENLARGE_TOWARDS = 1024, 480
"""Longer side of a frame: larger ones are shrunk, smaller ones enlarged by a whole factor."""
NARROWEST = 320
"""Pixels that the words above the picture need."""
STRIP, LETTERS = 30, 16
DIM = 0.35
"""Brightness of what is not common to all frames."""
EDGE = 0.4
"""Least brightness of the line about what is common: black beside black would not show it."""
ROOMY = 8.0
"""Radius of a ring in pixels from which a thicker line does not hide the cell."""
UNTRACKED = (255, 158, 0)
FRACTION_BITS = 4
"""OpenCV takes places in 1/16 pixel."""

Tail = tuple[int, NDArray[np.floating]]
"""Number of a track, and its last positions (K, 2), y and x, the latest last."""


def draw_frame(
    plane: NDArray[Any],
    points: NDArray[np.floating],
    *,
    tracks: Sequence[int] | NDArray[np.integer] | None = None,
    tails: Iterable[Tail] = (),
    count: str = "",
    time: str = "",
    limits: tuple[float, float] | None = None,
    inside: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Draw a frame with its cells as rings in the colours of their tracks, where these came from as tails that fade.

    Parameters
    ----------
    plane
        (Y, X) pixels of any real type.
    points
        (N, 2) y and x of the cells.
    tracks
        (N,) the track of each cell, 0 where it has none; None: no cell has one.
    tails
        The last positions of each track.
    count, time
        Words for the strip above the picture, such as ``143 cells`` and ``12:20 h``.
    limits
        Grey values that are black and white, the same in all frames (`grey_limits`): else the picture flickers. None:
        those of this frame.
    inside
        (Y, X) what is common to all frames; the rest is dimmed.

    Returns
    -------
    numpy.ndarray
        Colours (Y, X, 3), uint8, at most 1,024 pixels long beside the strip.
    """
    height, width = size = frame_size(*plane.shape)
    base = (min(plane.shape[0], height), min(plane.shape[1], width))
    values = np.nan_to_num(plane.astype(np.float32), posinf=0, neginf=0)
    grey = _grey(cv2.resize(values, base[::-1], interpolation=cv2.INTER_AREA), limits)
    if inside is not None:
        dimmed = cv2.resize(inside.astype(np.uint8), base[::-1], interpolation=cv2.INTER_NEAREST) == 0
        grey[dimmed] *= DIM
        edge = cv2.dilate(dimmed.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~dimmed
        grey[edge] = np.maximum(grey[edge], EDGE)
    shade = cv2.resize(np.rint(255 * grey).astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    picture: NDArray[np.uint8] = np.repeat(shade[..., None].astype(np.uint8, copy=False), 3, axis=-1)
    scale = np.divide(size, plane.shape)
    _draw_tails(picture, [(track, (np.asarray(places, float) + 0.5) * scale - 0.5) for track, places in tails])
    centres = (np.asarray(points, float).reshape(-1, 2) + 0.5) * scale - 0.5
    numbers = np.zeros(len(centres), int) if tracks is None else np.asarray(tracks)
    radius = float(np.clip(0.2 * np.sqrt(height * width / max(1, len(centres))), 3.0, max(size) / 60))
    ring = 2 if radius >= ROOMY else 1  # thin lines lose their colour when a video is packed
    for centre, track in zip(centres, numbers, strict=True):
        if np.isfinite(centre).all():
            cv2.circle(picture, _place(centre), round(radius * 2**FRACTION_BITS), colour_of(int(track)), ring,
                       cv2.LINE_AA, FRACTION_BITS)  # fmt: skip
    return _with_words(picture, time, count)


def frame_size(height: int, width: int) -> tuple[int, int]:
    """Height and width in which a plane of `height` by `width` pixels is drawn.

    Examples
    --------
    >>> frame_size(264, 542), frame_size(2048, 1024), frame_size(60, 200)
    ((264, 542), (1024, 512), (180, 600))
    """
    longest = max(height, width)
    factor = LONGEST_SIDE / longest if longest > LONGEST_SIDE else max(1, -(-ENLARGE_TOWARDS // longest))
    return max(1, round(height * factor)), max(1, round(width * factor))


def grey_limits(planes: Iterable[NDArray[Any]]) -> tuple[float, float]:
    """Grey values that shall be black and white in a whole video: the median of what suits each of these frames.

    Parameters
    ----------
    planes
        A few frames (Y, X) of the time-lapse. Those of a single grey do not count.

    Examples
    --------
    >>> grey_limits([np.zeros((4, 4)), np.arange(1001.0).reshape(7, 143)])[0]
    5.0
    >>> grey_limits([])
    (0.0, 1.0)
    """
    ends = [np.percentile(plane, STRETCH_PERCENT) for plane in planes if plane.size and plane.min() < plane.max()]
    if not ends:
        return 0.0, 1.0
    low, high = np.median(ends, axis=0)
    return float(low), float(max(high, low + 1e-12))


@cache
def colour_of(track: int) -> tuple[int, int, int]:
    """The colour of a track, from 0 to 255; 0 is a cell without one.

    Examples
    --------
    >>> colour_of(0), colour_of(1) == colour_of(7)
    ((255, 158, 0), True)
    """
    if track <= 0:
        return UNTRACKED
    red, green, blue = ImageColor.getrgb(APART[track % len(APART)])[:3]
    # A third of the way towards white: the palette is made for white pages, and cells lie on dark ones.
    return red + (255 - red) // 3, green + (255 - green) // 3, blue + (255 - blue) // 3


def _grey(values: NDArray[Any], limits: tuple[float, float] | None) -> NDArray[np.float32]:
    low, high = limits if limits is not None else grey_limits([values])
    grey: NDArray[np.float32] = np.clip((values - low) / np.float32(high - low), 0, 1).astype(np.float32)
    return grey


def _place(point: NDArray[np.float64]) -> tuple[int, int]:
    x, y = np.rint(point[::-1] * 2**FRACTION_BITS).astype(int).tolist()
    return x, y


def _draw_tails(picture: NDArray[np.uint8], tails: Iterable[tuple[int, NDArray[np.float64]]]) -> None:
    """Lines that fade with age; all of one age and colour at once, which is many times faster than one by one."""
    alike: dict[tuple[int, tuple[int, int, int]], list[NDArray[np.int32]]] = {}
    oldest = 1
    for track, places in tails:
        places = places[np.isfinite(places).all(axis=1)]
        corners = np.rint(places[:, ::-1] * 2**FRACTION_BITS).astype(np.int32)
        colour, oldest = colour_of(track), max(oldest, len(corners) - 1)
        for age in range(1, len(corners)):
            alike.setdefault((age, colour), []).append(corners[len(corners) - age - 1 : len(corners) - age + 1])
    for (age, colour), lines in sorted(alike.items(), key=lambda item: -item[0][0]):
        faded = [round((1 - 0.7 * (age - 1) / oldest) * part) for part in colour]
        cv2.polylines(picture, lines, False, faded, 1, cv2.LINE_AA, FRACTION_BITS)


def _with_words(picture: NDArray[np.uint8], left: str, right: str) -> NDArray[np.uint8]:
    """The picture below a strip with the words, so that they cover no cell."""
    height, width = picture.shape[:2]
    across = max(width, NARROWEST)
    sheet = np.full((height + STRIP, across, 3), GROUND, np.uint8)
    begin = (across - width) // 2
    sheet[STRIP:, begin : begin + width] = picture
    canvas = Pillow.fromarray(sheet)
    pen = ImageDraw.Draw(canvas)
    pen.text((8, STRIP / 2), left, INK, font(LETTERS), anchor="lm")
    pen.text((across - 8, STRIP / 2), right, INK, font(LETTERS), anchor="rm")
    return np.array(canvas)
