"""Where the sample lies on a slide: what stands out from the empty ground around it.

Otsu's threshold on a low-resolution picture says which side of it the ground is on, and whether there is one: most of
the picture's edge must lie on it. The threshold itself then lies where the ground's own noise ends, not half-way to
the sample, so that faint tissue and single cells are in. Missing a cell costs a count; an empty tile costs a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cytally.errors import ImageError, UsageError
from cytally.images.read import read
from cytally.images.region import Region, read_region
from cytally.images.region_files import GEOJSON_ENDINGS, IMAGEJ_ENDINGS
from cytally.slides.ground import stands_out
from cytally.slides.slide import Slide, is_slide, open_slides
from cytally.slides.words import size_in_words

Mask = NDArray[np.bool_]

LONGEST = 2048
"""Most pixels on the longer side of a mask that is made from outlines, or from an image too large for memory."""
STRIP_BYTES = 64 * 2**20
"""Pixels of such an image that are held at a time."""
SAME_PROPORTIONS = 0.01
"""How far apart the proportions of a mask and its slide may be: pyramids are rounded to whole pixels."""


@dataclass(frozen=True)
class TissueOptions:
    """How tissue is told from the empty ground. Lengths are in pixels of the low-resolution picture.

    Parameters
    ----------
    threshold
        Factor on how far above the ground (below it, in bright field) tissue begins. 1 is where the ground's noise
        ends; 2 takes what stands out twice as far.
    closing
        Gaps up to twice as wide are closed.
    largest_hole
        Holes of up to this share of the picture are filled.
    smallest
        Specks of fewer pixels are dropped. 1 keeps all: a cell may be no larger.
    margin
        Width of a margin that is added all around.

    Raises
    ------
    UsageError
        When a number is out of its range.
    """

    threshold: float = 1.0
    closing: float = 3.0
    largest_hole: float = 0.02
    smallest: int = 1
    margin: float = 4.0

    def __post_init__(self) -> None:
        if not 0 < self.threshold < math.inf:
            raise UsageError(f"the tissue's threshold is {self.threshold}", cure="give a factor above 0, 1 is usual")
        lengths = (self.closing, self.largest_hole, self.smallest, self.margin)
        if not all(0 <= length < math.inf for length in lengths):
            raise UsageError("a length or area of the tissue's options is negative", cure="give 0 or more")


@dataclass(frozen=True, eq=False)
class Tissue:
    """Where to count on a slide.

    Parameters
    ----------
    mask
        (Y, X) of the whole slide in few pixels.
    shape
        (Y, X) of the slide's level 0.
    region
        The outlines that the mask was made from, where it was drawn as such: they decide, not the mask's few pixels.
    """

    mask: Mask
    shape: tuple[int, int]
    region: Region | None = None

    @property
    def step(self) -> tuple[float, float]:
        """Pixels of level 0 per pixel of the mask, along Y and X."""
        rows, columns = self.mask.shape
        return self.shape[0] / rows, self.shape[1] / columns

    def window(self, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> Mask:
        """Whether pixels lie in the tissue.

        Parameters
        ----------
        rows, columns
            Where their centres lie, (Y,) and (X,) in ascending order, in pixels of level 0 with the centre of the
            first one as origin. What lies beyond the slide is outside.

        Returns
        -------
        numpy.ndarray
            bool (Y, X).

        Examples
        --------
        >>> tissue = Tissue(np.array([[True, False]]), shape=(4, 8))
        >>> tissue.window(np.array([0.0]), np.array([2.0, 3.49, 3.5, 9.0])).tolist()
        [[True, True, False, False]]
        """
        places = [
            np.floor((each + 0.5) / step).astype(np.intp) for each, step in zip((rows, columns), self.step, strict=True)
        ]
        on_slide = [(place >= 0) & (place < length) for place, length in zip(places, self.mask.shape, strict=True)]
        if self.region is not None:
            inside = self.region.mask_at(rows, columns)
        else:
            y, x = (np.clip(place, 0, length - 1) for place, length in zip(places, self.mask.shape, strict=True))
            inside = self.mask[np.ix_(y, x)]
        return np.asarray(inside & on_slide[0][:, None] & on_slide[1])


def find_tissue(picture: NDArray[Any], options: TissueOptions | None = None) -> Mask:
    """Find the sample in a picture of a whole slide.

    Parameters
    ----------
    picture
        Pixels (C, Y, X) of low resolution, of any real type. What stands out in one channel is in; a channel of noise
        alone says nothing.
    options
        How generous to be; without it, as `TissueOptions` is by default.

    Returns
    -------
    numpy.ndarray
        bool (Y, X). True everywhere where no channel shows a clear ground with something on it, or one may be all
        tissue.

    References
    ----------
    Otsu 1979, A threshold selection method from gray-level histograms, IEEE Trans. SMC 9, 62-66.
    """
    options = options or TissueOptions()
    channels = [stands_out(channel, options.threshold) for channel in picture]
    grounds = {channel.ground for channel in channels}
    everywhere = np.ones(picture.shape[-2:], bool)
    if "unclear" in grounds or "clear" not in grounds:
        return everywhere
    found = _rounded_off(np.logical_or.reduce([channel.mask for channel in channels]), options)
    return found if found.any() else everywhere


def read_tissue(path: Path, shape: tuple[int, int]) -> Tissue:
    """Read where the tissue is from a file that someone drew.

    Parameters
    ----------
    path
        A mask image of any size with the slide's proportions, 0 being outside; or outlines, GeoJSON or of ImageJ, in
        pixels of level 0.
    shape
        (Y, X) of the slide's level 0.

    Raises
    ------
    ImageError
        When it cannot be read, has other proportions than the slide, or leaves nothing to count in.
    UsageError
        When outlines cannot be read.
    """
    if path.suffix.lower() in (*GEOJSON_ENDINGS, *IMAGEJ_ENDINGS):
        tissue = _drawn(read_region(path), shape)
    else:
        mask = _mask_of(open_slides(path)[0]) if is_slide(path) else np.asarray(read(path)[0].data.any(axis=(0, 1, 2)))
        _check_proportions(path, mask.shape, shape)
        tissue = Tissue(mask, shape)
    if not tissue.mask.any():
        raise ImageError(
            f"marks no tissue on a slide of {size_in_words(shape)}",
            file=path,
            cure="draw it on this slide, in pixels of its full resolution; in a mask, tissue is what is not 0",
        )
    return tissue


def _drawn(region: Region, shape: tuple[int, int]) -> Tissue:
    step = max(1.0, max(shape) / LONGEST)
    small = (math.ceil(shape[0] / step), math.ceil(shape[1] / step))
    steps = np.divide(shape, small)
    mask = region.mask_window((0, 0), small, (steps[0], steps[1]))
    for rings in region.polygons:  # what is smaller than a pixel of the mask shows by its corners
        corners = np.floor((rings[0] + 0.5) / steps).astype(np.intp)
        y, x = corners[((corners >= 0) & (corners < small)).all(axis=1)].T
        mask[y, x] = True
    return Tissue(mask, shape, region)


def _mask_of(slide: Slide) -> Mask:
    """A mask image that is too large for memory, some rows at a time: a pixel is in where any that it holds is."""
    with slide:
        fine = [number for number, level in enumerate(slide.levels) if max(level.shape) >= LONGEST]
        level = fine[-1] if fine else 0
        rows, columns = slide.levels[level].shape
        step = -(-max(rows, columns) // LONGEST)
        strip = max(1, STRIP_BYTES // (columns * slide.dtype.itemsize * len(slide.channels) * step)) * step
        parts = []
        for top in range(0, rows, strip):
            piece = slide.read(level, (slice(top, min(top + strip, rows)), slice(0, columns)))
            if piece.damaged is not None:
                raise ImageError("is damaged", file=slide.path, cure="copy or export the mask again")
            marked = np.asarray(piece.pixels.any(axis=0))
            down = np.logical_or.reduceat(marked, np.arange(0, len(marked), step), axis=0)
            parts.append(np.logical_or.reduceat(down, np.arange(0, columns, step), axis=1))
        return np.concatenate(parts)


def _check_proportions(path: Path, mask: tuple[int, ...], slide: tuple[int, int]) -> None:
    expected = mask[1] * slide[0] / slide[1]
    if abs(mask[0] - expected) > max(0.5, SAME_PROPORTIONS * expected):
        raise ImageError(
            f"is a mask of {size_in_words(mask)}, and the slide has other proportions: {size_in_words(slide)}",
            file=path,
            cure="make the mask from the whole slide, at any size",
        )


def _rounded_off(mask: Mask, options: TissueOptions) -> Mask:
    """Close gaps, fill holes, drop specks and add the margin."""
    if options.closing and mask.any():
        reach = math.ceil(options.closing) + 1
        # Beyond the picture nothing is known; as if its edge went on, it takes no tissue away.
        grown = _away_from(np.pad(mask, reach, mode="edge")) <= options.closing
        closed = _away_from(~np.pad(grown, 1, mode="edge"))[1:-1, 1:-1] > options.closing
        mask = mask | closed[reach:-reach, reach:-reach]
    if options.largest_hole:
        holes = ndimage.binary_fill_holes(mask) & ~mask
        mask = mask | _sized(holes, 0, options.largest_hole * mask.size)
    if options.smallest > 1:
        mask = _sized(mask, options.smallest, math.inf)
    return _away_from(mask) <= options.margin if options.margin and mask.any() else mask


def _away_from(mask: Mask) -> NDArray[np.float32]:
    """How far each pixel is from the next one that is set."""
    if not mask.any():
        return np.full(mask.shape, np.inf, np.float32)
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance, np.float32)


def _sized(mask: Mask, least: float, most: float) -> Mask:
    """Those pieces of a mask whose number of pixels is within bounds; corners join."""
    labels, pieces = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(labels.ravel(), minlength=pieces + 1)
    kept = (sizes >= least) & (sizes <= most)
    kept[0] = False
    return np.asarray(kept[labels], bool)
