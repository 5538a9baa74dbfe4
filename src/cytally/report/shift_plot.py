"""How far the picture moved: shifts over the frames, as an SVG that takes the page's colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cytally.report.plots import round_step

MOST_POINTS = 1500
WIDTH, HEIGHT = 420, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 408, 30, 172
LINES = (("y, downwards", "var(--bar)", ""), ("x, to the right", "#d97a1d", "6 3"))


def plot_of_shifts(shifts: NDArray[np.floating]) -> str:
    """Draw y and x of the shifts over the frames.

    Parameters
    ----------
    shifts
        (T, 2) pixels by which the content of each frame is displaced from the first, y and x. Frames whose shift is
        not a number are a gap.

    Returns
    -------
    str
        ``<svg>…</svg>``; empty without a single shift.
    """
    shifts = np.asarray(shifts, float).reshape(-1, 2)
    if not np.isfinite(shifts).any():
        return ""
    low, high = min(0.0, float(np.nanmin(shifts))), max(0.0, float(np.nanmax(shifts)))
    step = round_step(max(high - low, 1.0) / 4)
    low, high = np.floor(low / step) * step, np.ceil(high / step) * step
    high = max(high, low + step)
    last = max(1, len(shifts) - 1)
    parts = [f"<title>Shift of the {len(shifts):,} frames in pixels</title>"]
    for tick in np.arange(low, high + step / 2, step):
        height = np.interp(tick, (low, high), (BOTTOM, TOP))
        parts.append(f'<path class="grid" d="M{LEFT} {height:.1f}H{RIGHT}"/>')
        parts.append(_words(LEFT - 8, height + 4, f"{tick:g}", "end"))
    along = round_step(last / 5) if last > 5 else 1
    ticks = np.arange(0, last + 1, max(1, along))
    places = np.interp(ticks, (0, last), (LEFT, RIGHT))
    parts += [_words(x, BOTTOM + 18, f"{tick:,.0f}", "middle") for tick, x in zip(ticks, places, strict=True)]
    parts.append(_words((LEFT + RIGHT) / 2, BOTTOM + 38, "frame", "middle"))
    parts.append(
        f'<text class="axis" x="14" y="{(TOP + BOTTOM) / 2}" text-anchor="middle" '
        f'transform="rotate(-90 14 {(TOP + BOTTOM) / 2})">pixels</text>'
    )
    frames = np.arange(0, len(shifts), max(1, -(-len(shifts) // MOST_POINTS)))
    for place, (words, colour, dashes) in enumerate(LINES):
        look = f'style="fill: none; stroke: {colour}; stroke-width: 1.8; stroke-dasharray: {dashes or "none"}"'
        x = np.interp(frames, (0, last), (LEFT, RIGHT))
        y = np.interp(shifts[frames, place], (low, high), (BOTTOM, TOP))
        parts.append(f'<path {look} d="{_path(x, y)}"/>')
        begin = LEFT + 150 * place
        parts.append(f'<path {look} d="M{begin} 11h24"/>' + _words(begin + 30, 15, words, "start"))
    return f'<svg class="histogram" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'


def _words(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text class="axis" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def _path(x: NDArray[np.floating], y: NDArray[np.floating]) -> str:
    """A line through the points, broken where there is none; one alone is a dot.

    Examples
    --------
    >>> _path(np.array([0.0, 1, 2, 3]), np.array([5.0, np.nan, 7, 8]))
    'M0.0 5.0h1M2.0 7.0L3.0 8.0'
    """
    known = np.isfinite(y)
    words = []
    for place in np.flatnonzero(known):
        follows = place > 0 and known[place - 1]
        alone = not follows and (place + 1 == len(y) or not known[place + 1])
        words.append(f"{'L' if follows else 'M'}{x[place]:.1f} {y[place]:.1f}{'h1' if alone else ''}")
    return "".join(words)
