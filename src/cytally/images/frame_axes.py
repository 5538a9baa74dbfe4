"""Which axis of a file is time: what the file tells, what the user says, and what is taken for granted."""

from __future__ import annotations

from pathlib import Path

from cytally.errors import ImageError
from cytally.images.assemble import KNOWN, name_axes

NOTHING = "_"
"""Stands for an axis of length 1 that means nothing."""


def find_time(told: str, shape: tuple[int, ...], path: Path, axes: str | None = None) -> str:
    """One letter per axis, out of TCZYXS and `NOTHING`.

    An axis of which the file tells nothing is time where there is just one such axis.

    Parameters
    ----------
    told
        What the file tells: one letter per axis; letters other than TCZYXS are axes of unknown meaning.
    shape
        Length of each axis.
    path
        The file.
    axes
        What the user says. Axes of length 1 may be left out; so may time be by a file that holds one frame.

    Raises
    ------
    ImageError
        When the axes cannot be told, or do not fit.

    Examples
    --------
    >>> find_time("QYX", (21, 64, 64), Path("a.tif")), find_time("ZYX", (21, 64, 64), Path("a.tif"), "TYX")
    ('TYX', 'TYX')
    """
    letters = _told(told.upper(), shape, path) if axes is None else _said(shape, path, axes.strip().upper())
    named = [letter for letter in letters if letter != NOTHING]
    sizes = dict(zip(letters, shape, strict=True))
    if len(set(named)) != len(named) or not {"Y", "X"} <= set(named) <= set(KNOWN):
        raise _unfit(shape, letters, path)
    if sizes.get("C", 1) > 1 and sizes.get("S", 1) > 1:
        raise ImageError(
            f"has both channels and colours (shape {shape}, axes {letters})",
            file=path,
            cure="save each channel in grey",
        )
    return letters


def _told(told: str, shape: tuple[int, ...], path: Path) -> str:
    letters = list(told)
    # Of channels and colours one is enough: readers add the other with length one.
    for one, other in ("SC", "CS"):
        if one in letters and other in letters and shape[letters.index(one)] == 1:
            letters[letters.index(one)] = NOTHING
    unknown = [place for place, letter in enumerate(letters) if letter not in KNOWN + NOTHING and shape[place] > 1]
    if len(unknown) == 1 and "T" not in letters:
        letters[unknown.pop()] = "T"
    if unknown:
        raise ImageError(
            f"has shape {shape}, and nothing in it tells what its axes are",
            file=path,
            cure=name_axes("".join(letter for letter in letters if letter != NOTHING)),
        )
    return "".join(letter if letter in KNOWN else NOTHING for letter in letters)


def _said(shape: tuple[int, ...], path: Path, axes: str) -> str:
    long = [place for place, size in enumerate(shape) if size > 1]
    for letters in (axes, axes.replace("T", "", 1)):
        if len(letters) == len(shape):
            return letters
        if len(letters) == len(long):
            meaning = dict(zip(long, letters, strict=True))
            return "".join(meaning.get(place, NOTHING) for place in range(len(shape)))
    raise _unfit(shape, axes, path)


def _unfit(shape: tuple[int, ...], letters: str, path: Path) -> ImageError:
    return ImageError(
        f"has shape {shape}, which the axes '{letters}' do not fit",
        file=path,
        cure=f"give --axes {len(shape)} different letters out of {KNOWN}, Y and X among them",
    )
