"""Lineage trees: one line per track, time to the right, branches where cells divide, and how each track ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cytally.report.families import Families, families_of
from cytally.report.palette import APART
from cytally.report.plots import GREY, figure_of

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_FAMILIES = 40
MOST_ROWS = 120
"""Lines one above the other that are still told apart; only the first family may have more."""
NAMED_ROWS = 40
"""Up to so many lines daughters carry their numbers as well."""
ROW_INCHES, TALLEST = 0.16, 22.0
BETWEEN = 0.7
"""Rows left free between families."""

ENDS: dict[str, tuple[str, str, str]] = {
    "dies": ("X", "#b3261e", "dies"),
    "leaves": (">", "#333333", "leaves the field"),
    "merges": ("D", "#333333", "merges with another"),
    "last frame": ("|", GREY, "last frame"),
    "": (".", "#333333", "ends, why is not known"),
}
"""Mark, colour and words of how a track ended."""


def draw_lineage(
    tracks: pandas.DataFrame,
    *,
    times: Sequence[float] | NDArray[np.floating] | None = None,
    unit: str = "hours",
    most_families: int = MOST_FAMILIES,
) -> Figure:
    """Draw the families of a time-lapse, those with the most divisions first.

    Parameters
    ----------
    tracks
        One row per track and frame: ``track``, ``frame`` (from 0) and ``parent`` (0: none); where there, ``end`` tells
        how the track ended: ``divides``, ``dies``, ``leaves``, ``merges`` or ``last frame``.
    times
        (T,) time of each frame; None: the picture runs along frames.
    unit
        Of the times.
    most_families
        At most so many families are drawn, and no more than fit; the picture says how many are not.

    Returns
    -------
    matplotlib.figure.Figure
        For `cytally.report.vector.write_figure`.

    Raises
    ------
    ValueError
        When a track has a frame without a time.
    """
    if len(tracks) and times is not None and int(tracks["frame"].max()) >= len(times):
        raise ValueError(f"frame {int(tracks['frame'].max())} has no time among {len(times)}")
    families = families_of(tracks)
    shown = _those_that_fit(families, most_families)
    rows = sum(families.leaves(root) for root in shown) + BETWEEN * len(shown)
    figure = figure_of(9.0, float(np.clip(1.3 + ROW_INCHES * rows, 2.2, TALLEST)))
    axes = figure.add_subplot()
    along = np.asarray(times if times is not None else np.arange(families.last_frame + 1), float)
    if shown:
        found = _draw_families(axes, families, shown, along, named=rows <= NAMED_ROWS)
        _legend(figure, found)
        axes.set_ylim(rows - BETWEEN, -1)
    else:
        axes.text(0.5, 0.5, "no tracks", ha="center", va="center", color=GREY, transform=axes.transAxes)
    axes.set_title(_title(families, shown), fontsize=9, loc="left", color="#333333")
    axes.set_xlabel("frame" if times is None or unit == "frames" else f"time ({unit})")
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", alpha=0.25, linewidth=0.6)
    return figure


def _those_that_fit(families: Families, most: int) -> list[int]:
    chosen: list[int] = []
    rows = 0
    for root in families.roots[:most]:
        rows += families.leaves(root)
        if chosen and rows > MOST_ROWS:
            break
        chosen.append(root)
    return chosen


def _title(families: Families, shown: Sequence[int]) -> str:
    divisions = sum(families.divisions(root) for root in families.roots)
    tracks = sum(len(families.members(root)) for root in families.roots)
    words = f"{tracks:,} track{'s' * (tracks != 1)}, {divisions:,} division{'s' * (divisions != 1)}"
    hidden = families.roots[len(shown) :]
    if not hidden:
        return words
    missing = sum(len(families.members(root)) for root in hidden)
    without = " that never divide" if not any(families.divisions(root) for root in hidden) else ""
    return (
        f"{words}; {len(shown):,} of {len(families.roots):,} families, most divisions first\n"
        f"not shown: {len(hidden):,} famil{'y' if len(hidden) == 1 else 'ies'}{without}, "
        f"{missing:,} track{'s' * (missing != 1)}"
    )


def _draw_families(
    axes: Axes, families: Families, shown: Sequence[int], along: NDArray[np.float64], *, named: bool
) -> list[str]:
    """Draw them from the top; what ends there are is returned."""
    from matplotlib.collections import LineCollection

    lines: list[list[tuple[float, float]]] = []
    gaps: list[list[tuple[float, float]]] = []
    tints: list[str] = []
    gap_tints: list[str] = []
    ends: dict[str, list[tuple[float, float]]] = {}
    top = 0.0
    letters = 6.5 if families.leaves(shown[0]) <= MOST_ROWS else 5.0
    for place, root in enumerate(shown):
        tint, heights = APART[place % len(APART)], families.heights(root)
        for track in families.members(root):
            y, frames = top + heights[track], families.frames(track)
            x = along[frames]
            for first, last, gap in _pieces(frames):
                (gaps if gap else lines).append([(along[first], y), (along[last], y)])
                (gap_tints if gap else tints).append(tint)
            daughters = families.daughters(track)
            if daughters:
                fork = min(along[families.frames(daughter)[0]] for daughter in daughters)
                for daughter in daughters:
                    below, begin = top + heights[daughter], along[families.frames(daughter)[0]]
                    lines.append([(x[-1], y), (fork, y), (fork, below), (begin, below)])
                    tints.append(tint)
            else:
                ends.setdefault(families.end(track), []).append((x[-1], y))
            if track == root or named:
                aside = (-4, 0) if track == root else (3, 3)
                axes.annotate(
                    str(track), (x[0], y), aside, textcoords="offset points", fontsize=letters, color="#444444",
                    ha="right" if track == root else "left", va="center" if track == root else "bottom",
                )  # fmt: skip
        top += families.leaves(root) + BETWEEN
    axes.add_collection(LineCollection(lines, colors=tints, linewidths=1.3, capstyle="round", joinstyle="round"))
    axes.add_collection(LineCollection(gaps, colors=gap_tints, linewidths=0.9, linestyles=(0, (1.5, 2))))
    for end, places in ends.items():
        mark, colour, _ = ENDS[end]
        size = 5 if mark in "|." else 4
        xs, ys = zip(*places, strict=True)
        axes.plot(xs, ys, mark, color=colour, markersize=size, markeredgewidth=1.2 if mark == "|" else 0, zorder=3)
    margin = 0.015 * float(np.ptp(along)) or 0.5
    axes.set_xlim(float(along.min()) - 3 * margin, float(along.max()) + margin)
    return [end for end in ENDS if end in ends] + ["gap"] * bool(gaps)


def _pieces(frames: NDArray[np.intp]) -> list[tuple[int, int, bool]]:
    """First and last frame of each stretch in which the cell was seen, and of the gaps between them (True).

    Examples
    --------
    >>> _pieces(np.array([2, 3, 6]))
    [(2, 3, False), (3, 6, True), (6, 6, False)]
    """
    breaks = np.flatnonzero(np.diff(frames) > 1)
    firsts, lasts = frames[np.r_[0, breaks + 1]].tolist(), frames[np.r_[breaks, len(frames) - 1]].tolist()
    pieces = []
    for place, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        if place:
            pieces.append((lasts[place - 1], first, True))
        pieces.append((first, last, False))
    return pieces


def _legend(figure: Figure, found: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for end in found:
        if end == "gap":
            handles.append(Line2D([], [], color=GREY, linewidth=0.9, linestyle=(0, (1.5, 2)), label="not seen"))
        else:
            mark, colour, words = ENDS[end]
            edge = 1.2 if mark == "|" else 0
            handles.append(
                Line2D(
                    [], [], color=colour, marker=mark, linestyle="none", markersize=6, markeredgewidth=edge, label=words
                )
            )
    figure.legend(handles=handles, frameon=False, fontsize="small", loc="outside upper left", ncols=6)
