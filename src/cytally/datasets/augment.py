"""Random variation of what a network is shown: where it looks, which way round, at which size and in what light.

Pictures are (C, Y, X), float32, normalised. Points, the real image's edges and the shapes of the cells' objects go
along with them exactly.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from scipy.ndimage import gaussian_filter

from cytally.datasets.example import Bounds, Example
from cytally.datasets.geometry import Picture, Points, random_crop, random_place, rescale, rotate, turn_and_flip
from cytally.datasets.warp import Warp, warped


def _rising(limits: tuple[float, float]) -> tuple[float, float]:
    if not 0 < limits[0] <= limits[1]:
        raise ValueError(f"{list(limits)} is not a range: give two numbers above zero, the smaller first")
    return limits


Range = Annotated[tuple[float, float], AfterValidator(_rising)]


MARKS = 5
"""Rows of an example's marks before its cells."""


class AugmentationConfig(BaseModel):
    """What may vary, and how far. The defaults are those of Lazard et al. (2022) where they name any."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    turns: bool = Field(default=True, description="Turn by 0, 90, 180 or 270 degrees, each as likely. Paper: yes.")
    flips: bool = Field(default=True, description="Mirror every other picture. Paper: yes.")
    rotation: float = Field(
        default=0.0,
        ge=0,
        le=180,
        description="Largest angle, either way, of a further turn, in degrees; images of which only a count is known "
        "are not turned by it, since cells would leave them. Paper: none.",
    )
    shift: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="Largest shift along each axis, either way, as a share of the crop's side; only for methods that "
        "learn from label images. Paper: none.",
    )
    shear: float = Field(
        default=0.0,
        ge=0,
        le=45,
        description="Largest shear along the rows, either way, in degrees; only for methods that learn from label "
        "images. Paper: none.",
    )
    mix: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="Share of crops that each of `rotation`, `shift`, `shear` and `scale` is applied to, by chance and "
        "apart from each other; only for methods that learn from label images. Paper: always.",
    )
    blur: Range | None = Field(
        default=(0.5, 2.5),
        description="Smallest and largest sigma of a Gaussian blur, in pixels; null for none. Paper: 0.5 to 2.5.",
    )
    blur_probability: float = Field(default=0.5, ge=0, le=1, description="Share of pictures that are blurred. Ours.")
    scale: Range | None = Field(
        default=None,
        description="Smallest and largest factor of a random change of size, drawn evenly on a logarithmic axis; "
        "null for none. Paper: none.",
    )
    brightness: float = Field(
        default=0.0, ge=0, description="Largest shift of all pixels, up or down, in normalised units. Paper: none."
    )
    gain: float = Field(
        default=0.0, ge=0, lt=1, description="Contrast: pixels are multiplied by up to 1 ± this factor. Paper: none."
    )
    gamma: Range | None = Field(
        default=None,
        description="Smallest and largest exponent that pixels are raised to, keeping their sign; null for none. "
        "Paper: none.",
    )
    noise: float = Field(
        default=0.0, ge=0, description="Standard deviation of Gaussian noise, in normalised units. Paper: none."
    )
    mosaic: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of crops that are put together from four crops of half the side, mostly of different "
        "images, so that dense and sparse fields meet. Paper: none.",
    )


def augment(example: Example, crop: int, config: AugmentationConfig, rng: np.random.Generator) -> Example:
    """Draw one crop of `example` and vary it: size, turns and flip, then blur, contrast, brightness and noise.

    Parameters
    ----------
    example
        A picture whose cells have points, or outlines; never changed.
    crop
        Side of the crop in pixels.
    config
        What may vary.
    rng
        Where chance comes from.

    Returns
    -------
    Example
        The crop (C, crop, crop), C-contiguous, pixels beyond the real image's edges zero; all points, in its
        coordinates, those outside it included; their objects' shapes; and the edges of the real image. Of a picture
        with a label image, the crop with its own, mirrored beyond the image's edges, and no points.

    Raises
    ------
    ValueError
        When the example has no points: how many of its cells a crop holds is then unknown. See `augment_whole`.
    """
    if example.labels is not None:
        return _warped(example, crop, config, rng)
    if example.points is None:
        raise ValueError(f"{example.name} has no points: how many cells a crop of it holds is unknown")
    factor = 1.0 if config.scale is None else float(np.exp(rng.uniform(*np.log(config.scale))))
    window = max(1, round(crop / factor))  # only what the crop will show is resized
    turns, flip = _orientation(config, rng)
    image, marks, _ = random_crop(example.image, _marks(example), window, rng)
    if window != crop:
        image, marks = rescale(image, marks, crop / window)
    image, marks = turn_and_flip(image, marks, turns, flip)
    if config.rotation:
        image, marks = _tilt(image, marks, rng.uniform(-config.rotation, config.rotation))
    return _moved(replace(example, total=None), jitter(image, config, rng), marks)


def _warped(example: Example, crop: int, config: AugmentationConfig, rng: np.random.Generator) -> Example:
    """A crop with its label image, varied by one map; what it shows beyond the image's edges is mirrored."""
    assert example.labels is not None
    turns, flip = _orientation(config, rng)
    mixed = rng.random(4) < config.mix
    tilt, shear, shift_y, shift_x = rng.uniform(-1, 1, 4)
    scale = 1.0 if config.scale is None else float(np.exp(rng.uniform(*np.log(config.scale))))
    warp = Warp(
        degrees=90.0 * turns + config.rotation * tilt * mixed[0],
        shear=config.shear * shear * mixed[1],
        factor=scale if mixed[2] else 1.0,
        flip=flip,
    )
    place = [random_place(length, crop, rng) for length in example.image.shape[-2:]]
    shift = config.shift * crop * mixed[3] * np.array([shift_y, shift_x])
    centre = np.array(place) + (crop - 1) / 2 + shift
    image, labels = warped(example.image, example.labels, crop, centre, warp)
    bounds = (-0.5, -0.5, crop - 0.5, crop - 0.5)
    return replace(
        example,
        image=jitter(image, config, rng),
        points=None,
        total=None,
        covariances=None,
        labels=labels,
        bounds=bounds,
    )


def _tilt(image: Picture, marks: Points, degrees: float) -> tuple[Picture, Points]:
    """Turn a crop by a few degrees. The edges' marks stay where they are.

    Cells outside stay outside: the corners that come into view repeat the crop's own edge, and do not show them.
    """
    image, turned = rotate(image, marks, degrees)
    turned[:2] = marks[:2]
    limits = np.array(image.shape[-2:]) - 0.5
    inside = [np.all((each >= -0.5) & (each <= limits), axis=1) for each in (marks, turned)]
    came_in = np.flatnonzero(inside[1] & ~inside[0])
    came_in = came_in[came_in >= MARKS]
    turned[came_in] = marks[came_in]
    return image, turned


def augment_whole(example: Example, config: AugmentationConfig, rng: np.random.Generator) -> Example:
    """Vary a whole picture so that all its cells stay in it: turn and flip, then blur, contrast, brightness and noise.

    Parameters
    ----------
    example
        A picture; never changed. Its total stays what it is, and it may have no points.
    config
        What may vary; its `scale` is not used.
    rng
        Where chance comes from.

    Returns
    -------
    Example
        The picture, C-contiguous; (C, X, Y) where it has been turned by a quarter. Pixels beyond the real image's edges
        are zero.
    """
    turns, flip = _orientation(config, rng)
    image, marks = turn_and_flip(example.image, _marks(example), turns, flip)
    return _moved(example, jitter(image, config, rng), marks)


def jitter(image: Picture, config: AugmentationConfig, rng: np.random.Generator) -> Picture:
    """Vary the light: blur, gamma, contrast, brightness and noise, as far as `config` lets them.

    Parameters
    ----------
    image
        Normalised pixels (C, Y, X), float32; never changed. All channels vary alike, but for the noise.
    config
        What may vary.
    rng
        Where chance comes from.
    """
    if config.blur is not None and rng.random() < config.blur_probability:
        sigma = rng.uniform(*config.blur)
        image = gaussian_filter(image, (0, sigma, sigma), mode="nearest", truncate=3)
    if config.gamma is not None:
        image = np.sign(image) * np.abs(image) ** np.float32(rng.uniform(*config.gamma))
    if config.gain:
        image = image * np.float32(rng.uniform(1 - config.gain, 1 + config.gain))
    if config.brightness:
        image = image + np.float32(rng.uniform(-config.brightness, config.brightness))
    if config.noise:
        image = image + rng.standard_normal(image.shape, dtype=np.float32) * np.float32(config.noise)
    return image


def _clear_outside(image: Picture, bounds: Bounds) -> Picture:
    """Set pixels whose centre lies beyond `bounds` to zero again, after light and noise have reached them."""
    rows, columns = image.shape[-2:]
    top, left = (max(0, int(np.ceil(edge))) for edge in bounds[:2])
    bottom, right = (max(0, int(np.floor(edge)) + 1) for edge in bounds[2:])
    if top == 0 and left == 0 and bottom >= rows and right >= columns:
        return image
    cleared = np.zeros_like(image)
    cleared[:, top:bottom, left:right] = image[:, top:bottom, left:right]
    return cleared


def _orientation(config: AugmentationConfig, rng: np.random.Generator) -> tuple[int, bool]:
    """How many quarter turns, and whether to flip."""
    turns = int(rng.integers(4)) if config.turns else 0
    return turns, bool(config.flips and rng.integers(2))


def _marks(example: Example) -> Points:
    """All that goes through a geometry as points do: the edges' two corners, the two axes, and the cells.

    The example's cells (N, 2) are rows `MARKS` and on; the rows before them tell where edges and axes have gone.
    """
    top, left, bottom, right = example.bounds
    fixed = np.array([(top, left), (bottom, right), (0, 0), (1, 0), (0, 1)], dtype=np.float64)
    assert len(fixed) == MARKS
    return fixed if example.points is None else np.concatenate([fixed, example.points])


def _moved(example: Example, image: Picture, marks: Points) -> Example:
    """The example with another picture, and with its annotation where its marks have gone."""
    (top, left), (bottom, right) = marks[:2].min(axis=0), marks[:2].max(axis=0)
    bounds = (float(top), float(left), float(bottom), float(right))
    covariances = example.covariances
    if covariances is not None:
        axes = (marks[3:5] - marks[2]).T  # the geometry's linear part: its columns are the images of y and x
        covariances = axes @ covariances @ axes.T
    points = None if example.points is None else marks[MARKS:]
    return replace(example, image=_clear_outside(image, bounds), points=points, bounds=bounds, covariances=covariances)
