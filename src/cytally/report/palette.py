"""Colours and marks that stay apart, also for the colour-blind."""

from __future__ import annotations

from cytally.report.plots import BLUE, ORANGE

APART = (BLUE, ORANGE, "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Okabe and Ito's, without their yellow and black, which drown on white and in the dark."""
MARKERS = ("o", "s", "^", "D", "v", "P")


def colours(number: int) -> list[str]:
    """So many colours; beyond six they are those of matplotlib's tab20, and beyond twenty they come again.

    Examples
    --------
    >>> colours(2)
    ['#0072b2', '#d55e00']
    >>> len(set(colours(20))), len(colours(300))
    (20, 300)
    """
    if number <= len(APART):
        return list(APART[:number])
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    wheel = colormaps["tab20"]
    return [to_hex(wheel(place % 20)) for place in range(number)]
