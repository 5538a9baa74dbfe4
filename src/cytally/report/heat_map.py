"""The heat map of a slide: how dense cells lie, over a dim picture of it, with a scale bar and what stands out marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cytally.report.plots import BLUE, ORANGE, figure_of, png_of
from cytally.report.scale_bar import scale_bar

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = "inferno"
"""Even in lightness, so that it reads in grey and to every eye."""
WIDTH = 9.0
"""Inches of the picture; with 120 pixels an inch."""
DIM = 0.55
"""Brightness of the slide where nothing was counted in."""
TOP = 99.5
"""Percentile of the densities at which the colours end."""

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Mark:
    """A rectangle to point at: left, top, width and height in pixels of the map, and what to write beside it."""

    box: tuple[float, float, float, float]
    text: str


@dataclass(frozen=True, eq=False)
class HeatMap:
    """What a heat map shows.

    Parameters
    ----------
    density
        (Y, X): cells per area.
    unit
        What they are in, as ``cells per mm²``.
    inside
        (Y, X): where was counted in.
    slide
        (Y, X) from 0 to 1: the slide itself, in grey.
    pixel_size
        Micrometres per pixel of the map; None where unknown.
    per_pixel
        Pixels of the slide per pixel of the map, for a scale bar in pixels.
    marks
        What stands out.
    outlines
        Drawn regions: a name, and the corners (N, 2), y and x in pixels of the map, of each of its rings.
    """

    density: Floats
    unit: str
    inside: NDArray[np.bool_]
    slide: Floats
    pixel_size: float | None = None
    per_pixel: float = 1.0
    marks: Sequence[Mark] = ()
    outlines: Sequence[tuple[str, Sequence[Floats]]] = ()


def draw_heat_map(shown: HeatMap, title: str) -> bytes:
    """The heat map as a PNG file.

    Parameters
    ----------
    shown
        What to show.
    title
        What to write above.
    """
    rows, columns = shown.density.shape
    figure = figure_of(WIDTH, float(np.clip(WIDTH * 0.86 * rows / columns + 0.6, 2.5, 14)))
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_title(title, fontsize=11, loc="left")
    axes.imshow(DIM * shown.slide, cmap="gray", vmin=0, vmax=1)
    there = shown.density[shown.inside]
    top = float(np.percentile(there, TOP)) if there.size else 0.0
    colours = axes.imshow(
        np.ma.masked_array(shown.density, ~shown.inside), cmap=COLOURS, vmin=0, vmax=top or 1.0, interpolation="nearest"
    )
    figure.colorbar(colours, ax=axes, shrink=0.8, label=shown.unit, extend="max" if top else "neither")
    if shown.inside.any() and not shown.inside.all():
        axes.contour(shown.inside, [0.5], colors="white", linewidths=0.7)
    for name, rings in shown.outlines:
        for ring in rings:
            closed = np.concatenate([ring, ring[:1]])
            axes.plot(closed[:, 1], closed[:, 0], color="white", linewidth=1.2, linestyle="--")
        _label(axes, rings[0][:, 1].min(), rings[0][:, 0].min(), name, "white")
    for mark, colour in zip(shown.marks, (ORANGE, BLUE), strict=False):
        _frame(axes, mark, colour)
    _bar(axes, shown)
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)
    return png_of(figure)


def _frame(axes: Axes, mark: Mark, colour: str) -> None:
    from matplotlib.patches import Rectangle

    left, top, width, height = mark.box
    for edge, line in (("white", 3.4), (colour, 1.8)):
        axes.add_patch(Rectangle((left - 0.5, top - 0.5), width, height, fill=False, edgecolor=edge, linewidth=line))
    _label(axes, left, top, mark.text, colour)


def _label(axes: Axes, left: float, top: float, text: str, colour: str) -> None:
    from matplotlib.patheffects import withStroke

    rows, columns = (abs(high - low) for low, high in (axes.get_ylim(), axes.get_xlim()))
    below = top < 0.05 * rows
    right = left > 0.75 * columns
    axes.annotate(
        text,
        (left, top),
        xytext=(0, -10 if below else 3),
        textcoords="offset points",
        ha="right" if right else "left",
        fontsize=8.5,
        color="black" if colour == "white" else colour,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )


def _bar(axes: Axes, shown: HeatMap) -> None:
    from matplotlib.patches import Rectangle
    from matplotlib.patheffects import withStroke

    rows, columns = shown.density.shape
    bar = scale_bar(columns, shown.pixel_size, shown.per_pixel)
    right, bottom, height = 0.97 * columns, 0.96 * rows, max(1.0, 0.008 * rows)
    axes.add_patch(
        Rectangle((right - bar.pixels, bottom - height), bar.pixels, height, facecolor="white", edgecolor="black")
    )
    axes.annotate(
        bar.text,
        (right - bar.pixels / 2, bottom - height),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        color="white",
        path_effects=[withStroke(linewidth=2.2, foreground="black")],
    )
