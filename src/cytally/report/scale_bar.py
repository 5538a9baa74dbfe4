"""A scale bar: how long a round length is on a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

SHARE = 0.25
"""Most of the picture's width that the bar may take."""


@dataclass(frozen=True)
class ScaleBar:
    """A bar of `pixels` pixels of the picture, and what to write on it."""

    pixels: float
    text: str


def scale_bar(width: int, pixel_size: float | None, per_pixel: float = 1.0) -> ScaleBar:
    """The longest round bar (1, 2 or 5 times a power of ten) of at most a quarter of the picture's width.

    Parameters
    ----------
    width
        Of the picture in pixels.
    pixel_size
        Micrometres per pixel of the picture; None where that is unknown: then the bar is in pixels.
    per_pixel
        Pixels of the image that was counted per pixel of the picture, for a bar in pixels.

    Examples
    --------
    >>> scale_bar(1600, pixel_size=7.5).text, scale_bar(400, pixel_size=0.2)
    ('2 mm', ScaleBar(pixels=100.0, text='20 µm'))
    >>> scale_bar(1000, None, per_pixel=16)
    ScaleBar(pixels=125.0, text='2,000 px')
    """
    unit = per_pixel if pixel_size is None else pixel_size
    most = SHARE * width * unit
    power = 10.0 ** math.floor(math.log10(most))
    length = max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9))
    if pixel_size is None:
        text = f"{length:,.0f} px"
    elif length >= 1000:
        text = f"{length / 1000:g} mm"
    else:
        text = f"{length:g} µm"
    return ScaleBar(length / unit, text)
