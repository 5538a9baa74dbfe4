"""Context Aware Pseudocoloring: a slice of a volume as a colour picture that shows what its neighbours hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CLIP_LIMIT, GRID = 10.0, (16, 16)
BLUR = 8
"""Side of the box blur, in pixels."""
LOWEST, HIGHEST = 20, 49
"""Where the threshold starts and ends, in hundredths of the neighbour's range."""

Picture = NDArray[np.float32]
Scaled = NDArray[np.float64]
Mask = NDArray[np.bool_]


def pseudocoloured(slices: Iterable[NDArray[Any]], *, foreground: float = 0.03) -> Iterator[Picture]:
    """Colour a volume slice by slice, holding three slices at most.

    Parameters
    ----------
    slices
        (Y, X) each, of any real type and one shape, in the order they lie in. Values are finite.
    foreground
        The share of a slice that a neighbour's mask may cover before its threshold rises; about twice the share of
        the slice that is expected to be cells. The paper has 0.03.

    Yields
    ------
    Picture
        (3, Y, X) for each slice, float32 in [0, 1]: red what lies below, green the slice, blue what lies above.

    Raises
    ------
    ValueError
        When a slice does not have two axes, or not the shape of the one before.

    References
    ----------
    Wagner & Rohr 2022, Context Aware Pseudocoloring. `pseudocolour` is the same for one slice.

    Examples
    --------
    >>> [picture.shape for picture in pseudocoloured(np.eye(8) for _ in range(2))]
    [(3, 8, 8), (3, 8, 8)]
    """
    current: Scaled | None = None
    below: Mask | None = None
    mask: Mask | None = None
    for arriving in map(_scaled, slices):
        above = _mask(arriving, foreground)  # once for each slice: it is red in one picture and blue in another
        if current is not None:
            yield _coloured(below, current, above)
        below, current, mask = mask, arriving, above
    if current is not None:
        yield _coloured(below, current, None)


def copies(slices: Iterable[NDArray[Any]]) -> Iterator[Picture]:
    """Every slice three times, scaled to [0, 1]: what the paper compares its colours with.

    Parameters
    ----------
    slices
        (Y, X) each, of any real type.

    Yields
    ------
    Picture
        (3, Y, X) for each slice, float32.
    """
    for scaled in map(_scaled, slices):
        yield _coloured(None, scaled, None)


def pseudocolour(
    below: NDArray[Any] | None, middle: NDArray[Any], above: NDArray[Any] | None, *, foreground: float = 0.03
) -> Picture:
    """Colour one slice by its neighbours.

    Parameters
    ----------
    below, above
        The slices (Y, X) at z-1 and z+1; None where there is none, which counts as a slice of zeros.
    middle
        The slice (Y, X).
    foreground
        As in `pseudocoloured`.

    Returns
    -------
    Picture
        (3, Y, X), float32. Green is the slice g, scaled to [0, 1]; red and blue are mask × g + g with the masks of the
        neighbours below and above, each scaled to [0, 1]. A constant slice gives zeros.

    Examples
    --------
    Without neighbours, all three channels are the slice:

    >>> pseudocolour(None, np.array([[5, 6, 9]]), None)[:, 0].tolist()
    [[0.0, 0.25, 1.0], [0.0, 0.25, 1.0], [0.0, 0.25, 1.0]]
    """
    masks = [None if each is None else likely_foreground(each, foreground=foreground) for each in (below, above)]
    return _coloured(masks[0], _scaled(middle), masks[1])


def likely_foreground(neighbour: NDArray[Any], *, foreground: float = 0.03) -> Mask:
    """Where a neighbouring slice probably shows cells.

    The slice is brought to 8 bits by its own minimum and maximum, so that 8, 16 and 32-bit versions of one picture give
    the same mask; then contrast-limited adaptive histogram equalisation (CLAHE, OpenCV's definition, clip limit 10,
    16 × 16 tiles), scaling to [0, 1], an 8 × 8 box blur and a threshold, which starts at 0.20 and rises by 0.01, to
    0.49 at most, while more than the share `foreground` of the slice lies above it.

    Parameters
    ----------
    neighbour
        (Y, X), of any real type.
    foreground
        As in `pseudocoloured`.

    Returns
    -------
    Mask
        (Y, X), true strictly above the threshold; nowhere in a constant slice.

    Examples
    --------
    >>> bool(likely_foreground(np.full((8, 8), 7)).any())
    False
    """
    return _mask(_scaled(neighbour), foreground)


def _scaled(values: NDArray[Any]) -> Scaled:
    """Values (Y, X) scaled to [0, 1] by their own range; zeros where they are all alike."""
    # 64 bits, and the difference first: integers of any depth, times or plus whatever, give the very same quotient
    scaled = np.array(values, np.float64)
    if scaled.ndim != 2:
        raise ValueError(f"a slice has two axes (Y, X), not the shape {scaled.shape}")
    scaled -= scaled.min()
    top = scaled.max()
    if top > 0:
        scaled /= top
    return scaled


def _mask(scaled: Scaled, foreground: float) -> Mask:
    """`likely_foreground` of a slice that is scaled already."""
    # half upwards; the thousandth keeps the last bit of a 32-bit float from deciding what lies halfway
    eight_bits = (scaled * 255 + 0.501).astype(np.uint8)
    # OpenCV's threads are left as its user set them, since the setting is one for the whole process: a slice is done
    # before the network runs, so that the two never want the cores at the same time
    clear = cv2.createCLAHE(clipLimit=CLIP_LIMIT, tileGridSize=GRID).apply(eight_bits)
    low, high = int(clear.min()), int(clear.max())
    if low == high:
        return np.zeros(scaled.shape, np.bool_)
    # Sums over the box, whole numbers up to 64 x 255, not means of scaled values: no rounding decides what is above
    sums = cv2.boxFilter(clear, cv2.CV_16U, (BLUR, BLUR), normalize=False)
    for hundredths in range(LOWEST, HIGHEST + 1):
        mask: Mask = sums > BLUR**2 * (100 * low + hundredths * (high - low)) // 100
        if np.count_nonzero(mask) / mask.size <= foreground:
            break
    return mask


def _coloured(below: Mask | None, scaled: Scaled, above: Mask | None) -> Picture:
    """The picture (3, Y, X) of a scaled slice and the masks of its neighbours."""
    green = scaled.astype(np.float32)
    picture = np.stack([green, green, green])
    for channel, mask in ((picture[0], below), (picture[2], above)):
        if mask is None:
            continue
        if mask.shape != green.shape:
            raise ValueError(f"slices of one volume have one shape, not {mask.shape} and {green.shape}")
        np.add(channel, green, out=channel, where=mask)
        if (top := channel.max()) > 0:  # the least is 0 already: twice nothing is nothing
            channel /= top
    return picture
