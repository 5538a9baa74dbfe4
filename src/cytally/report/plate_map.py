"""Heat maps of plates: how many cells each well has, in the shape of the plate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cytally.report.html import ReportFigure
from cytally.report.page import ReportTable
from cytally.report.plate_layout import PlateLayout
from cytally.report.plate_shape import row_letters, row_number, smallest_plate
from cytally.report.plots import GREY, ORANGE, figure_of, png_of

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

LEGIBLE = 4.8
"""Letters that are smaller, in points, are left away."""
LETTER = 0.62
"""Width of a digit over the font's size, with room beside it."""
EMPTY = (0.95, 0.95, 0.95, 1.0)
"""Colour of a well without an image."""
MANY_WELLS = 100
"""Beyond so many, the colours run from the 1st to the 99th percentile: one well full of dust would hide the others."""


def plate_figure(wells: pandas.DataFrame) -> ReportFigure | None:
    """The heat maps with heading and caption for the report, called ``plate``; None without wells.

    Parameters
    ----------
    wells
        See `draw_plates`.
    """
    if wells.empty:
        return None
    several = wells["plate"].nunique() > 1
    _, shown = _values(wells)
    caption = (
        f"Each square is a well, coloured by its {shown}. Grey wells have no counted image. Where there is room, a "
        "corner in orange marks a well with images that carry a warning."
    )
    if several:
        caption += " All plates share one scale of colours and one shape, the smallest that has all wells."
    if len(wells) > MANY_WELLS:
        caption += " The colours end at the 1st and 99th percentile."
    title = "Plate maps" if several else "Plate map"
    caption += " wells.csv has the figures."
    return ReportFigure("plate", title, caption, draw_plates(wells), f"Heat map of each plate: {shown} of its wells")


def plate_summary(wells: pandas.DataFrame) -> ReportTable:
    """One row per plate: wells, images, cells, how much its wells differ, and images with warnings.

    Parameters
    ----------
    wells
        See `draw_plates`.
    """
    columns = ("Plate", "Wells", "Images", "Cells", "Mean per image", "SD between the wells' means", "Warnings")
    rows = []
    for plate, group in wells.groupby("plate", sort=False):
        images, cells = int(group["images"].sum()), float(group["count_total"].sum())
        spread = float(group["count_mean"].std(ddof=1)) if len(group) > 1 else None
        rows.append((plate, len(group), images, cells, cells / images, spread, int(group["flagged_images"].sum())))
    return ReportTable(columns, tuple(rows))


def draw_plates(wells: pandas.DataFrame) -> bytes:
    """A heat map of each plate, in the shape of the smallest plate that has all the wells, on one scale of colours.

    What is shown is the total count where all wells have the same number of images, else the mean per image.

    Parameters
    ----------
    wells
        One row per well, plates in the order to draw, with the columns ``plate``, ``row`` (letters), ``column`` (from
        1), ``images``, ``count_mean``, ``count_total`` and ``flagged_images``. Not empty.

    Returns
    -------
    bytes
        A PNG file.
    """
    values, shown = _values(wells)
    wells = wells.assign(value=values, row=wells["row"].map(row_number))
    shape = smallest_plate(int(wells["row"].max()), int(wells["column"].max()))
    plates = wells.groupby("plate", sort=False)
    layout = PlateLayout.of(len(plates), shape, titled=bool((wells["plate"] != "").any()))
    figure, axes = _canvas(layout)
    colours, extend = _colours(values)
    for number, (plate, own) in enumerate(plates):
        counts, flagged = np.full((shape.rows, shape.columns), np.nan), np.zeros((shape.rows, shape.columns), bool)
        places = own["row"].to_numpy(int) - 1, own["column"].to_numpy(int) - 1
        counts[places] = own["value"]
        flagged[places] = own["flagged_images"] > 0
        _draw_plate(axes, layout, layout.corner(number), str(plate), counts, flagged, colours)
    _draw_scale(figure, layout, colours, extend, shown)
    return png_of(figure)


def _values(wells: pandas.DataFrame) -> tuple[NDArray[np.float64], str]:
    """What to show of each well, and what it is."""
    if wells["images"].nunique() == 1:
        return wells["count_total"].to_numpy(float), "number of cells"
    return wells["count_mean"].to_numpy(float), "mean number of cells per image"


def _colours(values: NDArray[np.float64]) -> tuple[ScalarMappable, str]:
    """The scale of colours, and at which of its ends values lie beyond it."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    few = len(values) <= MANY_WELLS
    low, high = np.quantile(values, (0.0, 1.0) if few else (0.01, 0.99))
    if low == high:
        low, high = min(0.0, low), max(1.0, high)
    below, above = bool(values.min() < low), bool(values.max() > high)
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")
    return ScalarMappable(Normalize(float(low), float(high)), colormaps["viridis"]), extend


def _canvas(layout: PlateLayout) -> tuple[Figure, Axes]:
    """A picture with room for the plates and, on their right, the scale; its axes count in points."""
    height, width = layout.size
    total = width + 74
    figure = figure_of(total / 72, height / 72)
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, width / total, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure, axes


def _draw_plate(
    axes: Axes,
    layout: PlateLayout,
    corner: tuple[float, float],
    name: str,
    counts: NDArray[np.float64],
    flagged: NDArray[np.bool_],
    colours: ScalarMappable,
) -> None:
    """One plate: `counts` (rows, columns) with NaN where there is no image, `flagged` likewise."""
    (y, x), side, shape = corner, layout.side, layout.shape
    edges_y, edges_x = y + side * np.arange(shape.rows + 1), x + side * np.arange(shape.columns + 1)
    line = min(1.0, side / 12) if layout.named else 0.0
    faces = colours.to_rgba(np.ma.masked_invalid(counts))
    faces[np.isnan(counts)] = EMPTY
    axes.pcolormesh(edges_x, edges_y, faces, edgecolors="white", linewidth=line)
    axes.plot(edges_x[[0, -1, -1, 0, 0]], edges_y[[0, 0, -1, -1, 0]], color=GREY, linewidth=0.6)
    if name:
        size = 10.0 if layout.named else 8.0
        letters = int(shape.columns * side / (LETTER * size))
        title = name if len(name) <= max(letters, 4) else f"{name[: max(letters, 4) - 1]}…"
        axes.text(
            x, y - (layout.top - layout.title) - 3, title, fontsize=size, ha="left", va="bottom", parse_math=False
        )
    if layout.named:
        _name_rows_and_columns(axes, layout, corner)
    _write_values(axes, layout, corner, counts, colours)
    for row, column in np.argwhere(flagged) if layout.named else ():
        right, above, size = edges_x[column + 1] - line, edges_y[row] + line, min(0.22 * side, 9.0)
        triangle = ([right - size, right, right], [above, above, above + size])
        axes.fill(*triangle, facecolor=ORANGE, edgecolor="white", linewidth=min(0.5, line))


def _name_rows_and_columns(axes: Axes, layout: PlateLayout, corner: tuple[float, float]) -> None:
    (y, x), side = corner, layout.side
    size = min(9.0, side * 0.6)
    for row in range(layout.shape.rows):
        axes.text(x - 3, y + (row + 0.5) * side, row_letters(row + 1), fontsize=size, ha="right", va="center")
    for column in range(layout.shape.columns):
        axes.text(x + (column + 0.5) * side, y - 3, str(column + 1), fontsize=size, ha="center", va="bottom")


def _write_values(
    axes: Axes, layout: PlateLayout, corner: tuple[float, float], counts: NDArray[np.float64], colours: ScalarMappable
) -> None:
    """The numbers, where all of them have room in their wells."""
    (y, x), side = corner, layout.side
    texts = {(row, column): _short(float(counts[row, column])) for row, column in np.argwhere(~np.isnan(counts))}
    size = min(10.0, 0.9 * side / (LETTER * max(map(len, texts.values()))))
    if size < LEGIBLE:
        return
    for (row, column), text in texts.items():
        red, green, blue, _ = colours.to_rgba(counts[row, column])
        ink = "black" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.5 else "white"
        place = x + (column + 0.5) * side, y + (row + 0.5) * side
        axes.text(*place, text, fontsize=size, color=ink, ha="center", va="center")


def _short(value: float) -> str:
    """A number in five letters or fewer.

    Examples
    --------
    >>> [_short(value) for value in (0.0, 3.14, 41.7, 99999.0, 123456.0, 3.2e7)]
    ['0.0', '3.1', '42', '99999', '123k', '32M']
    """
    for limit, divisor, ending in ((99_999.5, 1, ""), (9_999_500, 1000, "k")):
        if value < limit:
            return f"{value / divisor:.{1 if value < 9.95 else 0}f}{ending}"
    return f"{value / 1e6:.0f}M"


def _draw_scale(figure: Figure, layout: PlateLayout, colours: ScalarMappable, extend: str, shown: str) -> None:
    height, width = layout.size
    tall = min(height - 24, 300.0)
    bar = figure.add_axes((width / (width + 74), 1 - (tall + 12) / height, 12 / (width + 74), tall / height))
    figure.colorbar(colours, cax=bar, label=shown, extend=extend)
    bar.tick_params(labelsize=8)
