"""Bring images of any type, exposure and staining to one range, from statistics of the whole image.

The default, ``"foreground"``, puts the background at 0 and a typical cell at about 1, however many cells there are. The
usual ``"percentile"`` and ``"standard"`` do not: the 99.8th percentile of a field with three cells lies in the
background, and the standard deviation grows with every cell. They are here because published methods use them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal
from skimage import exposure

from cytally.errors import ImageError

Kind = Literal["foreground", "range", "percentile", "standard", "equalised", "none"]
Pixels = NDArray[np.floating[Any]]

LIMITS = (-4.0, 8.0)
"""What "foreground" clips to: far outside what cells reach, so that debris cannot dominate a network's input."""

SAMPLES = 4_000_000
"""Statistics look at no more pixels than this per channel, on a regular grid."""

BINS = 4096
"""Grey values that "equalised" tells apart where there are more than 256."""

WHITE = 0.3
"""What the median and the Gaussian of `sample` leave of white noise's standard deviation."""

FEWEST = 16
"""Fewer foreground pixels than this are no cell (a disc of 5 pixels' diameter has 20)."""

QUIET = 12.0
"""Without foreground, the scale is this many standard deviations of the noise."""

CACHED = 32_768
"""Pixels that are smoothed at a time."""

CROWDED = 5.0
"""An image without foreground whose values spread this many times wider than its noise is full of cells."""


@dataclass(frozen=True)
class Statistics:
    """How to normalise one image: ``(data - offset) / scale``, then clip where `limits` are given.

    Parameters
    ----------
    offset
        One number per channel, subtracted.
    scale
        One positive number for all channels, so that an empty channel is not blown up.
    limits
        Lowest and highest value of the result, or None.
    """

    offset: tuple[float, ...]
    scale: float
    limits: tuple[float, float] | None = None


def normalise(data: NDArray[Any], kind: Kind = "foreground") -> NDArray[np.float32]:
    """Normalise an image by statistics of the whole of it, never of a tile.

    Parameters
    ----------
    data
        Pixels (C, Y, X) of any real type.
    kind
        ``"foreground"``: background 0, typical cell 1, see `statistics`.
        ``"range"``: integers divided by the largest value of their type (255, 65535); booleans and floats as they are.
        A 12-bit camera's images in 16 bits therefore end at 0.06.
        ``"percentile"``: 1st to 0, 99.8th to 1. Depends on how full the field is.
        ``"standard"``: mean 0, standard deviation 1. Depends on how full the field is.
        ``"equalised"``: each channel's grey values spread evenly from 0 to 1 (histogram equalisation). Depends on how
        full the field is, and makes noise as loud as cells where there are few.
        ``"none"``: unchanged values.

    Returns
    -------
    Pixels (C, Y, X), float32.

    Raises
    ------
    ImageError
        When there is no pixel, or one is not a finite number.

    Examples
    --------
    >>> normalise(np.full((1, 2, 3), 7, np.uint8))
    array([[[0., 0., 0.],
            [0., 0., 0.]]], dtype=float32)
    >>> normalise(np.array([[[0, 51, 255]]], np.uint8), "range")
    array([[[0. , 0.2, 1. ]]], dtype=float32)
    >>> normalise(np.array([[[1, 1, 2, 200]]], np.uint8), "equalised")
    array([[[0.5 , 0.5 , 0.75, 1.  ]]], dtype=float32)
    """
    if kind == "equalised":
        check(data)
        spread = [exposure.equalize_hist(channel, nbins=BINS) for channel in data]  # type: ignore[no-untyped-call]
        return np.stack(spread).astype(np.float32)
    return apply(data, statistics(data, kind))


def apply(data: NDArray[Any], found: Statistics) -> NDArray[np.float32]:
    """Normalise pixels (C, Y, X), the whole image or a tile of it, by `found` statistics of the whole image."""
    offset = np.array(found.offset)[:, None, None]
    working = np.result_type(data.dtype, np.float32)
    result: NDArray[np.float32] = ((data.astype(working) - offset.astype(working)) / working.type(found.scale)).astype(
        np.float32, copy=False
    )
    return result if found.limits is None else result.clip(*found.limits)


def statistics(data: NDArray[Any], kind: Kind = "foreground") -> Statistics:
    """Offsets and scale that normalise `data` (C, Y, X); `kind` as in `normalise`, but for "equalised", which has none.

    For ``"foreground"``, in each channel, on pixels freed of hot ones and smoothed by a Gaussian of one pixel:

    1. The background is the darkest clear peak of the histogram, its spread that of the clean side (the one on which
       there are fewer far pixels). The noise is measured on what the smoothing took away.
    2. Pixels further than 3 spreads and 6 times the smoothed noise away, brighter or darker, deviate. The typical
       deviation m is the median of those above m / 2, found from above, starting at their mean weighted with the
       deviation: the value inside cells at half maximum, whatever lies in blurred rims, and whatever few bright
       things there are. The scale is the median |deviation| of the same pixels in the image as it is.
    3. Where almost nothing deviates, the image holds noise alone and the scale is 12 times that, so that noise stays
       below 0.1; or else cells so dense that no background is left: then the 2nd percentile is the background.

    The largest scale of all channels is used for all.

    In 118 fluorescence images (DSB 2018, looked at during development) the median inside nuclei was about 1.0 (5 to
    95 % of the images: 0.71 to 1.12), outside 0.00 (0.00 to 0.03). Nuclei of 6 pixels reach up to 1.9, since blur
    leaves them no plateau. Blank images that were smoothed by more than about one pixel look like crowded ones.
    """
    check(data)
    channels = len(data)
    if kind == "none":
        return Statistics((0.0,) * channels, 1.0)
    if kind == "range":
        whole = np.issubdtype(data.dtype, np.integer)
        return Statistics((0.0,) * channels, float(np.iinfo(data.dtype).max) if whole else 1.0)
    if kind == "percentile":
        low, high = np.percentile(data.reshape(channels, -1), [1, 99.8], axis=1)
        return Statistics(tuple(low.tolist()), positive(float((high - low).max())))
    if kind == "standard":
        flat = data.reshape(channels, -1)
        return Statistics(
            tuple(flat.mean(axis=1, dtype=np.float64).tolist()),
            positive(float(flat.std(axis=1, dtype=np.float64).max())),
        )
    if kind == "foreground":
        found = [foreground(channel) for channel in data]
        return Statistics(tuple(offset for offset, _ in found), positive(max(scale for _, scale in found)), LIMITS)
    raise ValueError(f"unknown normalisation {kind!r}")


def check(data: NDArray[Any]) -> None:
    """Refuse what has no statistics."""
    if data.ndim != 3 or data.size == 0:
        raise ImageError(f"has shape {data.shape}, not channels, rows and columns", cure="give at least one pixel")
    if data.dtype.kind == "f" and not np.isfinite(data).all():
        raise ImageError("holds values that are not finite numbers", cure="replace NaN and infinity by numbers")


def positive(scale: float) -> float:
    """The scale, or 1 for an image without contrast, whose deviations are all 0."""
    return scale if scale > 0 else 1.0


def foreground(channel: NDArray[Any]) -> tuple[float, float]:
    """Background level and the foreground's typical |deviation| from it, of one channel (Y, X)."""
    step = int(np.ceil(np.sqrt(channel.size / SAMPLES)))
    smooth = sample(channel, step).ravel()
    rows, columns = (slice(start(side, step), None, step) for side in channel.shape)
    raw = channel[rows, columns].astype(smooth.dtype).ravel()
    level, spread = background(smooth)
    deviation = np.abs(smooth - level)
    noise = float(np.quantile(np.abs(raw - smooth)[deviation <= 3 * spread], 0.9)) / 1.645
    rounding = smallest_difference(raw) * 0.3  # standard deviation of what rounding to whole numbers adds
    fine = float(np.hypot(WHITE * noise, rounding))
    deviating = deviation > max(3 * spread, 6 * fine)
    if deviating.sum() * step**2 < FEWEST:
        if spread <= CROWDED * fine:
            return level, max(4 * spread, QUIET * float(np.hypot(noise, rounding)))
        level = float(np.quantile(smooth, 0.02))
        deviation = np.abs(smooth - level)
        deviating = deviation > 3 * fine
    strength = deviation[deviating]
    reference = float((strength**2).sum() / strength.sum())
    rising = np.sort(strength)
    for _ in range(20):
        typical = middle(rising[np.searchsorted(rising, rising.dtype.type(reference / 2)) :])
        if typical >= reference:
            break
        reference = typical
    return level, float(np.median(np.abs(raw - level)[deviating][strength >= reference / 2]))


def smallest_difference(values: Pixels) -> float:
    """The smallest step between different values (N,), which tells whole numbers however they were rescaled."""
    few = np.unique(values[:: max(1, values.size // 100_000)])
    return float(np.diff(few).min()) if few.size > 1 else 0.0


def start(length: int, step: int) -> int:
    """Where the regular grid starts along an axis."""
    return min(step // 2, length - 1)


def sample(channel: NDArray[Any], step: int) -> Pixels:
    """Every `step`-th pixel of a channel (Y, X) after a median of 3 and a Gaussian of sigma 1 along each axis."""
    weights = np.exp(-0.5 * np.arange(-3, 4) ** 2)
    weights = (weights / weights.sum()).astype(np.result_type(channel.dtype, np.float32))
    return smooth_rows(smooth_rows(channel, step, weights, 0), step, weights, 1)


def smooth_rows(values: NDArray[Any], step: int, weights: Pixels, axis: Literal[0, 1]) -> Pixels:
    """A median of 3 and then the Gaussian along an axis of `values` (Y, X), of which every `step`-th pixel is kept.

    Beyond the edge the last pixel goes on. A few lines are worked on at a time, which fit into the processor's cache.
    """
    length = values.shape[axis]
    places = np.arange(start(length, step), length, step)
    shape = (len(places), values.shape[1]) if axis == 0 else (values.shape[0], len(places))
    result = np.empty(shape, weights.dtype)
    lines = max(1, CACHED // (values.shape[1] * (step if axis == 0 else 1)))
    for top in range(0, shape[0], lines):
        if axis == 0:
            here = places[top : top + lines]
            near = values.take(np.arange(here[0] - 4, here[-1] + 5), axis=0, mode="clip").astype(weights.dtype)
        else:
            here = places
            near = np.pad(values[top : top + lines, : here[-1] + 5], ((0, 0), (4, 4)), mode="edge")[:, here[0] :].T
        a, b, c = near[:-2], near[1:-1], near[2:]
        medians = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
        shifted = [medians[shift : shift + here[-1] - here[0] + 1 : step] for shift in range(len(weights))]
        centre = shifted.pop(3)  # differences from it keep constant regions exactly constant
        total = np.zeros_like(centre)
        for weight, each in zip(np.delete(weights, 3), shifted, strict=True):
            difference = each - centre
            difference *= weight
            total += difference
        total += centre
        result[top : top + lines] = total if axis == 0 else total.T
    return result


def background(values: Pixels) -> tuple[float, float]:
    """Level and spread (as a standard deviation) of the background among pixels (N,).

    The level starts at the darkest clear peak of the histogram, since nuclei may cover most of a fluorescence image,
    and moves to the mean of the pixels within 1.5 spreads. The spread comes from the side that has fewer far pixels.
    """
    ordered = np.sort(values)
    level = darkest_peak(ordered)
    spread = clean_spread(ordered, level)
    for _ in range(5):
        low, high = places(ordered, [level - spread, level + spread])
        if high > low:
            level = float(ordered[low:high].mean())
    return level, clean_spread(ordered, level)


def places(ordered: Pixels, limits: Sequence[float] | NDArray[np.float64]) -> NDArray[np.intp]:
    """How many of the sorted values (N,) are below each limit, without a copy of them in the limits' precision."""
    exact = np.asarray(limits, np.float64)
    near = exact.astype(ordered.dtype)
    return np.searchsorted(ordered, np.where(near < exact, np.nextafter(near, near.dtype.type(np.inf)), near))


def middle(ordered: Pixels) -> float:
    """The median of sorted values (N,)."""
    return float(ordered[(ordered.size - 1) // 2 : ordered.size // 2 + 1].mean())


def clean_spread(ordered: Pixels, level: float) -> float:
    """Standard deviation about `level` of the sorted values (N,) on its narrower side, by the median."""
    border = ordered.dtype.type(level)
    sides = (ordered[: np.searchsorted(ordered, border)], ordered[np.searchsorted(ordered, border, "right") :])
    wide = [side for side in sides if side.size > ordered.size // 20]
    return min((1.4826 * abs(middle(side - border)) for side in wide), default=0.0)


def darkest_peak(ordered: Pixels) -> float:
    """Where the histogram of the sorted values (N,) has its first clear peak, at least half as high as the highest."""
    low, high = ordered[[ordered.size // 200, ordered.size - 1 - ordered.size // 200]].astype(float)
    if low == high:
        return float(low)
    bins, margin = 64, 6
    edges = places(ordered, np.linspace(low, high, bins + 1)[:-1])
    heights = np.diff([*edges, np.searchsorted(ordered, ordered.dtype.type(high), "right")]).astype(float)
    smooth = ndimage.gaussian_filter1d(np.pad(heights, margin), 1.5)
    peaks, _ = signal.find_peaks(smooth, height=smooth.max() / 2, prominence=smooth.max() / 12)
    return float(low + (peaks[0] - margin + 0.5) * (high - low) / bins)
