"""The heat map of a slide: how dense cells lie, over a dim picture of it, with a scale bar and the extremes marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw
from scipy import ndimage

from cytally.report.captions import Captions
from cytally.report.lettering import GROUND, INK, font
from cytally.report.overlays import encode_png, shrink
from cytally.report.plots import round_step
from cytally.report.scale_bar import scale_bar

COLOURS = "inferno"
"""Even in lightness, so that it reads in grey and to every eye; none where there are no cells."""
OPACITY = (0.35, 0.9)
"""Of the colours where there are no cells, and where they are densest."""
DIM = 0.5
"""Brightness of the slide beneath."""
SMOOTHED = 1 / 150
"""Standard deviation of the Gaussian that the density is smoothed by, as a share of the longer side: single cells
would be specks."""
TOP = 99.9
"""Percentile of the densities at which the colours end."""
LONGEST_SIDE, ENLARGE_TOWARDS = 1600, 800
"""Longer side of the map as it is drawn: larger ones are shrunk, smaller ones enlarged by a whole factor."""
LEAST_WIDTH, LEAST_BAR = 640, 170
"""Pixels that the whole picture, and the colour bar, have at least."""
GAP, LETTERS, TITLE, BAR_WIDTH = 12, 15, 19, 24

Colour = tuple[int, int, int]
MARKS: tuple[Colour, ...] = ((255, 158, 0), (86, 180, 233), (0, 200, 140), (240, 228, 66))
RIM: Colour = (18, 18, 22)
EDGE: Colour = (170, 170, 178)
"""Of the outline of where was counted."""

Floats = NDArray[np.floating]
Canvas = NDArray[np.uint8]


@dataclass(frozen=True)
class Mark:
    """A rectangle to point at: left, top, width and height in pixels of the map, and what to write about it.

    What stands before a colon is written beside the rectangle, all of it below the map.
    """

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
        Drawn regions: a name, and the corners (N, 2), y and x in pixels of the map with the first one's middle as
        origin, of each of its rings.
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
    """The heat map as a PNG file: the map, at most 1600 pixels long, with its colours, key and scale bar around it.

    Parameters
    ----------
    shown
        What to show.
    title
        What to write above.
    """
    density, top = _smoothed(shown)
    picture = _coloured(shown, density, top)
    height, width = picture.shape[:2]
    side = _colour_bar(shown, max(height, LEAST_BAR), top, bool((density > top).any()))
    across = max(LEAST_WIDTH, width + GAP + side.shape[1])
    key = _key(shown, across, width)
    head = TITLE + 2 * GAP
    down = max(height, side.shape[0])
    sheet = np.full((head + down + GAP + key.shape[0], across + 2 * GAP, 3), GROUND, np.uint8)
    sheet[head : head + height, GAP : GAP + width] = picture
    left = GAP + width + GAP
    sheet[head : head + side.shape[0], left : left + side.shape[1]] = side
    sheet[head + down + GAP :, GAP : GAP + across] = key
    canvas = Pillow.fromarray(sheet)
    ImageDraw.Draw(canvas).text((GAP, GAP), _fitting(title, across), INK, font(TITLE))
    return encode_png(np.asarray(canvas))


def _smoothed(shown: HeatMap) -> tuple[Floats, float]:
    """The density as a mean over its surroundings, as far as was counted there, and where the colours end."""
    width = SMOOTHED * max(shown.density.shape)
    weight = ndimage.gaussian_filter(shown.inside.astype(np.float32), width)
    cells = ndimage.gaussian_filter(np.where(shown.inside, shown.density, 0).astype(np.float32), width)
    density = np.where(shown.inside, np.maximum(cells, 0) / np.maximum(weight, 1e-6), 0)
    there = density[shown.inside]
    return density, float(np.percentile(there, TOP) or there.max()) if there.size else 0.0


def _coloured(shown: HeatMap, density: Floats, top: float) -> Canvas:
    rows, columns = density.shape
    size = _size(rows, columns)
    base = (min(rows, size[0]), min(columns, size[1]))
    level = np.clip(shrink(density, base) / (top or 1.0), 0, 1)
    inside = shrink(shown.inside, base) > 0.5
    grey = DIM * np.clip(shrink(shown.slide, base), 0, 1)
    mixed = np.where(inside[..., None], _mixed(level, grey), grey[..., None])
    picture = np.rint(255 * mixed).astype(np.uint8)
    for axis in (0, 1):
        picture = picture.repeat(size[axis] // base[axis], axis=axis)
        inside = inside.repeat(size[axis] // base[axis], axis=axis)
    picture[inside & ~ndimage.binary_erosion(inside, iterations=1 + max(size) // 1000, border_value=1)] = EDGE
    return _annotated(picture, shown, (size[0] / rows, size[1] / columns))


def _size(rows: int, columns: int) -> tuple[int, int]:
    longest = max(rows, columns)
    factor = LONGEST_SIDE / longest if longest > LONGEST_SIDE else max(1, ENLARGE_TOWARDS // longest)
    return max(1, round(rows * factor)), max(1, round(columns * factor))


def _mixed(level: Floats, grey: Floats) -> Floats:
    """Colours (..., 3) of densities from 0 to 1 over a grey picture."""
    opacity = (OPACITY[0] + (OPACITY[1] - OPACITY[0]) * np.sqrt(level))[..., None]
    return np.asarray((1 - opacity) * grey[..., None] + opacity * _colours()[np.rint(255 * level).astype(np.intp)])


@cache
def _colours() -> NDArray[np.float64]:
    from matplotlib import colormaps  # takes a while to load

    return np.asarray(colormaps[COLOURS](np.linspace(0, 1, 256)))[:, :3]


def _annotated(picture: Canvas, shown: HeatMap, scale: tuple[float, float]) -> Canvas:
    """Draw the regions and the marks, and what each is called."""
    canvas = Pillow.fromarray(picture)
    pen = ImageDraw.Draw(canvas)
    width = 2 + max(picture.shape[:2]) // 1000
    boxes = []
    for name, rings in shown.outlines:
        corners = [((np.asarray(ring)[:, ::-1] + 0.5) * scale[::-1]).tolist() for ring in rings]
        ways = [[(x, y) for x, y in (*ring, ring[0])] for ring in corners]
        for colour, extra in ((RIM, 2), (INK, 0)):
            for way in ways:
                pen.line(way, colour, width + extra, joint="curve")
        x, y = np.concatenate([np.array(ring) for ring in corners]).T
        boxes.append((name, INK, (float(x.min()), float(y.min()), float(x.max()), float(y.max()))))
    for number, mark in enumerate(shown.marks):
        colour = MARKS[number % len(MARKS)]
        left, top, across, down = np.array(mark.box) * (*scale[::-1], *scale[::-1])
        box = (float(left), float(top), float(left + across), float(top + down))
        for ink, extra in ((RIM, 2), (colour, 0)):
            pen.rectangle(
                [box[0] - extra, box[1] - extra, box[2] + extra, box[3] + extra], outline=ink, width=width + 2 * extra
            )
        boxes.append((mark.text.split(":")[0], colour, box))
    captions = Captions(canvas.size, LETTERS, [box for _, _, box in boxes[len(shown.outlines) :]])
    for name, colour, box in reversed(boxes):  # the marks first, there are few
        captions.write(pen, name, colour, RIM, box)
    return np.asarray(canvas)


def _colour_bar(shown: HeatMap, height: int, top: float, clipped: bool) -> Canvas:
    """The colours with the densities that they stand for, as high as the map."""
    letters, above, end = font(LETTERS), LETTERS + GAP, 10
    step = round_step(top / 8) if top else 1.0
    ticks = np.arange(0, top * (1 + 1e-9), step) if top else np.zeros(1)
    words = [f"{tick:,.10g}" for tick in ticks]
    width = int(max(letters.getlength(shown.unit), BAR_WIDTH + 12 + max(map(letters.getlength, words)))) + 1
    canvas = Pillow.new("RGB", (width, height), GROUND)
    pen = ImageDraw.Draw(canvas)
    pen.text((0, 0), shown.unit, INK, letters)
    first, last = above + end, height - end  # room for half a number below
    length = last - first
    level = np.linspace(1, 0, length) if top else np.zeros(length)
    grey = np.full(length, DIM * float(shown.slide[shown.inside].mean()) if shown.inside.any() else 0.0)
    colours = np.rint(255 * _mixed(level, grey)).astype(np.uint8)
    canvas.paste(Pillow.fromarray(np.ascontiguousarray(np.repeat(colours[:, None], BAR_WIDTH, axis=1))), (0, first))
    if clipped:  # an arrow: the densest are beyond
        tip = tuple(colours[0].tolist())
        pen.polygon([(0, first - 1), (BAR_WIDTH - 1, first - 1), (BAR_WIDTH / 2, first - end)], fill=tip)
    for tick, word in zip(ticks, words, strict=True):
        y = last - 1 - (length - 1) * (tick / top if top else 0)
        pen.line([(BAR_WIDTH, y), (BAR_WIDTH + 5, y)], INK)
        pen.text((BAR_WIDTH + 9, y), word, INK, letters, anchor="lm")
    return np.asarray(canvas)


def _key(shown: HeatMap, across: int, width: int) -> Canvas:
    """What lies below the map: what the marks are, and the scale bar, right of them or, in want of room, below."""
    letters, line = font(LETTERS), LETTERS + 7
    rows, columns = shown.density.shape
    scale = _size(rows, columns)[1] / columns
    bar = scale_bar(columns, shown.pixel_size, shown.per_pixel)
    half = max(bar.pixels * scale, letters.getlength(bar.text)) / 2
    texts = [_fitting(text, across - line) for text in (*(mark.text for mark in shown.marks), _about_smoothing(shown))]
    longest = line + max(map(letters.getlength, texts)) + 2 * GAP
    ends = [end for end in (width, across) if longest + 2 * half <= end]  # where the bar may end, right of the words
    canvas = Pillow.new("RGB", (across, (len(texts) + (0 if ends else 2)) * line + 2 * GAP), GROUND)
    pen = ImageDraw.Draw(canvas)
    for number, text in enumerate(texts):
        y = number * line
        if number < len(shown.marks):
            pen.rectangle([0, y + 1, LETTERS - 2, y + LETTERS - 1], outline=MARKS[number % len(MARKS)], width=3)
        pen.text((line, y), text, INK, letters)
    y, middle = (0, ends[0] - half) if ends else (len(texts) * line, half)
    pen.rectangle([middle - bar.pixels * scale / 2, y + 2, middle + bar.pixels * scale / 2, y + 7], fill=INK)
    pen.text((middle, y + 11), bar.text, INK, letters, anchor="ma")
    return np.asarray(canvas)


def _about_smoothing(shown: HeatMap) -> str:
    width = SMOOTHED * max(shown.density.shape)
    if shown.pixel_size is None:
        return f"colours smoothed over {width * shown.per_pixel:,.3g} px (standard deviation)"
    return f"colours smoothed over {width * shown.pixel_size:,.3g} µm (standard deviation)"


def _fitting(text: str, width: float) -> str:
    """The text, its end left out where it is too long."""
    for size in (TITLE, LETTERS):
        if font(size).getlength(text) <= width:
            return text
    while len(text) > 1 and font(TITLE).getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
