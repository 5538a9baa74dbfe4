"""What drawn images take from natural ones: how many cells there are, and what lies behind them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from cytally.datasets.folder import Sample
from cytally.datasets.load import single_plane
from cytally.errors import DataError
from cytally.images.channels import most_varying
from cytally.images.resize import resize
from cytally.synthesis.counts import MOST, GivenCounts

FEW = 0.1
"""Share of the annotated images, those with the fewest cells, whose mean is the natural background."""


def learn_counts(samples: Iterable[Sample]) -> GivenCounts:
    """The law that the numbers of cells follow in annotated images: each as frequent as it occurs.

    Raises
    ------
    DataError
        When no image is annotated, or one holds more cells than can be drawn.

    Examples
    --------
    >>> from pathlib import Path
    >>> samples = [Sample("a", Path("a"), count=2), Sample("b", Path("b")), Sample("c", Path("c"), count=0)]
    >>> learn_counts(samples).chances
    (0.5, 0.0, 0.5)
    """
    annotated = [sample for sample in samples if sample.count is not None]
    if not annotated:
        raise _not_annotated()
    fullest = max(annotated, key=lambda sample: sample.count or 0)
    if (fullest.count or 0) > MOST:
        raise DataError(
            f"holds {fullest.count:.0f} cells, and at most {MOST} can be drawn",
            file=fullest.path,
            cure="cut the images into smaller ones",
        )
    return GivenCounts.learned(round(sample.count or 0) for sample in annotated)


def few_cells(samples: Iterable[Sample], few: float = FEW) -> list[Sample]:
    """The annotated images with the fewest cells; of images with as many, the first by name.

    Parameters
    ----------
    samples
        Annotated images and others, which are left out.
    few
        Below 1, which share of the annotated images, rounded up; else how many, or all where there are not so many.

    Raises
    ------
    DataError
        When no image is annotated.

    Examples
    --------
    >>> from pathlib import Path
    >>> samples = [Sample(name, Path(name), count=count) for name, count in (("a", 7), ("b", 0), ("c", 0), ("d", 3))]
    >>> [sample.name for sample in few_cells(samples, 0.5)], [sample.name for sample in few_cells(samples, 1)]
    (['b', 'c'], ['b'])
    """
    annotated = sorted(
        (sample for sample in samples if sample.count is not None), key=lambda sample: (sample.count or 0, sample.name)
    )
    if not annotated:
        raise _not_annotated()
    return annotated[: math.ceil(few * len(annotated)) if few < 1 else round(few)]


def mean_background(samples: Sequence[Sample], shape: tuple[int, int], *, few: float = FEW) -> NDArray[np.float64]:
    """The mean of the natural images with few cells: what is behind the cells, with its uneven light.

    Parameters
    ----------
    samples
        Of a data folder; `few_cells` chooses among them.
    shape
        Rows and columns of the background; images of another size are resized.
    few
        As in `few_cells`.

    Returns
    -------
    ndarray
        Grey levels (Y, X) from 0 to 255, of each image's most varying channel. 8-bit images keep their levels. For
        others 255 is the largest number of as many bits as the brightest of these images needs (4095 for a camera of
        12 bits), or 1 for fractions up to 1.

    Raises
    ------
    DataError
        When no image is annotated.
    ImageError
        When one of the images cannot be read.
    """
    chosen = few_cells(samples, few)
    total, brightest, fractions = np.zeros(shape), 0.0, True
    for sample in chosen:
        data = single_plane(sample).data
        channel = data[most_varying(data)]
        brightest = max(brightest, float(channel.max()))
        fractions = fractions and np.issubdtype(channel.dtype, np.floating)
        total += channel if channel.shape == shape else resize(channel[None], shape)[0]
    return np.clip(total / len(chosen) * (255 / _full_scale(brightest, fractions)), 0, 255)


def _full_scale(brightest: float, fractions: bool) -> float:
    """The value that a camera which gave `brightest` would have given at most.

    Examples
    --------
    >>> _full_scale(90, False), _full_scale(3000, False), _full_scale(65535, False), _full_scale(0.8, True)
    (255.0, 4095.0, 65535.0, 1.0)
    """
    if fractions and brightest <= 1:
        return 1.0
    return float(max(255, 2 ** math.ceil(brightest).bit_length() - 1))


def _not_annotated() -> DataError:
    return DataError("holds no annotated image", cure="add points.csv, counts.csv or label images (labels/STEM.tif)")
