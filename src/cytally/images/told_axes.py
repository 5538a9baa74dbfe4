"""What files and users tell of axes, as it is for volumes and for time-lapses."""

from __future__ import annotations

from pathlib import Path

from cytally.errors import ImageError
from cytally.images.assemble import KNOWN, name_axes

NOTHING = "_"
"""Stands for an axis of length 1 that means nothing."""


def told_letters(told: str, shape: tuple[int, ...]) -> list[str]:
    """The letters that a file tells. Of channels and colours one is enough: readers add the other with length one."""
    letters = list(told.upper())
    for one, other in ("SC", "CS"):
        if one in letters and other in letters and shape[letters.index(one)] == 1:
            letters[letters.index(one)] = NOTHING
    return letters


def said_letters(axes: str, shape: tuple[int, ...], leave_out: str) -> str | None:
    """The user's letters, one per axis; axes of length 1 may be left out, and so may one called `leave_out`.

    None where they do not fit.

    Examples
    --------
    >>> said_letters("TYX", (5, 1, 8, 8), "T"), said_letters("TYX", (8, 8), "T"), said_letters("YX", (5, 8, 8), "T")
    ('T_YX', 'YX', None)
    """
    long = [place for place, size in enumerate(shape) if size > 1]
    for letters in (axes, axes.replace(leave_out, "", 1)):
        if len(letters) == len(shape):
            return letters
        if len(letters) == len(long):
            meaning = dict(zip(long, letters, strict=True))
            return "".join(meaning.get(place, NOTHING) for place in range(len(shape)))
    return None


def in_known_letters(letters: list[str]) -> str:
    """The letters, `NOTHING` for those without a meaning."""
    return "".join(letter if letter in KNOWN else NOTHING for letter in letters)


def refuse_both(sizes: dict[str, int], shape: tuple[int, ...], letters: str, path: Path) -> None:
    """Refuse a file with both channels and colours.

    Raises
    ------
    ImageError
        Quoting its shape and axes.
    """
    if sizes.get("C", 1) > 1 and sizes.get("S", 1) > 1:
        raise ImageError(
            f"has both channels and colours (shape {shape}, axes {letters})",
            file=path,
            cure="save each channel in grey",
        )


def untold(shape: tuple[int, ...], letters: list[str], path: Path) -> ImageError:
    """The error of a file that does not tell what its axes are."""
    return ImageError(
        f"has shape {shape}, and nothing in it tells what its axes are",
        file=path,
        cure=name_axes("".join(letter for letter in letters if letter != NOTHING)),
    )


def unfit(shape: tuple[int, ...], letters: str, path: Path, wanted: str) -> ImageError:
    """The error of axes that do not fit a file; `wanted` names those that there must be."""
    return ImageError(
        f"has shape {shape}, which the axes '{letters}' do not fit",
        file=path,
        cure=f"give --axes one letter for each of its {len(shape)} axes out of {KNOWN}, {wanted} among them",
    )
