"""Which axis of a file is time: what the file tells, what the user says, and what is taken for granted."""

from __future__ import annotations

from pathlib import Path

from cytally.images.assemble import KNOWN
from cytally.images.told_axes import NOTHING, in_known_letters, refuse_both, said_letters, told_letters, unfit, untold


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
    letters = _told(told, shape, path) if axes is None else _said(shape, path, axes.strip().upper())
    named = [letter for letter in letters if letter != NOTHING]
    sizes = dict(zip(letters, shape, strict=True))
    if len(set(named)) != len(named) or not {"Y", "X"} <= set(named) <= set(KNOWN):
        raise unfit(shape, letters, path, "Y and X")
    refuse_both(sizes, shape, letters, path)
    return letters


def _told(told: str, shape: tuple[int, ...], path: Path) -> str:
    letters = told_letters(told, shape)
    unknown = [place for place, letter in enumerate(letters) if letter not in KNOWN + NOTHING and shape[place] > 1]
    if len(unknown) == 1 and "T" not in letters:
        letters[unknown.pop()] = "T"
    if unknown:
        raise untold(shape, letters, path)
    return in_known_letters(letters)


def _said(shape: tuple[int, ...], path: Path, axes: str) -> str:
    letters = said_letters(axes, shape, "T")
    if letters is None:
        raise unfit(shape, axes, path, "Y and X")
    return letters
