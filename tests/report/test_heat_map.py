"""The heat map: its colours say the densities, and what is marked lies where it should."""

from __future__ import annotations

from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from matplotlib import colormaps

from cytally.report.heat_map import EDGE, GAP, INK, MARKS, OPACITY, TITLE, HeatMap, Mark, draw_heat_map

ROWS, COLUMNS = 60, 80
SCALE = 10  # 80 columns are enlarged towards 800


def picture_of(shown: HeatMap, title: str = "a.svs: 12 cells") -> np.ndarray:
    return imagecodecs.png_decode(draw_heat_map(shown, title))


def map_in(picture: np.ndarray, rows: int = ROWS * SCALE, columns: int = COLUMNS * SCALE) -> np.ndarray:
    top = TITLE + 2 * GAP
    return picture[top : top + rows, GAP : GAP + columns]


def plain(density, **others) -> HeatMap:
    density = np.asarray(density, float)
    facts = {"unit": "cells per mm²", "inside": np.ones(density.shape, bool), "slide": np.zeros(density.shape)}
    return HeatMap(density, **(facts | others))


def has(picture: np.ndarray, colour) -> np.ndarray:
    return (picture == np.array(colour, np.uint8)).all(axis=2)


def test_the_densest_and_the_empty_have_the_ends_of_the_colours():
    density = np.zeros((ROWS, COLUMNS))
    density[:, :40] = 500
    drawn = map_in(picture_of(plain(density)))
    ends = colormaps["inferno"]([0.0, 1.0])[:, :3] * np.array(OPACITY)[:, None]
    assert drawn[300, 700] == pytest.approx(255 * ends[0], abs=1)
    assert drawn[300, 100] == pytest.approx(255 * ends[1], abs=1)


def test_denser_is_lighter():
    density = np.repeat(np.linspace(0, 900, COLUMNS)[None], ROWS, axis=0)
    drawn = map_in(picture_of(plain(density)))
    lightness = drawn[300, ::SCALE].astype(float) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > -0.6).all()
    assert lightness[-1] > lightness[0] + 150


def test_the_slide_shows_where_nothing_was_counted_and_dimly_where_it_was():
    inside = np.zeros((ROWS, COLUMNS), bool)
    inside[:, 40:] = True
    slide = np.zeros((ROWS, COLUMNS))
    slide[20:40] = 1
    shown = plain(np.full((ROWS, COLUMNS), 7.0) * inside, inside=inside, slide=slide)
    drawn = map_in(picture_of(shown)).astype(int)
    assert drawn[300, 100].tolist() == [128, 128, 128]
    assert drawn[100, 100].tolist() == [0, 0, 0]
    assert drawn[300, 700].sum() > drawn[100, 700].sum()


def test_what_was_not_counted_does_not_thin_the_density_at_the_edge():
    inside = np.zeros((ROWS, COLUMNS), bool)
    inside[10:50, 10:70] = True
    drawn = map_in(picture_of(plain(np.where(inside, 7.0, 0), inside=inside)))
    middle = drawn[105:495, 105:695].reshape(-1, 3).astype(int)
    assert (np.ptp(middle, axis=0) <= 2).all()
    assert has(drawn, EDGE)[100, 100:700].all()
    assert not has(drawn, EDGE)[200:400, 200:600].any()


def test_marks_and_regions_lie_where_they_are_said_to():
    ring = np.array([[39.5, 9.5], [39.5, 29.5], [49.5, 29.5], [49.5, 9.5]])  # rows 40 to 49, columns 10 to 29
    marks = [Mark((50, 5, 10, 8), "densest: 9 cells per mm²"), Mark((5, 5, 10, 8), "sparsest: 1 cells per mm²")]
    shown = plain(np.ones((ROWS, COLUMNS)), marks=marks, outlines=[("tumour", [ring])])
    picture = picture_of(shown)
    drawn = map_in(picture)
    for (left, top, width, height), colour in zip((mark.box for mark in marks), MARKS, strict=False):
        rows, columns = np.nonzero(has(drawn, colour))
        there = (rows >= top * SCALE - 2) & (columns >= left * SCALE - 2)
        assert rows[there].min() == pytest.approx(top * SCALE, abs=2)
        assert columns[there].min() == pytest.approx(left * SCALE, abs=2)
        assert columns[there].max() == pytest.approx((left + width) * SCALE, abs=2)
        assert rows[there].max() == pytest.approx((top + height) * SCALE, abs=2)
    white = has(drawn, INK)
    assert white[400, 105:295].all() | white[399, 105:295].all()
    assert white[405:495, 100].all() | white[405:495, 99].all()
    assert has(picture[map_in(picture).shape[0] + TITLE + 2 * GAP :], MARKS[0]).any()  # and in the key


@pytest.mark.parametrize("pixel_size", [2.0, None])
def test_the_scale_bar_is_as_long_as_it_says(pixel_size):
    picture = picture_of(plain(np.ones((ROWS, COLUMNS)), pixel_size=pixel_size, per_pixel=4))
    key = has(picture[TITLE + 2 * GAP + ROWS * SCALE + GAP :], INK)
    longest = max(len(run) for row in key for run in "".join("x" if ink else " " for ink in row).split())
    assert longest == pytest.approx({2.0: 20 / 2, None: 50 / 4}[pixel_size] * SCALE, abs=1)


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 500), (500, 1), (7, 900), (900, 7), (30, 40), (1000, 887), (10, 2500)], ids=str
)
@pytest.mark.parametrize("pixel_size", [0.5, None])
def test_maps_of_any_shape(shape, pixel_size):
    rng = np.random.default_rng(0)
    marks = [Mark((0, 0, shape[1], shape[0]), f"{name}: 5 cells per mm²") for name in ("densest", "sparsest")]
    outlines = [("region", [np.array([[0.0, 0], [0, shape[1]], [shape[0], 0]])])]
    shown = plain(rng.random(shape), slide=rng.random(shape), pixel_size=pixel_size, marks=marks, outlines=outlines)
    picture = picture_of(shown, "a rather long name of a slide.svs: 1,234,567 cells" * 3)
    assert max(picture.shape) < 1600 + 300
    assert picture.shape[2] == 3


@pytest.mark.parametrize("inside", [True, False])
def test_a_slide_without_cells_and_one_without_tissue(inside):
    density = np.zeros((ROWS, COLUMNS))
    picture = picture_of(plain(density, inside=np.full(density.shape, inside), pixel_size=3.0))
    assert picture.dtype == np.uint8


def test_the_picture_is_the_same_every_time_and_leaves_no_figure_open():
    from matplotlib import _pylab_helpers

    shown = plain(np.random.default_rng(1).random((ROWS, COLUMNS)), pixel_size=3.0)
    assert draw_heat_map(shown, "a") == draw_heat_map(replace(shown), "a")
    assert not _pylab_helpers.Gcf.figs
