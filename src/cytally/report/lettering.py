"""Letters in drawn pictures, and the dark ground that they stand on."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PIL import ImageFont

GROUND, INK = (28, 28, 32), (238, 238, 238)
"""Dark about the pictures, as microscopists have it: a white page would drown a faint stain."""


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, letters of `size` pixels.

    Examples
    --------
    >>> font(16).getlength("nuclei") > font(11).getlength("nuclei") > 0
    True
    """
    import matplotlib  # whose font is there on every system; imported late, since it takes a while

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)
