"""Changing the number of pixels of pictures, density maps and label images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor


def resize(data: NDArray[np.floating[Any]], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Resize (C, Y, X) to `shape` by linear interpolation, averaging over the pixels that fall together.

    Pixel centres keep their place: a point at y lands at (y + ½) · factor - ½.
    """
    import torch

    if data.shape[-2:] == shape:
        return np.asarray(data, np.float32)
    batch = torch.from_numpy(np.ascontiguousarray(data, np.float32))[None]
    array: NDArray[np.float32] = _interpolate(batch, shape)[0].numpy()
    return array


def _interpolate(batch: Tensor, shape: tuple[int, int]) -> Tensor:
    # torch's antialiased interpolation is many times faster than the ones in SciPy and scikit-image
    from torch.nn import functional

    return functional.interpolate(batch, shape, mode="bilinear", align_corners=False, antialias=True)


def resize_density(density: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Resize a density map (Y, X) to `shape`, keeping its sum: each pixel hands on exactly what it holds.

    Examples
    --------
    >>> small = np.array([[1.0, 0.0], [-0.5, 0.25]], np.float32)
    >>> round(float(resize_density(small, (7, 5)).sum()), 6)
    0.75
    """
    if density.shape == shape:
        return density
    rows, columns = (_reach(before, after) for before, after in zip(density.shape, shape, strict=True))
    shared: NDArray[np.float32] = resize((density / rows[:, None] / columns)[None], shape)[0]
    return shared


def _reach(before: int, after: int) -> NDArray[np.float32]:
    """The weights with which each pixel of a line of `before` enters the line of `after` that `resize` makes of it."""
    import torch

    line = torch.zeros(1, 1, before, 2, requires_grad=True)  # two columns, as torch is wrong for a single one
    (weights,) = torch.autograd.grad(_interpolate(line, (after, 2)).sum(), line)
    array: NDArray[np.float32] = weights[0, 0, :, 0].numpy()
    return array


def resize_labels(labels: NDArray[np.integer[Any]], shape: tuple[int, int]) -> NDArray[np.integer[Any]]:
    """A label image (Y, X) in another size: each pixel takes the label of the pixel that its centre falls in.

    Examples
    --------
    >>> resize_labels(np.array([[1, 0], [0, 2]]), (2, 4)).tolist()
    [[1, 1, 0, 0], [0, 0, 2, 2]]
    """
    if labels.shape == shape:
        return labels
    rows, columns = (
        ((np.arange(wanted) + 0.5) * there / wanted).astype(int)
        for wanted, there in zip(shape, labels.shape, strict=True)
    )
    resized: NDArray[np.integer[Any]] = labels[rows[:, None], columns]
    return resized


def scale_points(points: NDArray[np.float64], factor: float | tuple[float, float]) -> NDArray[np.float64]:
    """Where points (N, 2 or more; y and x first) lie after resizing by `factor`."""
    scaled = points.copy()
    scaled[:, :2] = (points[:, :2] + 0.5) * factor - 0.5
    return scaled
