"""Random variation of what a network is shown: where it looks, which way round, at which size and in what light.

Pictures are (C, Y, X), float32, normalised. Points are (N, 2), float64, as y, x in pixels with the origin at the centre
of the top-left pixel, so that a picture's edges lie at -0.5 and at its size - 0.5. Every geometry moves points exactly.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from scipy.ndimage import gaussian_filter

from cytally.datasets.example import Bounds
from cytally.images.resize import resize, scale_points

Picture = NDArray[np.float32]
Points = NDArray[np.float64]


def _rising(limits: tuple[float, float]) -> tuple[float, float]:
    if not 0 < limits[0] <= limits[1]:
        raise ValueError(f"{list(limits)} is not a range: give two numbers above zero, the smaller first")
    return limits


Range = Annotated[tuple[float, float], AfterValidator(_rising)]


class AugmentationConfig(BaseModel):
    """What may vary, and how far. The defaults are those of Lazard et al. (2022) where they name any."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    turns: bool = Field(default=True, description="Turn by 0, 90, 180 or 270 degrees, each as likely. Paper: yes.")
    flips: bool = Field(default=True, description="Mirror every other picture. Paper: yes.")
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


def augment(
    image: Picture, points: Points, bounds: Bounds, crop: int, config: AugmentationConfig, rng: np.random.Generator
) -> tuple[Picture, Points, Bounds]:
    """Draw one crop of `image` and vary it: size, turn and flip, then blur, contrast, brightness and noise.

    Parameters
    ----------
    image
        Normalised pixels (C, Y, X), float32; never changed.
    points
        Cells (N, 2).
    bounds
        Edges of the real image in pixels of `image`; what lies beyond them is padding.
    crop
        Side of the crop in pixels.
    config
        What may vary.
    rng
        Where chance comes from.

    Returns
    -------
    tuple
        The crop (C, crop, crop), C-contiguous; all points, in its coordinates, those outside it included; and the
        edges of the real image in its coordinates. Pixels beyond these edges are zero.
    """
    factor = 1.0 if config.scale is None else float(np.exp(rng.uniform(*np.log(config.scale))))
    window = max(1, round(crop / factor))  # only what the crop will show is resized
    turns = int(rng.integers(4)) if config.turns else 0
    flip = bool(config.flips and rng.integers(2))
    # The edges' two corners go through the same geometry as the points do.
    marks = np.concatenate([np.array(bounds, dtype=np.float64).reshape(2, 2), points])
    image, marks, _ = random_crop(image, marks, window, rng)
    if window != crop:
        image, marks = rescale(image, marks, crop / window)
    image, marks = turn_and_flip(image, marks, turns, flip)
    (top, left), (bottom, right) = marks[:2].min(axis=0), marks[:2].max(axis=0)
    bounds = (float(top), float(left), float(bottom), float(right))
    return _clear_outside(jitter(image, config, rng), bounds), marks[2:], bounds


def random_crop(image: Picture, points: Points, size: int, rng: np.random.Generator) -> tuple[Picture, Points, Bounds]:
    """Cut a square out of `image`, its edges and corners more often than chance would.

    Places are drawn from a range that goes an eighth of the crop beyond the image on each side, and moved back inside:
    a network must see what cells look like at the image's edge, and a crop drawn evenly would hardly ever end there.

    An image smaller than the crop is padded with zeros at its bottom and right, since mirrored cells would have no
    points.

    Parameters
    ----------
    image
        Pixels (C, Y, X).
    points
        Cells (N, 2).
    size
        Side of the crop in pixels.
    rng
        Where chance comes from.

    Returns
    -------
    tuple
        The crop (C, size, size), which may share memory with `image`; all points in its coordinates, those outside it
        included, because their Gaussians may reach in; and the edges (top, left, bottom, right) of `image` in its
        coordinates.

    Examples
    --------
    An image that is too small: padded, and the bounds tell where it ends.

    >>> small = np.ones((1, 2, 3), np.float32)
    >>> crop, points, bounds = random_crop(small, np.array([[1.0, 2.0]]), 4, np.random.default_rng(0))
    >>> crop[0].tolist()[1:3]
    [[1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    >>> points.tolist(), bounds
    ([[1.0, 2.0]], (-0.5, -0.5, 1.5, 2.5))
    """
    rows, columns = image.shape[-2:]
    top, left = (_place(max(length - size, 0), size // 8, rng) for length in (rows, columns))
    crop = image[:, top : top + size, left : left + size]
    missing = [(0, size - length) for length in crop.shape[-2:]]
    if missing != [(0, 0), (0, 0)]:
        crop = np.pad(crop, [(0, 0), *missing])
    bounds = (-0.5 - top, -0.5 - left, rows - 0.5 - top, columns - 0.5 - left)
    return crop, points - np.array([top, left], dtype=np.float64), bounds


def turn_and_flip(image: Picture, points: Points, turns: int, flip: bool) -> tuple[Picture, Points]:
    """Turn by 90 degrees counter-clockwise, `turns` times, then mirror left and right if `flip`.

    Parameters
    ----------
    image
        Pixels (C, Y, X); Y and X change places with an odd number of turns.
    points
        Cells (N, 2).

    Examples
    --------
    >>> image, points = turn_and_flip(np.arange(6.0).reshape(1, 2, 3), np.array([[0.0, 2.0]]), 1, False)
    >>> image[0].tolist(), points.tolist()
    ([[2.0, 5.0], [1.0, 4.0], [0.0, 3.0]], [[0.0, 0.0]])
    """
    for _ in range(turns % 4):
        last = image.shape[-1] - 1
        image = np.rot90(image, axes=(-2, -1))
        points = np.stack([last - points[:, 1], points[:, 0]], axis=1)
    if flip:
        last = image.shape[-1] - 1
        image = image[..., ::-1]
        points = np.stack([points[:, 0], last - points[:, 1]], axis=1)
    return np.ascontiguousarray(image), points


def rescale(image: Picture, points: Points, factor: float) -> tuple[Picture, Points]:
    """Change the size by `factor`, keeping brightness: areas map exactly, and shrinking is anti-aliased.

    Parameters
    ----------
    image
        Pixels (C, Y, X).
    points
        Cells (N, 2).
    factor
        New pixels per old pixel along each axis, above zero.

    Returns
    -------
    tuple
        The image, with Y and X times `factor`, rounded and at least 1; and the points at ``(p + 0.5) f - 0.5``, where f
        is the factor along their axis after that rounding.

    Examples
    --------
    >>> image, points = rescale(np.ones((1, 4, 5), np.float32), np.array([[1.5, 2.0], [-0.5, 4.5]]), 0.5)
    >>> image.shape, points.tolist()
    ((1, 2, 2), [[0.5, 0.5], [-0.5, 1.5]])
    """
    rows, columns = image.shape[-2:]
    shape = (max(1, round(rows * factor)), max(1, round(columns * factor)))
    return resize(image, shape), scale_points(points, (shape[0] / rows, shape[1] / columns))


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


def _place(room: int, beyond: int, rng: np.random.Generator) -> int:
    """A place from 0 to `room`, the two ends standing for all places up to `beyond` further out."""
    return int(np.clip(rng.integers(-beyond, room + beyond + 1), 0, room))
