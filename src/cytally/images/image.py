"""An image as cytally holds it: five named axes, channel names, a pixel size, and where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError

AXES = "TCZYX"
"""The order in which `Image.data` holds its axes: time, channel, depth, row, column."""

COLOURS = {"1": ("",), "3": ("red", "green", "blue")}


@dataclass(frozen=True)
class Plane:
    """One two-dimensional picture with its channels: what a 2D method counts in.

    Parameters
    ----------
    data
        Pixels (C, Y, X), in the type of the file.
    name
        The file's name, followed by ``#scene,time`` where the file holds several.
    channels
        One name per channel; empty where the file tells none.
    pixel_size
        Micrometres per pixel, or None where unknown.
    source
        The file it was read from, or None for an array.
    """

    data: NDArray[Any]
    name: str = "array"
    channels: tuple[str, ...] = ("",)
    pixel_size: float | None = None
    source: Path | None = None


@dataclass(frozen=True)
class Image:
    """One scene of a file, with all its time points, channels and depths.

    Parameters
    ----------
    data
        Pixels (T, C, Z, Y, X), in the type of the file.
    name
        The file's name with its ending.
    channels
        One name per channel; empty strings where the file tells none.
    pixel_size
        Micrometres per pixel in Y and X, or None where unknown.
    z_spacing
        Micrometres between slices, or None where unknown.
    source
        The file it was read from, or None for an array.
    scene
        Index of the scene, and `scenes` how many the file has.
    """

    data: NDArray[Any]
    name: str = "array"
    channels: tuple[str, ...] = ("",)
    pixel_size: float | None = None
    z_spacing: float | None = None
    source: Path | None = None
    scene: int = 0
    scenes: int = 1

    @classmethod
    def from_array(
        cls, array: NDArray[Any], axes: str | None = None, *, pixel_size: float | None = None, name: str = "array"
    ) -> Image:
        """Wrap a NumPy array.

        Parameters
        ----------
        array
            Pixels. Without `axes`, (Y, X), or (Y, X, 3 or 4) as colours.
        axes
            One letter per axis out of T, C, Z, Y, X (S, for colour samples, is read as C).
        pixel_size
            Micrometres per pixel.
        name
            What to call it in results.

        Raises
        ------
        ImageError
            When the axes cannot be told from the shape, or do not fit it.

        Examples
        --------
        >>> Image.from_array(np.zeros((4, 5))).data.shape
        (1, 1, 1, 4, 5)
        >>> Image.from_array(np.zeros((2, 4, 5)), axes="CYX").data.shape
        (1, 2, 1, 4, 5)
        """
        array = np.asarray(array)
        if axes is None:
            if array.ndim == 2:
                axes = "YX"
            elif array.ndim == 3 and array.shape[-1] in (3, 4):
                axes, array = "YXC", array[..., :3]
            else:
                raise ImageError(
                    f"has shape {array.shape}, whose axes cannot be told",
                    file=name,
                    cure='name them, as in Image.from_array(array, axes="CYX")',
                )
        axes = axes.upper().replace("S", "C")
        if len(axes) != array.ndim or len(set(axes)) != len(axes) or not {"Y", "X"} <= set(axes) <= set(AXES):
            raise ImageError(
                f"has shape {array.shape}, which the axes '{axes}' do not fit",
                file=name,
                cure="give one letter per axis out of TCZYX",
            )
        order = [axes.index(letter) for letter in AXES if letter in axes]
        missing = tuple(place for place, letter in enumerate(AXES) if letter not in axes)
        data = np.expand_dims(array.transpose(order), missing)
        names = COLOURS["3"] if axes.endswith("C") and data.shape[1] == 3 else ("",) * data.shape[1]
        return cls(data=data, name=name, channels=names, pixel_size=pixel_size)

    def planes(self) -> Iterator[Plane]:
        """Each time point as one plane, depth projected by its maximum."""
        times = self.data.shape[0]
        for time in range(times):
            several = self.scenes > 1 or times > 1
            yield Plane(
                data=self.data[time].max(axis=1) if self.data.shape[2] > 1 else self.data[time, :, 0],
                name=f"{self.name}#{self.scene},{time}" if several else self.name,
                channels=self.channels,
                pixel_size=self.pixel_size,
                source=self.source,
            )
