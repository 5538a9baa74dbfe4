"""The drawn slide: the same whichever part is drawn, cells where they are said to be, a file that others read."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import tifffile
from skimage.io import imread

SHAPE = (960, 1040)


@pytest.fixture(scope="module")
def drawn() -> ModuleType:
    import importlib.util
    import sys

    path = Path(__file__).parents[2] / "benchmarks" / "slide_drawn.py"
    spec = importlib.util.spec_from_file_location("benchmarks_slide_drawn", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def slide(drawn: ModuleType):
    return drawn.DrawnSlide(SHAPE, seed=3)


@pytest.fixture(scope="module")
def green(slide) -> np.ndarray:
    whole: np.ndarray = slide.window(slice(0, SHAPE[0]), slice(0, SHAPE[1]))
    return whole


def test_sizes(drawn: ModuleType) -> None:
    assert drawn.slide_shape() == (26_624, 30_000)
    assert drawn.slide_shape(area=2) == (53_248, 30_000)
    assert all(length % 16 == 0 for length in drawn.slide_shape(0.0537, 3))


def test_any_part_is_that_of_the_whole(slide, green: np.ndarray, drawn: ModuleType) -> None:
    rows, columns = slice(300, 700), slice(490, 1030)
    assert np.array_equal(slide.window(rows, columns), green[rows, columns])
    again = drawn.DrawnSlide(SHAPE, seed=3)
    assert np.array_equal(again.tile(1, 1), slide.tile(1, 1)) and np.array_equal(again.points, slide.points)
    other = drawn.DrawnSlide(SHAPE, seed=4)
    assert not np.array_equal(other.tile(1, 1), slide.tile(1, 1))


def test_tissue_glows_on_most_of_a_dark_ground(slide, green: np.ndarray, drawn: ModuleType) -> None:
    assert slide.tissue_share == pytest.approx(drawn.TISSUE, abs=0.02)
    median = np.median(green.reshape(SHAPE[0] // 16, 16, SHAPE[1] // 16, 16), axis=(1, 3))
    assert 0.45 < (median > 10).mean() < 0.75
    assert np.quantile(median, 0.05) < 8 and 12 < np.quantile(median, 0.8) < 60


def test_there_is_a_bright_cell_at_every_point_and_nowhere_else(slide, green: np.ndarray, drawn: ModuleType) -> None:
    assert len(slide.points) >= 5
    places = np.rint(slide.points).astype(int)
    around = [green[max(y - 6, 0) : y + 7, max(x - 6, 0) : x + 7].mean() for y, x in places]
    assert min(around) > 60
    far = np.full(SHAPE, True)
    for y, x in places:
        far[max(y - drawn.REACH, 0) : y + drawn.REACH + 1, max(x - drawn.REACH, 0) : x + drawn.REACH + 1] = False
    assert green[far].max() < 100 and np.quantile(green[far], 0.99) < 60


def test_cells_keep_apart(slide, drawn: ModuleType) -> None:
    many = drawn.DrawnSlide(drawn.slide_shape(0.2), seed=0).points
    away = np.hypot(*(many[:, None] - many[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(many))
    assert away.min() >= drawn.APART
    wanted = 0.6 * 0.2**2 * 26_624 * 30_000 / drawn.AREA_OF_A_CELL
    assert len(many) == pytest.approx(wanted, rel=0.2)


@pytest.mark.parametrize(("compression", "apart"), [("deflate", 0), ("jpeg", 40)])
def test_a_pyramid_of_tiles(
    slide, green: np.ndarray, drawn: ModuleType, tmp_path: Path, compression: str, apart: int
) -> None:
    path = tmp_path / "skin.tif"
    drawn.write_slide(path, slide, compression=compression)
    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        assert file.is_bigtiff and file.pages[0].is_tiled and file.pages[0].tile == (512, 512)
        assert [level.shape for level in series.levels] == [(SHAPE[0] >> n, SHAPE[1] >> n, 3) for n in range(5)]
        levels = [level.asarray() for level in series.levels]
        numerator, denominator = file.pages[0].tags["XResolution"].value
    assert 1e4 * denominator / numerator == pytest.approx(0.4523)
    assert np.abs(levels[0][..., 1].astype(int) - green).max() <= apart
    means = green.reshape(SHAPE[0] // 4, 4, SHAPE[1] // 4, 4).mean(axis=(1, 3))
    assert np.abs(levels[2][..., 1] - means).mean() < (0.5 if apart == 0 else 2)
    assert levels[0][..., 0].max() < 0.3 * green.max(), "red is faint"
    table = pd.read_csv(path.with_suffix(".points.csv"))
    assert np.allclose(table[["y", "x"]], slide.points)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["skin.points.csv", "skin.tif"], "nothing is left over"


def test_a_flat_file(slide, drawn: ModuleType, tmp_path: Path) -> None:
    drawn.write_slide(tmp_path / "flat.tif", slide, levels=1)
    with tifffile.TiffFile(tmp_path / "flat.tif") as file:
        assert len(file.series[0].levels) == 1


def test_pieces_to_train_on(slide, green: np.ndarray, drawn: ModuleType, tmp_path: Path) -> None:
    drawn.write_crops(tmp_path, slide, number=3, side=300)
    images = sorted((tmp_path / "images").iterdir())
    assert [path.name for path in images] == ["000.png", "001.png", "002.png"]
    points = pd.read_csv(tmp_path / "points.csv")
    assert set(points["image"]) == {"000.png", "001.png", "002.png"}, "each is taken near a cell"
    for path in images:
        picture = imread(path)
        assert picture.shape == (300, 300, 3)
        for y, x in points.loc[points["image"] == path.name, ["y", "x"]].to_numpy():
            row, column = min(round(y), 299), min(round(x), 299)
            assert picture[max(row - 6, 0) : row + 7, max(column - 6, 0) : column + 7, 1].mean() > 60


def test_the_command(drawn: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn.main([str(tmp_path / "a.tif"), "--scale", "0.02", "--area", "2", "--levels", "2"])
    assert "592 x 1,056 pixels" in capsys.readouterr().out and (tmp_path / "a.tif").is_file()
