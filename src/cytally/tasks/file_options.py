"""What a user may tell of image files, checked before any is opened."""

from __future__ import annotations

import math

from cytally.errors import UsageError
from cytally.images.assemble import KNOWN


def check_file_options(axes: str | None, pixel_size: float | None) -> None:
    """Refuse axes and pixel sizes that no file can have; None is not told.

    Raises
    ------
    UsageError
        Which of the two, and what to give.
    """
    if pixel_size is not None and not 0 < pixel_size < math.inf:
        raise UsageError(f"a pixel size of {pixel_size} µm makes no sense", cure="give micrometres per pixel, as 0.65")
    if axes is not None:
        letters = axes.upper()
        if len(set(letters)) < len(letters) or not {"Y", "X"} <= set(letters) <= set(KNOWN):
            raise UsageError(f"'{axes}' are no axes", cure=f"give different letters out of {KNOWN}, Y and X among them")
