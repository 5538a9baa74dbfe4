"""Lengths in micrometres, from the units that image files use."""

from __future__ import annotations

import logging
import math

log = logging.getLogger(__name__)

MICROMETRES = {
    **dict.fromkeys(("um", "µm", "μm", "micron", "microns", "micrometer", "micrometre"), 1.0),
    **dict.fromkeys(("nm", "nanometer", "nanometre"), 1e-3),
    **dict.fromkeys(("pm", "picometer", "picometre"), 1e-6),
    **dict.fromkeys(("å", "angstrom"), 1e-4),
    **dict.fromkeys(("mm", "millimeter", "millimetre"), 1e3),
    **dict.fromkeys(("cm", "centimeter", "centimetre"), 1e4),
    **dict.fromkeys(("m", "meter", "metre"), 1e6),
    **dict.fromkeys(("in", "inch", "inches"), 25400.0),
}

PRINT_UNITS = ("cm", "centimeter", "centimetre", "in", "inch", "inches")
LARGEST_PIXEL = 20.0
"""Micrometres. 72, 96, 300 and 1200 dots per inch are 353, 265, 85 and 21: print resolutions, not pixel sizes."""


def micrometres(value: float | None, unit: str | None) -> float | None:
    """Convert a length to micrometres.

    Returns
    -------
    float or None
        None where the unit is unknown (``pixel``), the length is not a positive number, or it is in inches or
        centimetres and above `LARGEST_PIXEL`, as resolutions meant for printing are.

    Examples
    --------
    >>> micrometres(650, "nm")
    0.65
    >>> micrometres(1 / 300, "inch") is None
    True
    """
    name = (unit or "").strip().replace("\\u00B5", "µ").lower()
    if value is None or name not in MICROMETRES or not math.isfinite(value) or value <= 0:
        return None
    length = value * MICROMETRES[name]
    return None if name in PRINT_UNITS and length > LARGEST_PIXEL else length


def square(y: float | None, x: float | None) -> float | None:
    """One side length for pixels of `y` by `x` micrometres; keeps the area where they differ.

    Examples
    --------
    >>> square(0.5, 2.0)
    1.0
    """
    if y is None or x is None:
        return y or x
    if y == x:
        return x
    if abs(y - x) > 0.01 * max(y, x):
        log.warning("pixels are %g by %g micrometres; taken as squares of the same area", y, x)
    return math.sqrt(y * x)
