"""A drawn slide of reconstructed skin: melanocytes that glow green, in tissue that glows faintly, on a dark ground.

Drawn tile by tile in constant memory: a tile is the same whichever were drawn before it. Nothing of it is taken from an
image; sizes are those of the melanocytes of Lazard et al. 2022, of which a cell's Gaussian has a standard deviation of
6 pixels once the image is downscaled by 4.

    python benchmarks/slide_drawn.py skin.tif --scale 0.1
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import tifffile
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from skimage.io import imsave

from cytally.files import whole_file, write_text

SHAPE = (26_624, 30_000)
"""Rows and columns of the skin sample of Lazard et al. 2022."""
PIXEL_SIZE = 0.4523
TILE, LEVELS = 512, 5
TISSUE = 0.6
"""Share of the slide."""
AREA_OF_A_CELL = 64_000
"""Pixels of tissue to each cell."""
APART = 50.0
"""Pixels between two cells at least."""
NODES = 128
"""Pixels between two nodes of the coarse maps that the tissue's outline and glow are drawn by."""
REACH = 80
"""Pixels from a cell's middle to the end of its longest arm, at most."""
SHAPES = 48
"""How many different cells there are, of differing brightness."""
RED, BLUE = 0.15, 0.10
"""Of the green channel's brightness."""

Pixels = NDArray[np.uint8]
Map = NDArray[np.float32]


class DrawnSlide:
    """A slide of `shape` (Y, X) that `tile` and `window` draw any part of; `points` (N, 2) are its cells as y, x."""

    def __init__(self, shape: tuple[int, int] = SHAPE, seed: int = 0) -> None:
        self.shape, self.seed = shape, seed
        rng = np.random.default_rng([seed, 0])
        self.tissue, self.glow = _coarse_maps(shape, rng)
        self.points = _scattered(self.tissue, shape, rng)
        self._cells = [_cell(rng) for _ in range(SHAPES)]
        self._which = rng.integers(SHAPES, size=len(self.points))
        self._brightness = rng.uniform(70, 190, len(self.points)).astype(np.float32)

    @property
    def tissue_share(self) -> float:
        """Share of the slide that is tissue, to the nearest node."""
        rows, columns = (-(-length // NODES) for length in self.shape)
        return float(self.tissue[:rows, :columns].mean())

    @property
    def tiles(self) -> tuple[int, int]:
        """Rows and columns of tiles."""
        return -(-self.shape[0] // TILE), -(-self.shape[1] // TILE)

    def tile(self, row: int, column: int) -> Pixels:
        """One tile in green; what lies beyond the slide's end is drawn as well."""
        rows, columns = row * TILE + np.arange(TILE), column * TILE + np.arange(TILE)
        light = _between_nodes(self.glow, rows, columns)
        corner = np.array([rows[0], columns[0]])
        near = np.flatnonzero((np.abs(self.points - corner - TILE / 2) < TILE / 2 + REACH + 1).all(axis=1))
        for number in near:
            top, left = np.rint(self.points[number]).astype(int) - REACH - corner
            there = np.s_[max(top, 0) : top + 2 * REACH + 1, max(left, 0) : left + 2 * REACH + 1]
            cell = self._cells[self._which[number]][max(-top, 0) :, max(-left, 0) :]
            place = light[there]
            place += self._brightness[number] * cell[: place.shape[0], : place.shape[1]]
        noise = np.random.default_rng([self.seed, 1, row, column]).standard_normal((TILE, TILE), np.float32)
        light += noise * (2 + 0.1 * light)
        return np.rint(light.clip(0, 255)).astype(np.uint8)

    def window(self, rows: slice, columns: slice) -> Pixels:
        """Any part of the slide in green."""
        picture = np.empty((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
        for row in range(rows.start // TILE, -(-rows.stop // TILE)):
            for column in range(columns.start // TILE, -(-columns.stop // TILE)):
                y, x = row * TILE - rows.start, column * TILE - columns.start
                piece = self.tile(row, column)[max(-y, 0) :, max(-x, 0) :]
                place = picture[max(y, 0) : y + TILE, max(x, 0) : x + TILE]
                place[:] = piece[: place.shape[0], : place.shape[1]]
        return picture


def slide_shape(scale: float = 1.0, area: float = 1.0) -> tuple[int, int]:
    """Rows and columns of a slide of another scale, and of `area` times as many rows; multiples of 16.

    Examples
    --------
    >>> slide_shape(), slide_shape(area=2), slide_shape(scale=0.1)
    ((26624, 30000), (53248, 30000), (2656, 2992))
    """
    rows, columns = SHAPE[0] * scale * area, SHAPE[1] * scale
    return int(rows) // 16 * 16, int(columns) // 16 * 16


def in_colours(green: Pixels) -> Pixels:
    """Red, green and blue (Y, X, 3): what glows green does so a little in the others."""
    levels = np.arange(256)
    return np.stack([np.rint(share * levels).astype(np.uint8)[green] for share in (RED, 1, BLUE)], axis=-1)


def write_slide(path: Path, slide: DrawnSlide, *, compression: str = "jpeg", levels: int = LEVELS) -> None:
    """Write a tiled BigTIFF with a pyramid, level by level, and its cells beside it as STEM.points.csv.

    Smaller levels wait in files of a folder beside, which is removed at the end.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, whole_file(path) as temporary:
        smaller: list[Pixels] = []
        for level in range(1, levels):
            shape = slide.shape[0] >> level, slide.shape[1] >> level
            smaller.append(np.memmap(Path(folder) / str(level), np.uint8, "w+", shape=shape))
        with tifffile.TiffWriter(temporary, bigtiff=True) as file:
            for level in range(levels):
                shape = slide.shape[0] >> level, slide.shape[1] >> level
                below = smaller[level] if level < len(smaller) else None
                tiles = _drawn_tiles(slide, below) if level == 0 else _tiles_of(smaller[level - 1], below)
                per_cm = 1e4 / (PIXEL_SIZE * 2**level)
                file.write(
                    tiles,
                    shape=(*shape, 3),
                    dtype=np.uint8,
                    tile=(TILE, TILE),
                    photometric="rgb",
                    compression=compression,
                    compressionargs={"level": 90 if compression == "jpeg" else 6},
                    resolution=(per_cm, per_cm),
                    resolutionunit="CENTIMETER",
                    subifds=levels - 1 if level == 0 else None,
                    subfiletype=1 if level else 0,
                    metadata=None,
                    maxworkers=1,
                )
        smaller.clear()
    table = pd.DataFrame(slide.points, columns=["y", "x"])
    write_text(path.with_suffix(".points.csv"), table.to_csv(index=False, float_format="%.2f"))


def write_crops(folder: Path, slide: DrawnSlide, number: int, side: int) -> None:
    """A data folder: square pieces of the slide's tissue with the cells that lie in them."""
    rng = np.random.default_rng([slide.seed, 2])
    (folder / "images").mkdir(parents=True, exist_ok=True)
    lines = ["image,y,x"]
    for place in range(number):
        middle = slide.points[rng.integers(len(slide.points))] + rng.uniform(-side / 3, side / 3, 2)
        top, left = np.clip(np.rint(middle - side / 2), 0, np.array(slide.shape) - side).astype(int)
        green = slide.window(slice(top, top + side), slice(left, left + side))
        imsave(folder / "images" / f"{place:03}.png", in_colours(green), check_contrast=False)
        inside = slide.points - (top, left)
        inside = inside[((inside > -0.5) & (inside < side - 0.5)).all(axis=1)]
        lines += [f"{place:03}.png,{y:.2f},{x:.2f}" for y, x in inside]
    write_text(folder / "points.csv", "\n".join([*lines, ""]))


def _drawn_tiles(slide: DrawnSlide, below: Pixels | None) -> Iterator[Pixels]:
    for row in range(slide.tiles[0]):
        for column in range(slide.tiles[1]):
            tile = slide.tile(row, column)
            _keep_half(tile, below, row, column)
            yield in_colours(tile)


def _tiles_of(level: Pixels, below: Pixels | None) -> Iterator[Pixels]:
    for row in range(-(-level.shape[0] // TILE)):
        for column in range(-(-level.shape[1] // TILE)):
            piece = level[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            # As scanners do: zeros beyond the end would ring into the slide by way of JPEG.
            tile = np.pad(piece, [(0, TILE - length) for length in piece.shape], mode="edge")
            _keep_half(tile, below, row, column)
            yield in_colours(tile)


def _keep_half(tile: Pixels, below: Pixels | None, row: int, column: int) -> None:
    """Put the means over 2 × 2 pixels of a tile where they lie on the next level."""
    if below is not None:
        half = TILE // 2
        place = below[row * half : (row + 1) * half, column * half : (column + 1) * half]
        quarters = tile.reshape(half, 2, half, 2).sum(axis=(1, 3), dtype=np.uint16)
        place[:] = ((quarters + 2) // 4)[: place.shape[0], : place.shape[1]]


def _coarse_maps(shape: tuple[int, int], rng: np.random.Generator) -> tuple[NDArray[np.bool_], Map]:
    """Which nodes of a coarse grid lie in tissue, and how brightly each glows."""
    nodes = (shape[0] // NODES + 6, shape[1] // NODES + 6)  # tiles reach beyond the slide's end
    inside = np.s_[: -(-shape[0] // NODES), : -(-shape[1] // NODES)]
    y, x = np.ogrid[: nodes[0], : nodes[1]]
    dome = 1 - np.hypot(2 * y * NODES / shape[0] - 1, 2 * x * NODES / shape[1] - 1)
    ragged = sum(weight * _smooth(nodes, share, rng) for weight, share in ((0.16, 0.10), (0.05, 0.03)))
    height = dome + ragged
    level = np.quantile(height[inside], 1 - TISSUE)
    rise = np.clip((height - level) / 0.04, -1, 1)
    texture = 20 + 4 * _smooth(nodes, 0.05, rng) + 3 * gaussian_filter(rng.standard_normal(nodes), 1) / 0.28
    glow = 4 + (0.5 + 0.75 * rise - 0.25 * rise**3) * texture.clip(10)
    return height > level, glow.astype(np.float32)


def _smooth(nodes: tuple[int, int], share: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Smooth noise of variance 1 whose hills are as wide as a `share` of the slide."""
    noise = gaussian_filter(rng.standard_normal(nodes), share * min(nodes), mode="wrap")
    scaled: NDArray[np.float64] = (noise - noise.mean()) / noise.std()
    return scaled


def _scattered(tissue: NDArray[np.bool_], shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float64]:
    """Cells in the tissue, none nearer to another than `APART`."""
    number = round(shape[0] * shape[1] / AREA_OF_A_CELL)
    places = rng.uniform((0, 0), np.array(shape) - 1, (number, 2))
    y, x = np.rint(places / NODES).astype(int).T
    places = places[tissue[y, x]]
    near = cKDTree(places).query_pairs(APART, output_type="ndarray")
    kept: NDArray[np.float64] = np.delete(places, near[:, 1], axis=0).round(2)
    return kept


def _cell(rng: np.random.Generator) -> Map:
    """A bright body with two to four tapering arms, at most 1, in a square of 2 `REACH` + 1 pixels."""
    y, x = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1].astype(np.float32)
    turn, long, wide = rng.uniform(0, np.pi), rng.uniform(16, 22), rng.uniform(10, 15)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    light = np.exp(-((along / long) ** 2 + (across / wide) ** 2))
    for arm in range(rng.integers(2, 5)):
        angle, length = turn + arm * 2.2 + rng.uniform(-0.5, 0.5), rng.uniform(30, 46)
        ahead, beside = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        tapering = np.clip(1 - ahead / length, 0, 1) * (ahead > 0)
        light = np.maximum(light, 0.7 * tapering * np.exp(-((beside / 4) ** 2)))
    soft: Map = gaussian_filter(light, 1.5).astype(np.float32)
    return soft / soft.max()


def _between_nodes(nodes: Map, rows: NDArray[np.int_], columns: NDArray[np.int_]) -> Map:
    """The coarse map at pixels, in straight lines between its nodes."""
    for places in (rows, columns):
        whole, part = np.divmod(places, NODES)
        share = (part / NODES).astype(np.float32)[:, None]
        nodes = (nodes[whole] * (1 - share) + nodes[whole + 1] * share).T
    return np.ascontiguousarray(nodes)


def main(arguments: list[str] | None = None) -> None:
    """Draw a slide into a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, help="of rows and columns; cells stay as large")
    parser.add_argument("--area", type=float, default=1.0, help="so many times the rows")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compression", choices=("jpeg", "deflate"), default="jpeg")
    parser.add_argument("--levels", type=int, default=LEVELS, help="of the pyramid; 1 is the image alone")
    options = parser.parse_args(arguments)
    slide = DrawnSlide(slide_shape(options.scale, options.area), options.seed)
    write_slide(options.file, slide, compression=options.compression, levels=options.levels)
    rows, columns = slide.shape
    print(f"{options.file}: {columns:,} x {rows:,} pixels, {len(slide.points):,} cells")


if __name__ == "__main__":
    main()
