"""Counting by density: a U-Net paints a map that sums to the number of cells (Lazard et al. 2022).

An image becomes a map of cells per pixel. Training maps hold one unit Gaussian per annotated point, times 100;
the count is the map's sum, the cells' places are its peaks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.spatial import KDTree
from scipy.special import ndtr
from torch import Tensor, nn

from cytally.datasets.example import Bounds, Example
from cytally.methods.method import Method, MethodConfig
from cytally.networks.density_unet import DensityUNet
from cytally.networks.normalisation import Normalisation
from cytally.readout.peaks import density_peaks
from cytally.results import Prediction

SPACING_SHARE = 0.3
LEAST_SIGMA, MOST_SIGMA = 1.5, 6.0
REACH = 5.0
"""Standard deviations beyond which a Gaussian's tail is left out of a crop."""


class DensityConfig(MethodConfig):
    """Settings of the density method. The defaults are the paper's."""

    sigma: Annotated[float, Field(gt=0)] | Literal["auto"] = Field(
        6.0,
        description="Standard deviation of a cell's Gaussian, in pixels of the network's input. `auto` takes 0.3 of "
        "the median distance between nearest neighbours in the training data, at least 1.5 and at most 6. Paper: 6.",
    )
    amplitude: float = Field(
        100.0, gt=0, description="Factor on the training maps, so that the loss is not vanishingly small. Paper: 100."
    )
    channels: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (32, 64, 128, 256), min_length=2, description="Filters per level of the U-Net. Paper: 32, 64, 128, 256."
    )
    normalisation: Normalisation = Field(
        "batch",
        description="Layer behind each leaky ReLU: `batch` (paper), `group` (cannot count in tiles), `layer` (over the "
        "channels of each pixel), `none`.",
    )
    loss: Literal["l1", "l2"] = Field(
        "l1",
        description="Per-pixel loss: `l1`, the mean absolute difference (paper), or `l2`, the mean squared difference, "
        "whose optimum is the mean of what is possible and so keeps sums.",
    )
    count_weight: float = Field(
        0.0,
        ge=0,
        description="Weight of the patch's count in the loss: the absolute mean difference beside the mean absolute "
        "difference. Paper: 0.",
    )


class Density(Method):
    """The density method.

    References
    ----------
    Lempitsky & Zisserman 2010 (learning to count by density); Xie et al. 2018 (by a convolutional network);
    Lazard et al. 2022 (this network, these targets and this loss).
    """

    name: ClassVar[str] = "density"
    Config: ClassVar[type[MethodConfig]] = DensityConfig
    config: DensityConfig

    def fit_to(self, examples: Sequence[Example]) -> Self:
        """Work `sigma: auto` out from the spacing of the annotated cells."""
        if self.config.sigma != "auto":
            return self
        sigma = sigma_from_spacing([example.points for example in examples])
        return type(self)(self.config.model_copy(update={"sigma": sigma}), self.in_channels)

    @property
    def sigma(self) -> float:
        """Standard deviation of a cell's Gaussian in pixels, once it is known."""
        if self.config.sigma == "auto":
            raise ValueError("sigma is still 'auto': call fit_to with the training examples first")
        return float(self.config.sigma)

    @property
    def cell_diameter(self) -> float:
        """Four σ: the disc of this diameter holds 86 % of a cell's Gaussian."""
        return 4 * self.sigma

    def network(self) -> nn.Module:
        """Build the density U-Net, untrained."""
        return DensityUNet(self.in_channels, self.config.channels, self.config.normalisation)

    def targets(self, example: Example) -> NDArray[np.float32]:
        """The amplitude times the density map of the example's points (1, Y, X)."""
        density = gaussian_density(example.points, example.image.shape[-2:], self.sigma, example.bounds)
        return (self.config.amplitude * density)[None].astype(np.float32)

    def loss(self, output: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Mean absolute (the paper's L1) or squared difference, with a term on each patch's count where asked for."""
        difference = (output - targets) * weights
        pixels = weights.sum().clamp(min=1)
        loss = (difference.abs() if self.config.loss == "l1" else difference.square()).sum() / pixels
        if self.config.count_weight:
            each = difference.sum(dim=(1, 2, 3)) / weights.sum(dim=(1, 2, 3)).clamp(min=1)
            loss = loss + self.config.count_weight * each.abs().mean()
        return loss

    def read(self, output: NDArray[np.float32]) -> Prediction:
        """The map's sum is the count, its peaks the points. A map that sums to less than nothing is empty."""
        density = output[0] / np.float32(self.config.amplitude)
        count = float(density.sum(dtype=np.float64))
        if count <= 0:
            return Prediction(0.0, np.zeros_like(density), np.zeros((0, 3)))
        return Prediction(count, density, density_peaks(density, self.sigma))


def gaussian_density(
    points: NDArray[np.float64], shape: tuple[int, ...], sigma: float, bounds: Bounds | None = None
) -> NDArray[np.float64]:
    """Sum of unit Gaussians at `points`, each keeping its whole mass inside the image.

    A Gaussian is integrated over each pixel and divided by its mass between the image's edges (`bounds`), so the
    map of a whole image sums to its number of points, wherever they lie. The edges being straight, rows and columns
    separate: the map is one matrix product.

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
    rows, columns = shape
    top, left, bottom, right = bounds or (-0.5, -0.5, rows - 0.5, columns - 0.5)
    near = (points > -REACH * sigma - 0.5) & (points < np.array([rows, columns]) + REACH * sigma)
    inside = (points >= (top, left)) & (points <= (bottom, right))
    points = points[near.all(axis=1) & inside.all(axis=1)]

    def shares(centres: NDArray[np.float64], size: int, low: float, high: float) -> NDArray[np.float64]:
        edges = np.clip(np.arange(size + 1) - 0.5, low, high)
        mass = ndtr((high - centres) / sigma) - ndtr((low - centres) / sigma)
        shared: NDArray[np.float64] = np.diff(ndtr((edges - centres[:, None]) / sigma), axis=1) / mass[:, None]
        return shared

    density: NDArray[np.float64] = shares(points[:, 0], rows, top, bottom).T @ shares(
        points[:, 1], columns, left, right
    )
    return density


def sigma_from_spacing(points: Sequence[NDArray[np.float64]]) -> float:
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
