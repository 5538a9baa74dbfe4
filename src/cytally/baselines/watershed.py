"""Counting without learning: averaging filter, threshold, watershed (the image processing in Stallmann et al. 2020).

The settings are found on the training images, by trying all combinations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field
from torch import Tensor, nn

from cytally.baselines.grid_search import Grid, grid_search
from cytally.datasets.example import Example
from cytally.errors import ConfigError, ImageError
from cytally.methods.map_method import MapMethod
from cytally.methods.method import Method, MethodConfig
from cytally.readout.watershed import WatershedSettings, find_cells
from cytally.results import Prediction

T = TypeVar("T")
Auto = Literal["auto"]


def _odd(value: int) -> int:
    if value % 2 == 0:
        raise ValueError("must be odd, so that the filter has a middle")
    return value


Odd = Annotated[int, Field(ge=1), AfterValidator(_odd)]

SOME_DIAMETER = 10.0
"""Pixels that a cell is taken to measure where the training images show none."""


class WatershedConfig(MethodConfig):
    """Settings of the watershed. Each that is `auto` is found on the training images."""

    crop: Annotated[int, Field(ge=0)] | Auto = Field(
        "auto",
        description="Pixels at each edge of the image in which nothing is counted. `auto` tries 0, 5, 15, as far as "
        "they leave half of each side. Released program: 15 (phase contrast), 11 (bright field).",
    )
    kernel: Odd | Auto = Field(
        "auto",
        description="Side of the averaging filter in pixels, an odd number; 1 is no filter. `auto` tries 1, 3, 5, 9. "
        "Released program: 5 (phase contrast), 3 (bright field).",
    )
    polarity: Literal["bright", "dark", "auto"] = Field(
        "auto",
        description="Whether cells are brighter or darker than the background. `auto` tries both. Released program: "
        "`dark`.",
    )
    threshold: float | Literal["otsu", "auto"] = Field(
        "auto",
        description="Value of the normalised image beyond which a pixel belongs to a cell, or `otsu`, a threshold for "
        "each image from its histogram. `auto` tries `otsu` and the median of Otsu's thresholds of the training "
        "images. Released program: `otsu`.",
    )
    factor: Annotated[float, Field(gt=0)] | Auto = Field(
        "auto",
        description="Factor on the distance of Otsu's threshold from the background's mean. `auto` tries 1, 0.75, "
        "1.25, 0.5. It does nothing to a `threshold` that is a number. Ours.",
    )
    separation: Annotated[int, Field(ge=0)] | Auto = Field(
        "auto",
        description="Least distance in pixels between the middles of two cells that touch; 0 splits nothing. `auto` "
        "tries 0, 4, 8, 12. Released program: in effect 0.",
    )
    least_area: Annotated[int, Field(ge=1)] | Auto = Field(
        "auto",
        description="Pixels that a region must have to be counted. `auto` tries 1, 10, 20, 40, 80. Ours.",
    )
    subtract: Annotated[int, Field(ge=0)] | Auto = Field(
        "auto",
        description="Number taken off each image's count, down to 0 at least. `auto` tries 0, 1, 2. Released program: "
        "0 (phase contrast), 3 (bright field), besides the background, which it counts as a region.",
    )
    diameter: Annotated[float, Field(gt=0)] | Auto = Field(
        "auto",
        description="Typical diameter of a cell in pixels. `auto` takes the median of the regions that are found in "
        "the training images. It changes no count.",
    )


class _Unchanged(nn.Identity):
    """A network that passes the picture on; `halo` and `stride` say that it may do so in tiles."""

    halo, stride = 0, 1


class Watershed(MapMethod):
    """The watershed as a method: its network passes the picture on, and everything happens in `read`.

    References
    ----------
    Stallmann et al. 2020, whose image processing it stands for; docs/methods/watershed.md tells what differs.
    """

    name: ClassVar[str] = "watershed"
    Config: ClassVar[type[MethodConfig]] = WatershedConfig
    has_weights: ClassVar[bool] = False
    learns_from_counts: ClassVar[bool] = True
    config: WatershedConfig

    def fit_to(self, examples: Sequence[Example], like: Method | None = None) -> Self:
        """Find what is `auto` on the examples: the lowest mean absolute error of the count.

        Raises
        ------
        ConfigError
            When something is `auto`, no example's count is known, and `like` is no watershed; or when `crop` leaves
        nothing of an example.
        """
        if "auto" not in self.config.model_dump().values():
            return self
        known = [example for example in examples if example.points is not None or example.total is not None]
        if not known and isinstance(like, Watershed):
            found = {name: getattr(like.config, name) for name in self._left_open()}
            return type(self)(self.config.model_copy(update=found), self.in_channels)
        if not known:
            raise ConfigError(
                "no training image's number of cells is known, and the watershed's settings are found on such images",
                cure=f"label some, or give a value for options.{', options.'.join(self._left_open())}",
            )
        pictures = [_grey(example.image) for example in known]
        config = self.config
        least = min(min(picture.shape) for picture in pictures)
        if config.crop != "auto" and least <= 2 * config.crop:
            raise ConfigError(
                f"'options.crop' is {config.crop}, and a training image has only {least} rows or columns",
                cure=f"set options.crop={max(0, (least - 1) // 4)} at most",
            )
        if self._left_open() != ["diameter"]:
            best = grid_search(pictures, [example.count for example in known], self._grid(least // 4))
            settings = best.settings
            config = config.model_copy(
                update={
                    "crop": settings.crop,
                    "kernel": settings.kernel,
                    "polarity": "dark" if settings.dark else "bright",
                    "threshold": "otsu" if settings.threshold is None else settings.threshold,
                    "factor": settings.factor,
                    "separation": settings.separation,
                    "least_area": settings.least_area,
                    "subtract": best.subtract,
                }
            )
        fitted = type(self)(config, self.in_channels)
        if config.diameter != "auto":
            return fitted
        sizes = [np.bincount(find_cells(picture, fitted.settings)[0].ravel())[1:] for picture in pictures]
        areas = np.concatenate(sizes)
        diameter = 2 * math.sqrt(float(np.median(areas)) / math.pi) if areas.size else SOME_DIAMETER
        return type(self)(config.model_copy(update={"diameter": diameter}), self.in_channels)

    @property
    def settings(self) -> WatershedSettings:
        """How cells are found, once that is known."""
        config = self.config
        threshold = _known(config.threshold)
        return WatershedSettings(
            crop=_known(config.crop),
            kernel=_known(config.kernel),
            dark=_known(config.polarity) == "dark",
            threshold=threshold if isinstance(threshold, float) else None,
            factor=_known(config.factor),
            least_area=_known(config.least_area),
            separation=_known(config.separation),
        )

    @property
    def cell_diameter(self) -> float:
        """That of a disc as large as the median region in the training images."""
        return _known(self.config.diameter)

    def network(self) -> nn.Module:
        """Nothing to train: the network's output is the picture itself."""
        return _Unchanged()

    def targets(self, example: Example) -> NDArray[np.float32]:
        """What the network says of `example` as it should: the picture (C, Y, X) itself."""
        return example.image

    def loss(self, output: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """There is none.

        Raises
        ------
        NotImplementedError
            Always: the network has no parameters.
        """
        raise NotImplementedError("watershed has no network to train; fit_to finds its settings")

    def count_loss(self, output: Tensor, counts: Tensor, weights: Tensor) -> Tensor:
        """As `loss`: there is none."""
        return self.loss(output, counts, weights)

    def read(self, output: NDArray[np.float32]) -> Prediction:
        """Find cells in the picture (C, Y, X), or in the mean of its channels where it has several.

        Labels and points show every region that was found, also where something is subtracted from their number.

        Raises
        ------
        ImageError
            When leaving out the edges leaves nothing of the picture.
        """
        picture, settings = _grey(output), self.settings
        if min(picture.shape) <= 2 * settings.crop:
            raise ImageError(
                f"is {picture.shape[0]} × {picture.shape[1]} pixels, and {settings.crop} at each edge are not counted",
                cure="give larger images, or train with options.crop=0",
            )
        labels, points = find_cells(picture, settings)
        return Prediction(max(0.0, float(len(points) - _known(self.config.subtract))), points=points, labels=labels)

    def _grid(self, most_crop: int) -> Grid:
        """What to try: a setting that is given has one value."""
        config, grid = self.config, Grid()
        fixed = isinstance(config.threshold, float)
        return Grid(
            crops=tuple(crop for crop in grid.crops if crop <= most_crop) if config.crop == "auto" else (config.crop,),
            kernels=_tried(config.kernel, grid.kernels),
            darks=grid.darks if config.polarity == "auto" else (config.polarity == "dark",),
            thresholds=grid.thresholds if config.threshold == "auto" else (config.threshold,),
            factors=(1.0,) if fixed else _tried(config.factor, grid.factors),
            separations=_tried(config.separation, grid.separations),
            least_areas=_tried(config.least_area, grid.least_areas),
            subtractions=_tried(config.subtract, grid.subtractions),
        )

    def _left_open(self) -> list[str]:
        return [name for name, value in self.config.model_dump().items() if value == "auto"]


def _grey(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over the channels."""
    mean: NDArray[np.float32] = image.mean(axis=0)
    return mean


def _tried(value: T | Auto, candidates: tuple[T, ...]) -> tuple[T, ...]:
    return candidates if value == "auto" else (value,)


def _known(value: T | Auto) -> T:
    if value == "auto":
        raise ValueError("something is still 'auto': call fit_to with the training examples first")
    return value
