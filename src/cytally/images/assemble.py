"""From an array and its axes, as a file gives them, to an `Image`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.image import COLOURS, Image

KNOWN = "TCZYXS"
"""Letters that can be understood; S is the colour samples of one pixel."""


@dataclass(frozen=True)
class Scene:
    """What a file tells of one scene.

    Parameters
    ----------
    array
        Pixels, one axis per letter of `axes`.
    axes
        Letters out of TCZYXS; any other letter is an axis of unknown meaning.
    channels
        Channel names, empty where the file tells none.
    pixel_size, z_spacing
        Micrometres, None where the file tells none.
    """

    array: NDArray[Any]
    axes: str
    channels: Sequence[str] = ()
    pixel_size: float | None = None
    z_spacing: float | None = None


def assemble(scenes: Sequence[Scene], path: Path, axes: str | None = None) -> list[Image]:
    """Make one `Image` per scene.

    Parameters
    ----------
    scenes
        What the file tells.
    path
        The file.
    axes
        What the user says the axes are; wins over what the file says.

    Raises
    ------
    ImageError
        When the meaning of an axis is unknown, or `axes` do not fit.
    """
    return [_assemble(scene, path, axes, index, len(scenes)) for index, scene in enumerate(scenes)]


def _assemble(scene: Scene, path: Path, axes: str | None, index: int, count: int) -> Image:
    array, letters = (scene.array, scene.axes) if axes is None else (_fit(scene, axes), axes.upper())
    if axes is None:
        array, letters = _drop_single(array, letters)
        if set(letters) - set(KNOWN):
            raise ImageError(
                f"has shape {array.shape}, and nothing in it tells what its axes are",
                file=path,
                cure=name_axes(letters),
            )
    if {"C", "S"} <= set(letters):
        raise ImageError(
            f"has both channels and colours (shape {array.shape}, axes {letters})",
            file=path,
            cure="save each channel in grey",
        )
    if len(letters) != array.ndim or len(set(letters)) != len(letters) or not {"Y", "X"} <= set(letters) <= set(KNOWN):
        raise ImageError(
            f"has shape {array.shape}, which the axes '{letters}' do not fit",
            file=path,
            cure=f"give --axes {array.ndim} different letters out of {KNOWN}, Y and X among them",
        )
    image = Image.from_array(array, letters, pixel_size=scene.pixel_size, name=path.name)
    channels = image.channels
    if len(scene.channels) == len(channels):
        channels = tuple(scene.channels)
    elif "S" in letters and len(channels) == len(COLOURS["3"]):
        channels = COLOURS["3"]
    return replace(image, channels=channels, z_spacing=scene.z_spacing, source=path, scene=index, scenes=count)


def _fit(scene: Scene, axes: str) -> NDArray[Any]:
    """The array, without its axes of length one where only that gives as many axes as the user named."""
    array = scene.array
    if array.ndim > len(axes):
        squeezed, _ = _drop_single(array, scene.axes, everything=True)
        array = squeezed if squeezed.ndim == len(axes) else array
    return array


def _drop_single(array: NDArray[Any], letters: str, everything: bool = False) -> tuple[NDArray[Any], str]:
    """Leave out axes of length one that tell nothing; all but Y and X if `everything`."""
    # Of channels and colours one is enough: readers add the other with length one.
    keep = "YX" if everything else KNOWN.replace("C" if "S" in letters else "S", "")
    if not everything and "S" in letters and array.shape[letters.index("S")] == 1:
        keep = "TCZYX"
    gone = tuple(place for place, letter in enumerate(letters) if letter not in keep and array.shape[place] == 1)
    return np.squeeze(array, gone), "".join(letter for place, letter in enumerate(letters) if place not in gone)


def name_axes(letters: str) -> str:
    """The cure for unknown axes: those that may be meant.

    Examples
    --------
    >>> name_axes("QYX")
    'name them: --axes ZYX, --axes TYX or --axes CYX'
    """
    unknown = [place for place, letter in enumerate(letters) if letter not in KNOWN]
    free = "".join(letter for letter in "ZTC" if letter not in letters and not (letter == "C" and "S" in letters))
    if not {"Y", "X"} <= set(letters) or len(unknown) > len(free):
        return f"name them with --axes, one letter out of {KNOWN} for each"
    guesses = []
    for choice in combinations(free, len(unknown)):
        guess = list(letters)
        for place, letter in zip(unknown, choice, strict=True):
            guess[place] = letter
        guesses.append("--axes " + "".join(guess))
    return "name them: " + " or ".join(filter(None, (", ".join(guesses[:-1]), guesses[-1])))
