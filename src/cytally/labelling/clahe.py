"""Contrast-limited adaptive histogram equalisation, as ImageJ's command *Enhance Local Contrast (CLAHE)* defines it.

Each grey value is replaced by its rank among the pixels of the window around it. How steeply grey values are spread
is limited: bins of the window's histogram are cut off at a limit, and what was cut is shared out over all bins.

The command (S. Saalfeld, after Zuiderveld 1994, Graphics Gems IV, pp. 474-485) has two modes. The exact one takes the
window around every pixel. The fast one, ticked when its dialog opens, takes windows on a grid and interpolates.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError

Bytes = NDArray[np.uint8]
Integers = NDArray[np.integer[Any]]


def clahe(
    image: NDArray[Any], block: int = 127, bins: int = 256, slope: float = 3.0, *, fast: bool = False
) -> NDArray[np.uint8]:
    """Equalise the contrast around each pixel.

    Parameters
    ----------
    image
        (Y, X) of any real type. 8-bit images are taken as they are, others go through `to_bytes`.
    block
        Side of the window in pixels; an even one is taken as the odd one below. Windows are cut off at the image's
        edges.
    bins
        Number of grey values that are told apart, 2 to 256.
    slope
        The most by which a difference between neighbouring grey values may grow; 1 leaves the image nearly as it is.
    fast
        Windows on a grid, one block apart, whose transfer functions are interpolated linearly, as the command's fast
        mode does, instead of one window per pixel.

    Returns
    -------
    ndarray
        (Y, X) uint8.

    Raises
    ------
    ImageError
        When the image is not two-dimensional, has no pixels or has NaN or infinite ones.
    ValueError
        When a setting makes no sense.

    Notes
    -----
    The exact mode is the original's definition integer by integer. The fast mode differs from the original's fast mode
    at two places: the last row and column are equalised too, which the original leaves as they were, and images
    smaller than a block have one window. With default settings the two modes differ by 0.05 to 2.1
    grey values on average on ten real fluorescence images (by 38 at the most, where a nucleus lies far from others).
    A 1408 x 1040 image takes 4 s exactly and 0.1 s fast on one core.

    The original multiplies the pixels of a 16-bit image by the factor that their 8-bit copies changed by; here the
    8-bit copy is the result.

    Examples
    --------
    >>> clahe(np.array([[0, 100], [100, 200]], np.uint8), slope=256)
    array([[  0, 170],
           [170, 255]], dtype=uint8)
    """
    if block < 1 or not 2 <= bins <= 256 or slope < 1:
        raise ValueError(f"block {block} must be at least 1, bins {bins} from 2 to 256, slope {slope} at least 1")
    values = _quantised(to_bytes(image), bins)
    radius = (block - 1) // 2
    if fast:
        return _on_a_grid(values, radius, bins, slope)
    return _around_each_pixel(values, radius, bins, slope)


def to_bytes(image: NDArray[Any]) -> NDArray[np.uint8]:
    """8-bit copy (Y, X) of an image of any real type, as ImageJ's conversion makes it.

    8-bit images stay as they are. Others are scaled by their own range, which ImageJ shows an image in when it opens
    it: integers by 256 / (maximum - minimum + 1), others by 255 / (maximum - minimum), both rounded and at most 255.
    An image of one value becomes 0.

    Raises
    ------
    ImageError
        When the image is not two-dimensional, has no pixels or has NaN or infinite ones.

    Examples
    --------
    >>> to_bytes(np.array([[1000, 1001], [1511, 1256]], np.uint16))  # 256 / 512: a half each
    array([[  0,   1],
           [255, 128]], dtype=uint8)
    """
    if image.ndim != 2 or image.size == 0:
        raise ImageError(f"has shape {image.shape}, where rows and columns are needed", cure="give one channel of it")
    if image.dtype == np.uint8:
        return image
    halves = image.astype(np.float64) / 2  # so that no range overflows
    lowest, highest = float(halves.min()), float(halves.max())
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise ImageError("has NaN or infinite pixels", cure="replace them and save it again")
    if highest == lowest:
        return np.zeros(image.shape, np.uint8)
    if image.dtype.kind in "ui":
        shares = (halves - lowest) * 256 / (highest - lowest + 0.5)
    else:
        shares = (halves - lowest) / (highest - lowest) * 255
    return np.minimum(np.floor(shares + 0.5), 255).astype(np.uint8)


def clip(histograms: Integers, limits: Integers) -> Integers:
    """Cut histograms off at a limit and share out what was cut, until that changes no more.

    Parameters
    ----------
    histograms
        (N, bins): pixels in each bin.
    limits
        (N,): how many a bin may have.

    Returns
    -------
    ndarray
        (N, bins). What was cut is shared out evenly; a remainder of m goes to single bins, every (bins - 1) // m of
        them, so that sometimes a few pixels more are shared out than were cut. Bins may lie above the limit by as much
        as was shared out last.

    Examples
    --------
    The limit of 2 cuts 6 off; each of the 4 bins gets 1, the remainder of 2 goes to every (4 - 1) // 2 = 1st bin,
    which are all. Of 4, 2, 2, 2 the next round cuts 2 off, and the remainder of 2 again goes to all. From there on
    4 are cut and 4 shared out.

    >>> clip(np.array([[8, 0, 0, 0]]), np.array([2]))
    array([[3, 3, 3, 3]])
    """
    bins = histograms.shape[1]
    remainders = _remainders(bins).astype(histograms.dtype)
    limits = limits.astype(histograms.dtype)[:, None]
    clipped = histograms.copy()
    pending = np.arange(len(clipped))
    before = np.zeros(len(clipped), histograms.dtype)
    current = clipped
    # What is kept of a bin never falls from round to round, so that this ends.
    while pending.size:
        kept = np.minimum(current, limits)
        cut = np.add.reduce(current, axis=1, dtype=current.dtype) - np.add.reduce(kept, axis=1, dtype=current.dtype)
        shared, left = cut // bins, cut % bins
        kept += remainders[left]
        kept += shared[:, None]
        clipped[pending] = kept
        going_on = cut != before
        pending, before, limits, current = pending[going_on], cut[going_on], limits[going_on], kept[going_on]
    return clipped


def _remainders(bins: int) -> Integers:
    """(bins, bins): row m tells which bins get one more where m pixels are left over."""
    shares = np.zeros((bins, bins), np.int64)
    for left in range(1, bins):
        step = (bins - 1) // left
        shares[left, step // 2 :: step] = 1
    return shares


def _quantised(values: Bytes, bins: int) -> NDArray[np.intp]:
    """Bin of each pixel: its share of 255, times the number of steps between bins, rounded."""
    return np.floor(values / 255 * (bins - 1) + 0.5).astype(np.intp)


def _counting_type(pixels: int) -> type[np.unsignedinteger[Any]]:
    """Narrow integers, which are several times faster, where a window's pixels can be counted in them."""
    return np.uint16 if pixels < 2**15 else np.uint32


def _around_each_pixel(values: NDArray[np.intp], radius: int, bins: int, slope: float) -> Bytes:
    height, width = values.shape
    counting = _counting_type(min(2 * radius + 1, height) * min(2 * radius + 1, width))
    columns = np.arange(width)
    left, right = np.maximum(columns - radius, 0), np.minimum(columns + radius + 1, width)
    of_columns = np.zeros((width, bins), counting)  # histogram of each column of pixels, over the window's rows
    sums = np.zeros((width + 1, bins), counting)
    out = np.empty(values.shape, np.uint8)
    for row in values[:radius]:
        of_columns[columns, row] += 1
    for y in range(height):
        if y + radius < height:
            of_columns[columns, values[y + radius]] += 1
        if y - radius > 0:
            of_columns[columns, values[y - radius - 1]] -= 1
        np.cumsum(of_columns, axis=0, dtype=counting, out=sums[1:])
        rows = min(y + radius + 1, height) - max(y - radius, 0)
        limits = np.floor(slope * (rows * (right - left)) / (bins - 1) + 0.5).astype(np.int64)
        # Sums may run over; their differences are right all the same.
        ranks = np.cumsum(clip(sums[right] - sums[left], np.minimum(limits, np.iinfo(counting).max)), axis=1)
        out[y] = _to_grey(_transfer(ranks, values[y][:, None])[:, 0])
    return out


def _on_a_grid(values: NDArray[np.intp], radius: int, bins: int, slope: float) -> Bytes:
    height, width = values.shape
    rows, columns = _centres(height, radius), _centres(width, radius)
    histograms = np.array(
        [
            np.bincount(
                values[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1].ravel(), minlength=bins
            )
            for y in rows
            for x in columns
        ]
    )
    block = min(2 * radius + 1, height) * min(2 * radius + 1, width)
    limits = np.full(len(histograms), int(slope * block / (bins - 1) + 0.5))
    ranks = np.cumsum(clip(histograms, limits), axis=1)
    transfers = _transfer(ranks, np.broadcast_to(np.arange(bins), ranks.shape)).reshape(len(rows), len(columns), bins)
    above, below, down = _between(rows, height)
    before, behind, along = _between(columns, width)
    along = along.astype(np.float32)
    out = np.empty(values.shape, np.uint8)
    for y in range(height):
        upper = transfers[above[y]] * (1 - down[y]) + transfers[below[y]] * down[y]
        grey = upper[before, values[y]] * (1 - along) + upper[behind, values[y]] * along
        out[y] = _to_grey(grey)
    return out


def _centres(length: int, radius: int) -> NDArray[np.intp]:
    """Where the grid's windows lie along an axis: side by side, in the middle, and one at each end where some is left.

    The first lies one pixel further in than it must, as in the original.
    """
    block = 2 * radius + 1
    whole, left = divmod(length, block)
    if not whole:
        return np.array([length // 2])
    within = np.arange(whole) * block + radius + 1
    if left < 2:
        return np.minimum(within, length - 1)
    return np.unique([radius + 1, *(within + left // 2), length - radius - 1])


def _between(centres: NDArray[np.intp], length: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """For each place along an axis: the centre before it, the one behind it, and how far it lies towards that."""
    place = np.interp(np.arange(length), centres, np.arange(len(centres)))
    before = np.floor(place).astype(np.intp)
    return before, np.minimum(before + 1, len(centres) - 1), place - before


def _transfer(ranks: Integers, values: NDArray[np.intp]) -> NDArray[np.float64]:
    """Where values lie between the lowest and the highest rank, 0 to 1.

    `ranks` (N, bins) are histograms summed up from the left, `values` (N, M) bins to look up. A window with a single
    grey value has no spread to place it in: 0.
    """
    first = np.argmax(ranks > 0, axis=1)[:, None]
    lowest = np.take_along_axis(ranks, first, axis=1).astype(np.float64)
    spread = ranks[:, -1:] - lowest
    above = np.take_along_axis(ranks, values, axis=1) - lowest
    shares = np.divide(above, spread, out=np.zeros(above.shape), where=spread > 0)
    return np.maximum(shares, 0)


def _to_grey(shares: NDArray[np.floating[Any]]) -> Bytes:
    return np.asarray(np.floor(shares * 255 + 0.5), np.uint8)
