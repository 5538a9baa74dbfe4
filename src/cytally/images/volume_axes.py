"""Which axis of a file is depth: what the file tells, what the user says, and what is taken for granted."""

from __future__ import annotations

from pathlib import Path

from cytally.errors import ImageError
from cytally.images.assemble import KNOWN
from cytally.images.told_axes import NOTHING, in_known_letters, refuse_both, said_letters, told_letters, unfit, untold
from cytally.images.volume_scene import SlicedScene

JOIN = "count it with cytally count, or join the slices into one TIFF with the axes ZYX"


def find_depth(scene: SlicedScene, path: Path, axes: str | None) -> str:
    """One letter per axis of the scene's pixels, out of TCZYXS and `NOTHING`.

    An axis of which the file tells nothing is depth where there is just one such axis. Z is missing from the answer
    where the volume is one slice without an axis of its own: because `axes` has it, or because the file tells how far
    its slices lie apart.

    Raises
    ------
    ImageError
        When there is no depth, or the axes cannot be told or do not fit.
    """
    letters = _told(scene, path) if axes is None else _said(scene, path, axes.strip().upper())
    shape = scene.pixels.shape
    sizes = {letter: size for letter, size in zip(letters, shape, strict=True) if letter != NOTHING}
    if len(sizes) != len(letters) - letters.count(NOTHING) or not {"Y", "X"} <= set(sizes) <= set(KNOWN):
        raise unfit(shape, letters, path, "Z, Y and X")
    refuse_both(sizes, shape, letters, path)
    if "Z" not in sizes and "Z" not in (axes or "").upper() and (axes is not None or scene.z_spacing is None):
        raise _no_depth(path, sizes)
    return letters


def _said(scene: SlicedScene, path: Path, axes: str) -> str:
    """The user's letters, one per axis; axes of length 1 may be left out, and so may the depth of one slice."""
    shape = scene.pixels.shape
    letters = said_letters(axes, shape, "Z")
    if letters is None:
        raise unfit(shape, axes, path, "Z, Y and X")
    return letters


def _told(scene: SlicedScene, path: Path) -> str:
    shape = scene.pixels.shape
    letters = told_letters(scene.axes, shape)
    unknown = [place for place, letter in enumerate(letters) if letter not in KNOWN + NOTHING]
    long = [place for place in unknown if shape[place] > 1]
    if "Z" not in letters and len(long or unknown[-1:]) == 1:
        letters[(long or unknown)[-1]] = "Z"
        long = []
    if long:
        raise untold(shape, letters, path)
    return in_known_letters(letters)


def _no_depth(path: Path, sizes: dict[str, int]) -> ImageError:
    times = sizes.get("T", 1)
    if times > 1:
        return ImageError(
            f"is a time-lapse of single pictures ({times} times), not a volume",
            file=path,
            cure="give --axes ZYX if the first axis is depth" if "C" not in sizes else "name its axes with --axes",
        )
    channels = max(sizes.get("C", 1), sizes.get("S", 1))
    if channels > 1 and "C" in sizes:
        return ImageError(
            f"is one picture of {channels} channels, not a volume",
            file=path,
            cure=f"{JOIN}; give --axes ZYX if the channels are its slices",
        )
    return ImageError("is one picture, not a volume", file=path, cure=f"{JOIN}; give --axes ZYX if it is a lone slice")
