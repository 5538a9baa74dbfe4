"""Density maps that a network learns to paint: each cell's mass of one, spread out by one rule or another.

A map holds cells per pixel. Whatever the rule, a cell keeps its whole mass inside the real image, so that the map of
a whole image sums to its number of points; and the map of a crop is the crop of the whole image's map.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.special import ndtr

from cytally.datasets.example import Bounds

SPACING_SHARE = 0.3
LEAST_SIGMA, MOST_SIGMA = 1.5, 6.0
REACH = 5.0
"""Standard deviations beyond which a Gaussian's tail is left out of a crop."""
OBJECT_REACH = 4.0
"""Standard deviations beyond which an object's Gaussian is nothing."""
OBJECT_FLOOR = 0.7
"""Standard deviation in pixels that every object's Gaussian has at least: narrower ones fall between pixels."""

Floats = NDArray[np.float64]


def gaussian_density(points: Floats, shape: tuple[int, ...], sigma: float, bounds: Bounds | None = None) -> Floats:
    """Sum of unit Gaussians at `points`, each keeping its whole mass inside the image.

    A Gaussian is integrated over each pixel and divided by its mass between the image's edges (`bounds`), so the
    map of a whole image sums to its number of points, wherever they lie.

    Parameters
    ----------
    points
        (N, 2), y and x in pixels, the centre of the top-left pixel being the origin.
    shape
        (Y, X) of the map.
    sigma
        Standard deviation in pixels.
    bounds
        Edges of the real image where the map is a crop of it; by default the map's own.

    Returns
    -------
    (Y, X) array
        Cells per pixel.

    Examples
    --------
    >>> corner = gaussian_density(np.array([[0.0, 0.0]]), (9, 9), sigma=6.0)
    >>> round(float(corner.sum()), 9)
    1.0
    """
    return _separable(points, shape, bounds, REACH * sigma, lambda distance: ndtr(distance / sigma))


def square_density(points: Floats, shape: tuple[int, ...], side: float, bounds: Bounds | None = None) -> Floats:
    """Each cell spread evenly over a square around its point: the redundant counts of Count-ception.

    Away from the image's edges, a pixel of the map, times ``side²``, says how many cells lie in the window of that side
    around it, cells at the window's rim in part. A square that reaches beyond the image is cut at its edges and made
    denser, so that the mass stays one. A square of the side ``√12 σ`` has the standard deviation σ along each axis.

    Parameters
    ----------
    points
        (N, 2), y and x in pixels, the centre of the top-left pixel being the origin.
    shape
        (Y, X) of the map.
    side
        Side of the square in pixels, above zero; pixels that it covers in part get their part.
    bounds
        Edges of the real image where the map is a crop of it; by default the map's own.

    Returns
    -------
    (Y, X) array
        Cells per pixel.

    References
    ----------
    Cohen et al. 2017, "Count-ception: counting by fully convolutional redundant counting". There the image is padded
    with zeros and the map is larger than the image; here the map stays as large as the image.

    Examples
    --------
    A quarter of the square lies beyond the top edge:

    >>> (4 * square_density(np.array([[0.0, 1.5]]), (2, 4), side=2.0)).round(3).tolist()
    [[0.0, 1.333, 1.333, 0.0], [0.0, 0.667, 0.667, 0.0]]
    """
    return _separable(points, shape, bounds, side / 2, lambda distance: np.clip(distance / side + 0.5, 0, 1))


def object_density(
    points: Floats, covariances: Floats, shape: tuple[int, ...], spread: float, bounds: Bounds | None = None
) -> Floats:
    """Sum of Gaussians as long, as wide and as turned as the cells' objects are.

    The covariance of a cell's Gaussian is ``spread²`` times that of its object's pixels, plus 0.7² pixels² along each
    axis. It is evaluated at pixel centres up to 4 standard deviations away along each axis, and divided by its sum over
    those that lie in the real image.

    Parameters
    ----------
    points
        (N, 2), y and x in pixels, the centre of the top-left pixel being the origin.
    covariances
        (N, 2, 2), second central moments of the objects' pixels in y and x, pixels².
    shape
        (Y, X) of the map.
    spread
        Standard deviation of a Gaussian over that of its object; 0 gives all cells the narrowest Gaussian.
    bounds
        Edges of the real image where the map is a crop of it; by default the map's own.

    Returns
    -------
    (Y, X) array
        Cells per pixel.

    Raises
    ------
    ValueError
        When there is not one covariance per point.

    Examples
    --------
    A long object in a corner keeps its mass:

    >>> lying = object_density(np.array([[0.0, 0.0]]), np.array([[[1.0, 0.0], [0.0, 20.0]]]), (9, 30), spread=1.0)
    >>> round(float(lying.sum()), 9), bool(lying[0, 3] > lying[3, 0])
    (1.0, True)
    """
    if covariances.shape != (len(points), 2, 2):
        raise ValueError(f"covariances of shape {covariances.shape} do not belong to {len(points)} points")
    rows, columns = shape
    top, left, bottom, right = bounds or _own_bounds(shape)
    gaussians = spread**2 * covariances + OBJECT_FLOOR**2 * np.eye(2)
    reach = OBJECT_REACH * np.sqrt(np.diagonal(gaussians, axis1=1, axis2=2))
    first = np.ceil(np.maximum(points - reach, (top, left))).astype(int)
    behind = np.floor(np.minimum(points + reach, (bottom, right))).astype(int) + 1
    inside = ((points >= (top, left)) & (points <= (bottom, right))).all(axis=1)
    shown = ((first < behind) & (first < (rows, columns)) & (behind > 0)).all(axis=1)

    density = np.zeros((rows, columns))
    precisions = np.linalg.inv(gaussians)
    for cell in np.flatnonzero(inside & shown):
        (row, column), (row_behind, column_behind) = first[cell], behind[cell]
        (yy, yx), (_, xx) = precisions[cell]
        y = np.arange(row, row_behind)[:, None] - points[cell, 0]
        x = np.arange(column, column_behind) - points[cell, 1]
        gaussian = np.exp(-0.5 * (yy * y**2) - 0.5 * (xx * x**2) - (yx * y) * x)
        gaussian /= gaussian.sum()  # with the pixels of the real image that the map does not show
        low, high = (max(row, 0), max(column, 0)), (min(row_behind, rows), min(column_behind, columns))
        density[low[0] : high[0], low[1] : high[1]] += gaussian[
            low[0] - row : high[0] - row, low[1] - column : high[1] - column
        ]
    return density


def sigma_from_spacing(points: Sequence[Floats]) -> float:
    """σ from how close the cells are: 0.3 of the median distance to the nearest neighbour, within [1.5, 6] pixels.

    Narrow enough that neighbours stay two peaks, wide enough to forgive a click beside the centre.

    Examples
    --------
    >>> sigma_from_spacing([np.array([[0.0, 0.0], [0.0, 10.0]])])
    3.0
    >>> sigma_from_spacing([np.zeros((1, 2))])  # one cell has no neighbour
    6.0
    """
    distances = [np.asarray(KDTree(each).query(each, k=2)[0])[:, 1] for each in points if len(each) > 1]
    if not distances:
        return MOST_SIGMA
    median = float(np.median(np.concatenate(distances)))
    return float(np.clip(SPACING_SHARE * median, LEAST_SIGMA, MOST_SIGMA))


def sigma_from_objects(covariances: Sequence[Floats], spread: float) -> float:
    """σ of the round Gaussian that is as high as the typical one of `object_density`: the median over all cells.

    Examples
    --------
    >>> round(sigma_from_objects([np.array([[[4.0, 0.0], [0.0, 16.0]]])], spread=1.0), 3)  # 2 by 4 pixels, about
    2.933
    """
    gaussians = spread**2 * np.concatenate(list(covariances)) + OBJECT_FLOOR**2 * np.eye(2)
    return float(np.median(np.linalg.det(gaussians) ** 0.25)) if len(gaussians) else MOST_SIGMA


def _own_bounds(shape: tuple[int, ...]) -> Bounds:
    rows, columns = shape
    return (-0.5, -0.5, rows - 0.5, columns - 0.5)


def _separable(
    points: Floats, shape: tuple[int, ...], bounds: Bounds | None, reach: float, cumulative: Callable[[Floats], Floats]
) -> Floats:
    """The map of cells whose mass is spread along y and along x by itself: one matrix product.

    Parameters
    ----------
    reach
        Pixels beyond the map from which a cell is left out.
    cumulative
        Which share of the mass lies below a distance, in pixels, from a cell's point.
    """
    rows, columns = shape
    top, left, bottom, right = bounds or _own_bounds(shape)
    near = (points > -reach - 0.5) & (points < np.array([rows, columns]) + reach)
    inside = (points >= (top, left)) & (points <= (bottom, right))
    points = points[near.all(axis=1) & inside.all(axis=1)]

    def shares(centres: Floats, size: int, low: float, high: float) -> Floats:
        edges = np.clip(np.arange(size + 1) - 0.5, low, high)
        mass = cumulative(high - centres) - cumulative(low - centres)
        shared: Floats = np.diff(cumulative(edges - centres[:, None]), axis=1) / mass[:, None]
        return shared

    density: Floats = shares(points[:, 0], rows, top, bottom).T @ shares(points[:, 1], columns, left, right)
    return density
