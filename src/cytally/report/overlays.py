"""The picture beside the number: an image with its points, outlines and density drawn on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cytally.files import whole_file
from cytally.results import Prediction

Picture = NDArray[np.float32]
"""Colours (3, Y, X) from 0 to 1."""

# Blue against orange stays apart for every common form of colour blindness (after Okabe & Ito's palette).
ORANGE = np.array([1.0, 0.62, 0.0], np.float32)
NEAR_BLACK = np.array([0.04, 0.04, 0.06], np.float32)
SKY_BLUE = np.array([0.34, 0.71, 0.91], np.float32)
DEEP_BLUE = np.array([0.0, 0.32, 0.80], np.float32)

STRETCH_PERCENT = (0.5, 99.9)
STRETCHED_BY = 262_144
"""The percentiles are those of about so many pixels on a regular grid, and of twice as many at most."""
TINT_OPACITY = 0.5
ENLARGE_TOWARDS = 512
"""Images smaller than this are enlarged by a whole factor, so that marks do not hide the cells."""
LARGEST_ENLARGEMENT = 4
STRIP_PIXELS = 4_000_000
"""Pixels turned into float64 at a time while shrinking, so that a slide does not fill the memory."""


def overlay(
    plane_data: NDArray[Any],
    channel: int | None,
    prediction: Prediction,
    *,
    longest_side: int = 1600,
    enlarge_towards: int = ENLARGE_TOWARDS,
) -> NDArray[np.uint8]:
    """Draw what was counted on the image it was counted in.

    Parameters
    ----------
    plane_data
        Pixels (C, Y, X) of any real type.
    channel
        The channel to show as contrast-stretched grey. None shows three channels as red, green and blue, and any
        other number of channels as the brightest of them at each pixel.
    prediction
        Its density is laid over as a translucent blue, its labels as outlines, its points as rimmed dots.
    longest_side
        Longest side of the drawing in pixels. A larger image is averaged down over areas; a small one is enlarged
        by a whole factor of at most 4.
    enlarge_towards
        Side in pixels towards which small ones are enlarged.

    Returns
    -------
    numpy.ndarray
        Colours (Y, X, 3), uint8.

    Raises
    ------
    ValueError
        When `plane_data` is not (C, Y, X) with at least one pixel, or has no such channel.

    Examples
    --------
    >>> overlay(np.zeros((1, 3, 4000)), 0, Prediction(count=0.0)).shape
    (1, 1600, 3)
    """
    if plane_data.ndim != 3 or 0 in plane_data.shape:
        raise ValueError(f"an overlay needs pixels (C, Y, X), not shape {plane_data.shape}")
    if channel is not None and not 0 <= channel < plane_data.shape[0]:
        raise ValueError(f"channel {channel} is not among the {plane_data.shape[0]} channels")
    height, width = plane_data.shape[1:]
    size = drawing_size(height, width, longest_side, enlarge_towards)
    base = (min(height, size[0]), min(width, size[1]))  # shade the few pixels there are, then enlarge
    shaded = _background(plane_data, channel, base)
    if prediction.density is not None:
        _tint(shaded, shrink(prediction.density, base), prediction.count)
    picture = np.asarray(cv2.merge([_bytes(band) for band in shaded]), np.uint8).reshape(*base, 3)
    if base != size:
        enlarged = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_NEAREST)  # by a whole factor
        picture = np.asarray(enlarged, np.uint8).reshape(*size, 3)
    if prediction.labels is not None:
        _outline(picture, prediction.labels)
    if prediction.points is not None and len(prediction.points):
        scale = np.divide(size, (height, width))
        _mark(picture, (prediction.points[:, :2] + 0.5) * scale - 0.5)
    return picture


def drawing_size(height: int, width: int, longest_side: int, enlarge_towards: int = ENLARGE_TOWARDS) -> tuple[int, int]:
    """Height and width of the drawing of an image of `height` by `width` pixels.

    Examples
    --------
    >>> drawing_size(1000, 3200, 1600), drawing_size(256, 256, 1600), drawing_size(1, 1, 1600)
    ((500, 1600), (512, 512), (4, 4))
    """
    longest = max(height, width)
    if longest > longest_side:
        factor = longest_side / longest
    else:
        factor = max(1, min(LARGEST_ENLARGEMENT, min(enlarge_towards, longest_side) // longest))
    return max(1, round(height * factor)), max(1, round(width * factor))


def shrink(values: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float32]:
    """Average `values` (Y, X) over the exact areas that the pixels of a smaller (height, width) cover.

    Values that are not finite count as 0.
    """
    rows_in, columns_in = values.shape
    rows_out, columns_out = size
    result = np.empty(size, np.float32)
    if size == values.shape:
        result[:] = _finite(values)
        return result
    edges = np.linspace(0, rows_in, rows_out + 1)
    strip = max(1, STRIP_PIXELS * rows_out // (columns_in * rows_in))
    for first in range(0, rows_out, strip):
        last = min(first + strip, rows_out)
        top, bottom = int(edges[first]), min(rows_in, int(np.ceil(edges[last])))
        averaged = _means_between(_finite(values[top:bottom]), edges[first : last + 1] - top)
        result[first:last] = _means_between(averaged.T, np.linspace(0, columns_in, columns_out + 1)).T
    return result


def stretch(values: NDArray[np.float32], extremes: tuple[float, float]) -> NDArray[np.float32]:
    """Spread `values` from 0 to 1 between their 0.5th and 99.9th percentile.

    Parameters
    ----------
    values
        Finite pixels of any shape.
    extremes
        The least and the largest value of the file's type: a constant picture is black or white where it sits at
        one of them, grey otherwise.
    """
    low, high = (_percentile(values, percent) for percent in STRETCH_PERCENT)
    if high <= low:  # fewer than one bright pixel in a thousand: show those at least
        low, high = float(values.min()), float(values.max())
    if high <= low:
        shade = 0.0 if low <= extremes[0] else 1.0 if low >= extremes[1] else 0.5
        return np.full(values.shape, shade, np.float32)
    stretched: NDArray[np.float32] = (values - np.float32(low)) / np.float32(high - low)
    return np.clip(stretched, 0, 1, out=stretched)


def thumbnail(rgb: NDArray[np.uint8], longest_side: int = 256) -> NDArray[np.uint8]:
    """Shrink colours (Y, X, 3) to at most `longest_side` pixels; never enlarge."""
    height, width = rgb.shape[:2]
    factor = min(1.0, longest_side / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    picture = Pillow.fromarray(rgb)
    if height % size[0] == 0 and height // size[0] == width / size[1]:
        return np.asarray(picture.reduce(height // size[0]))  # the same by whole squares, and faster
    return np.asarray(picture.resize(size, Pillow.Resampling.HAMMING))


def encode_png(rgb: NDArray[np.uint8]) -> bytes:
    """Colours (Y, X, 3) as the bytes of a PNG file."""
    # Enlarged pictures repeat their rows: with that filter the fastest level is as small as slower ones.
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(rgb), level=1, filter=imagecodecs.PNG.FILTER.UP))


def write_png(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Write colours (Y, X, 3) as a PNG file, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_bytes(encode_png(rgb))


def _finite(values: NDArray[Any]) -> NDArray[np.float64]:
    numbers = values.astype(np.float64)
    if not np.issubdtype(values.dtype, np.floating):
        return numbers
    limit = 1e30  # well inside float32
    return np.clip(np.nan_to_num(numbers, copy=False, nan=0, posinf=0, neginf=0), -limit, limit)


def _means_between(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of `values` (N, ...) between neighbouring `edges`, which may cut through a value."""
    sums = np.zeros((len(values) + 1, *values.shape[1:]))
    np.cumsum(values, axis=0, out=sums[1:])
    whole = np.minimum(edges.astype(np.intp), len(values) - 1)
    up_to = sums[whole] + (edges - whole)[:, None] * values[whole]
    means: NDArray[np.float64] = np.diff(up_to, axis=0) / np.diff(edges)[:, None]
    return means


def _background(data: NDArray[Any], channel: int | None, size: tuple[int, int]) -> Picture:
    extremes = (0.0, 1.0)
    if np.issubdtype(data.dtype, np.integer):
        extremes = (float(np.iinfo(data.dtype).min), float(np.iinfo(data.dtype).max))
    if channel is None and len(data) == 3:  # one stretch for the three, so that colours keep their hue
        return stretch(np.stack([shrink(one, size) for one in data]), extremes)
    shown = data if channel is None else data[channel : channel + 1]
    grey = np.zeros(size, np.float32)
    for one in shown:
        np.maximum(grey, stretch(shrink(one, size), extremes), out=grey)
    return np.stack([grey] * 3)


def _tint(picture: Picture, density: NDArray[np.float32], count: float) -> None:
    density = np.maximum(density, 0)
    peak = _percentile(density, STRETCH_PERCENT[1]) or float(density.max())
    if peak <= 0:
        return
    # Without the count, the faint remains of an empty image would look like a crowd.
    level = np.minimum(density / peak, 1) * np.float32(np.clip(count, 0, 1))
    opacity = TINT_OPACITY * np.sqrt(level)
    for band, deep, sky in zip(picture, DEEP_BLUE, SKY_BLUE, strict=True):
        towards = level * (sky - deep) + deep
        towards -= band
        towards *= opacity
        band += towards


def _percentile(values: NDArray[np.float32], percent: float) -> float:
    """As NumPy's, of pixels on a regular grid where there are many."""
    some = values.ravel()[:: max(1, values.size // STRETCHED_BY)]
    place = percent / 100 * (some.size - 1)
    low = int(place)
    parted = np.partition(some, low)
    below = float(parted[low])
    return below if low == place else below + (place - low) * (float(parted[low + 1 :].min()) - below)


def _bytes(picture: Picture) -> NDArray[np.uint8]:
    """Colours from 0 to 1 as those from 0 to 255."""
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def _outline(picture: NDArray[np.uint8], labels: NDArray[Any]) -> None:
    height, width = picture.shape[:2]
    rows = ((np.arange(height) + 0.5) * labels.shape[0] / height).astype(np.intp)
    columns = ((np.arange(width) + 0.5) * labels.shape[1] / width).astype(np.intp)
    shown = labels[np.ix_(rows, columns)]
    edge = np.zeros(shown.shape, bool)
    for distance in range(1, 2 + max(height, width) // 1000):
        across = shown[distance:] != shown[:-distance]
        along = shown[:, distance:] != shown[:, :-distance]
        edge[distance:] |= across
        edge[:-distance] |= across
        edge[:, distance:] |= along
        edge[:, :-distance] |= along
    picture[edge & (shown > 0)] = _bytes(SKY_BLUE)


def _mark(picture: NDArray[np.uint8], points: NDArray[np.float64]) -> None:
    """Dots with a dark rim, smoothed, at (y, x) in the picture's own pixels; crowded dots are smaller."""
    height, width = picture.shape[:2]
    points = points[np.isfinite(points).all(axis=1)]
    spacing = np.sqrt(height * width / max(1, len(points)))
    radius = float(np.clip(0.15 * spacing, 1.0, np.clip(max(height, width) / 140, 1.5, 8.0)))
    rim = max(1.0, radius / 4)
    reach = int(np.ceil(radius + rim)) + 1
    steps = np.arange(-reach, reach + 1)
    near = np.rint(points).astype(np.intp)
    y, x = (near[:, axis, None] + steps for axis in (0, 1))
    down, across = ((side - points[:, axis, None]).astype(np.float32) for axis, side in enumerate((y, x)))
    distance = np.sqrt(down[:, :, None] ** 2 + across[:, None] ** 2)
    inside = ((y >= 0) & (y < height))[:, :, None] & ((x >= 0) & (x < width))[:, None]
    inside &= distance < radius + rim + 0.5
    nearest = np.full(height * width, np.inf, np.float32)
    np.minimum.at(nearest, (y[:, :, None] * width + x[:, None])[inside], distance[inside])
    touched = np.flatnonzero(np.isfinite(nearest))
    pixels = picture.reshape(-1, 3)
    colours = pixels[touched] / np.float32(255)
    for colour, reach_of_colour in ((NEAR_BLACK, radius + rim), (ORANGE, radius)):
        cover = np.clip(np.float32(reach_of_colour + 0.5) - nearest[touched], 0, 1)[:, None]
        colours += (colour - colours) * cover
    pixels[touched] = _bytes(colours.astype(np.float32))
