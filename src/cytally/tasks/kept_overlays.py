"""Drawings that an evaluation makes on the way, while nothing is written to its output folder before the end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cytally.report.overlays import write_png
from cytally.tasks.output import waiting_room, writing

MAKE_ROOM = "make room, then evaluate again with --overwrite"


class KeptOverlays:
    """Drawings in a folder of their own: of thousands of images they would fill the memory.

    Parameters
    ----------
    out
        The output folder, for errors.
    folder
        Where they are kept for now.
    """

    def __init__(self, out: Path, folder: Path) -> None:
        self._out, self._folder = out, folder

    def keep(self, stem: str, picture: NDArray[np.uint8]) -> None:
        """Keep the drawing (Y, X, 3) of an image.

        Raises
        ------
        OutputError
            When there is no room for it.
        """
        with writing(self._out, cure=MAKE_ROOM):
            write_png(self._folder / f"{stem}.png", picture)

    def move_to(self, out: Path) -> None:
        """Move all drawings to `out`/overlays; without any, no folder is made."""
        pictures = sorted(self._folder.iterdir())
        if pictures:
            (out / "overlays").mkdir(exist_ok=True)
        for picture in pictures:
            shutil.move(picture, out / "overlays" / picture.name)


@contextmanager
def kept_overlays(out: Path | None) -> Iterator[KeptOverlays | None]:
    """A place for drawings until `out` may be written to; what was not moved from it is removed.

    None where nothing shall be written.
    """
    if out is None:
        yield None
        return
    with waiting_room(out, "overlays", MAKE_ROOM) as folder:
        yield KeptOverlays(out, folder)
