"""Counting by density: a U-Net paints a map that sums to the number of cells (Lazard et al. 2022).

An image becomes a map of cells per pixel. Training maps hold one unit Gaussian per annotated point, times 100;
the count is the map's sum, the cells' places are its peaks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter
from torch import Tensor, nn
from torch.nn import functional

from cytally.datasets.example import Example
from cytally.errors import ConfigError
from cytally.methods.density_config import DensityConfig
from cytally.methods.density_maps import (
    gaussian_density,
    object_density,
    sigma_from_objects,
    sigma_from_spacing,
    square_density,
)
from cytally.methods.map_method import MapMethod, within
from cytally.methods.method import Method, MethodConfig
from cytally.methods.parts import Parts
from cytally.networks.density_unet import DensityUNet
from cytally.readout.peaks import density_peaks
from cytally.results import Prediction


class Density(MapMethod):
    """The density method.

    References
    ----------
    Lempitsky & Zisserman 2010 (learning to count by density); Xie et al. 2018 (by a convolutional network);
    Lazard et al. 2022 (this network, these targets and this loss); Cohen et al. 2017 (redundant counting); He et al.
    2021 (deep supervision).
    """

    name: ClassVar[str] = "density"
    learns_from_counts: ClassVar[bool] = True
    learns_from_teacher: ClassVar[bool] = True
    Config: ClassVar[type[MethodConfig]] = DensityConfig
    config: DensityConfig

    def fit_to(self, examples: Sequence[Example], like: Method | None = None) -> Self:
        """Work `sigma: auto` out: from the spacing of the annotated cells, or from their size where that is the kernel.

        Where no cell is marked it is that of the method to begin with, `like`, or else the largest there is.

        Raises
        ------
        ConfigError
            When the kernel is the objects' own and no object is known.
        """
        covariances = [example.covariances for example in examples if example.covariances is not None]
        if self.config.kernel == "object" and not covariances:
            raise ConfigError(
                "'options.kernel' is object, and no training image has a label image to take shapes from",
                cure="add labels/ to the data folder, or set options.kernel=gaussian",
            )
        if self.config.sigma != "auto":
            return self
        points = [example.points for example in examples if example.points is not None]
        if self.config.kernel == "object":
            sigma = sigma_from_objects(covariances, self.config.object_spread)
        elif not points and isinstance(like, Density):
            sigma = like.sigma
        else:
            sigma = sigma_from_spacing(points)
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
        config = self.config
        return DensityUNet(
            self.in_channels,
            config.channels,
            config.normalisation,
            config.deep_supervision > 0,
            config.stem_stride,
            config.separable,
        )

    def parts(self, network: nn.Module) -> Parts:
        """The finest level with the head is outer, all below it the core; levels thaw from the finest to the bottom."""
        depth = len(self.config.channels) - 1

        def level(number: int) -> tuple[str, ...]:
            sides = (f"side_heads.{depth - 1 - number}",) if self.config.deep_supervision and number else ()
            up = depth - 1 - number
            return f"encoders.{number}", f"downs.{number}", f"ups.{up}", f"decoders.{up}", *sides

        outer = (*(("stem",) if self.config.stem_stride > 1 else ()), *level(0), "head")
        inner = [level(number) for number in range(1, depth)]
        names = [(f"level-{number + 2}", parts) for number, parts in enumerate(inner)]
        core = (*(part for parts in inner for part in parts), "bottom")
        return Parts(core, outer, (("level-1", outer), *names, ("bottom", ("bottom",))))

    def targets(self, example: Example) -> NDArray[np.float32]:
        """The amplitude times the density map of the example's points (1, Y, X)."""
        if example.points is None:
            raise ValueError(f"the cells of {example.name} are not marked")
        points, shape, bounds = example.points, example.image.shape[-2:], example.bounds
        if self.config.kernel == "object" and example.covariances is not None:
            density = object_density(points, example.covariances, shape, self.config.object_spread, bounds)
        elif self.config.kernel == "square":
            density = square_density(points, shape, self._square_side, bounds)
        else:
            density = gaussian_density(points, shape, self.sigma, bounds)
        return (self.config.amplitude * density)[None].astype(np.float32)

    def loss(self, output: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Mean absolute (the paper's L1) or squared difference; more terms where asked for.

        The patch's count: the absolute mean difference of each crop (`count_weight`). The decoder's coarser maps: the
        same loss on means over blocks of the size that one of their pixels spans (`deep_supervision`).
        """
        difference = (output - targets) * weights
        pixels = weights.sum().clamp(min=1)
        finest = difference[:, :1]
        loss = self._size(finest).sum() / pixels
        if self.config.count_weight:
            loss = loss + self.config.count_weight * _per_pixel(finest.sum(dim=(1, 2, 3)), weights)
        for channel in range(1, output.shape[1]):
            block = self.config.stem_stride * 2 ** (output.shape[1] - channel)
            means = functional.avg_pool2d(difference[:, channel : channel + 1], block, ceil_mode=True)
            loss = loss + self.config.deep_supervision * self._size(means).sum() * block**2 / pixels
        return loss

    def _size(self, difference: Tensor) -> Tensor:
        return difference.abs() if self.config.loss == "l1" else difference.square()

    def count_loss(self, output: Tensor, counts: Tensor, weights: Tensor) -> Tensor:
        """The difference of each image's sum from its count, as `loss` takes that of a patch: per pixel."""
        sums = (output[:, :1] * weights).sum(dim=(1, 2, 3)) - self.config.amplitude * counts
        return _per_pixel(sums, weights)

    def taught_by(self, teacher: MapMethod, output: NDArray[np.float32]) -> NDArray[np.float32]:
        """The teacher's density map, times this method's amplitude."""
        if not isinstance(teacher, Density):
            raise ConfigError(
                f"'training.teacher' is of the method {teacher.name} and makes no density maps",
                cure="take a teacher of the method density",
            )
        kernel, sigma = teacher.config.kernel, teacher.sigma
        if (kernel, sigma) != (self.config.kernel, self.sigma):
            raise ConfigError(
                "'training.teacher' makes other maps than this model shall make",
                cure=f"set options.kernel={kernel} and options.sigma={sigma:g} as it has them",
            )
        return output * np.float32(self.config.amplitude / teacher.config.amplitude)

    def read(self, output: NDArray[np.float32]) -> Prediction:
        """The map's sum is the count, its peaks the points. A map that sums to less than nothing is empty.

        Squares have no peak of their own: smoothed by a square of the same side, each becomes a pyramid.
        """
        density = output[0] / np.float32(self.config.amplitude)
        count = float(density.sum(dtype=np.float64))
        if count <= 0:
            return Prediction(0.0, np.zeros_like(density), np.zeros((0, 3)))
        return Prediction(count, density, self._peaks(density))

    @property
    def part_margin(self) -> int:
        """How far a peak looks around, and what squares are smoothed by."""
        squares = self._square_side if self.config.kernel == "square" else 0.0
        return math.ceil(max(1.0, self.sigma / 2) + squares) + 1

    def read_part(
        self, output: NDArray[np.float32], core: tuple[slice, slice]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """The core of the map as it is, whatever it sums to, and the peaks that are higher than all around them."""
        density = output[0] / np.float32(self.config.amplitude)
        near = tuple(slice(max(0, side.start - self.part_margin), side.stop + self.part_margin) for side in core)
        points = self._peaks(density[near])
        points[:, :2] += [side.start for side in near]
        return density[core], points[within(points[:, :2].astype(int), core)]

    def _peaks(self, density: NDArray[np.float32]) -> NDArray[np.float64]:
        """Places and scores (N, 3) of the cells in a density map."""
        if self.config.kernel != "square":
            return density_peaks(density, self.sigma)
        side = self._square_side
        pyramids = uniform_filter(density, max(1, round(side)), mode="constant")
        return density_peaks(pyramids, side / math.sqrt(2 * math.pi))

    @property
    def _square_side(self) -> float:
        return math.sqrt(12) * self.sigma


def _per_pixel(sums: Tensor, weights: Tensor) -> Tensor:
    """Mean over the batch of how far each picture's sum (N,) is off, over its pixels that have weight."""
    return (sums / weights.sum(dim=(1, 2, 3)).clamp(min=1)).abs().mean()
