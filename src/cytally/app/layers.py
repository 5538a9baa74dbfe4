"""What lies over an image: its density map in blue, the outlines of its objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray

from cytally.app.picture import Picture, of_array, of_slide
from cytally.app.pictures import Pictures
from cytally.app.shades import Colours
from cytally.report.overlays import DEEP_BLUE, SKY_BLUE
from cytally.slides.slide import open_slides
from cytally.tasks.plane_files import find_file

Layer = Literal["density", "outlines"]
KINDS: dict[Layer, str] = {"density": "density", "outlines": "labels"}
OPACITY = 0.75
LOOKED_AT = 1024


def layers_of(folder: Path | None, stem: str | None) -> list[Layer]:
    """Which layers a count has written for an image."""
    if folder is None or stem is None:
        return []
    return [layer for layer, kind in KINDS.items() if find_file(folder, kind, stem) is not None]


def draw_layer(
    pictures: Pictures, file: Path, layer: Layer, place: tuple[int, int, int], shape: tuple[int, int]
) -> Colours | None:
    """Colours and opacity (Y, X, 4) of one tile of a layer.

    Parameters
    ----------
    pictures
        Keeps what is read.
    file
        The density map, or the label image.
    layer
        Which of them.
    place
        Level (0 is the smallest), column and row of the tile.
    shape
        Rows and columns of the image.

    Returns
    -------
    numpy.ndarray or None
        None where there is no such tile.
    """
    level, column, row = place
    if layer == "density":
        density, peak = pictures.others.get(file, lambda: _open_density(file))
        tile = density.tile(level, column, row, [0])
        return None if tile is None else _tint(tile[0], peak)
    labels = pictures.others.get(file, lambda: tifffile.imread(file))
    picture = Picture([of_array(labels[None])], ("",), labels.dtype)
    spans = picture.place(level, column, row)
    if spans is None:
        return None
    return _outline(labels, 1 << (len(picture.levels) - 1 - level), spans, picture.levels[level])


class _Density(tuple[Picture, float]):
    """A density map and its peak, as bytes are counted."""

    @property
    def kept_bytes(self) -> int:
        return self[0].kept_bytes


def _open_density(file: Path) -> _Density:
    """A density map as a picture. The levels of a slide's map hold sums, so its finest alone is read as density."""
    if file.suffix == ".zarr":
        slide = open_slides(file)[0]
        sources = of_slide(slide)
        scaled = []
        for source in sources:
            area = source.step[0] * source.step[1]

            def read(rows: slice, columns: slice, channels: Any, source: Any = source, area: float = area) -> Any:
                return source.read(rows, columns, channels) / np.float32(area)

            scaled.append(type(source)(source.step, source.shape, read))
        picture = Picture(scaled, ("",), np.dtype(np.float32))
    else:
        density = tifffile.imread(file)
        picture = Picture([of_array(density[None])], ("",), density.dtype, kept_bytes=density.nbytes)
    seen = picture.overview(LOOKED_AT)
    positive = seen[seen > 0]
    return _Density((picture, float(np.percentile(positive, 99.5)) if positive.size else 0.0))


def _tint(density: NDArray[np.floating[Any]], peak: float) -> Colours:
    share = np.clip(density / peak, 0, 1) if peak > 0 else np.zeros(density.shape)
    tinted = np.empty((*density.shape, 4), np.float32)
    tinted[..., :3] = DEEP_BLUE + share[..., None] * (SKY_BLUE - DEEP_BLUE)
    tinted[..., 3] = OPACITY * np.sqrt(share)
    drawn: Colours = np.rint(tinted * 255).astype(np.uint8)
    return drawn


def _outline(labels: NDArray[Any], step: int, spans: tuple[slice, slice], size: tuple[int, int]) -> Colours:
    """Edges of the labels, seen at every `step`-th pixel, with one pixel around so that tiles fit together."""
    rows, columns = (
        np.clip(np.arange(span.start - 1, span.stop + 1), 0, length - 1) * step
        for span, length in zip(spans, size, strict=True)
    )
    seen = labels[np.ix_(np.minimum(rows, labels.shape[0] - 1), np.minimum(columns, labels.shape[1] - 1))]
    middle = seen[1:-1, 1:-1]
    edge = np.zeros(middle.shape, bool)
    for beside in (seen[:-2, 1:-1], seen[2:, 1:-1], seen[1:-1, :-2], seen[1:-1, 2:]):
        edge |= beside != middle
    drawn = np.zeros((*middle.shape, 4), np.uint8)
    drawn[edge & (middle > 0)] = (*np.rint(SKY_BLUE * 255).astype(int), 255)
    return drawn
