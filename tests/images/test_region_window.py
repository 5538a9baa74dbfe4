"""Windows of a region's mask: the same pixels as the whole mask has, on any grid."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.draw import polygon2mask

from cytally.images.region import Region

SHAPE = (19, 23)
corners = st.integers(3, 9).flatmap(
    lambda n: arrays(float, (n, 2), elements=st.floats(-8, 30, width=16, allow_subnormal=False))
)
half_corners = st.integers(3, 9).flatmap(
    lambda n: arrays(int, (n, 2), elements=st.integers(-4, 30)).map(lambda ring: ring - 0.5)
)
polygons = st.lists(st.one_of(corners, half_corners), min_size=1, max_size=3).map(tuple)
regions = st.lists(polygons, min_size=1, max_size=3).map(lambda several: Region(tuple(several)))


def slow(region: Region, rows, columns) -> np.ndarray:
    """One point after the other: an odd number of sides to the left, top ends belonging to a side, bottom ends not."""
    inside = np.zeros((len(rows), len(columns)), bool)
    for i, y in enumerate(rows):
        for j, x in enumerate(columns):
            for rings in region.polygons:
                met = 0
                for ring in rings:
                    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
                        low, high = sorted((a, b), key=lambda corner: corner[0])
                        if low[0] <= y < high[0]:
                            met += low[1] + (y - low[0]) * ((high[1] - low[1]) / (high[0] - low[0])) <= x
                inside[i, j] |= bool(met % 2)
    return inside


@given(regions)
@settings(deadline=None, max_examples=15)
def test_the_mask_against_a_slow_reference(region):
    assert region.mask(SHAPE).tolist() == slow(region, np.arange(SHAPE[0]), np.arange(SHAPE[1])).tolist()


@given(regions, st.integers(0, 18), st.integers(0, 22), st.integers(1, 19), st.integers(1, 23))
@settings(deadline=None)
def test_a_window_is_a_slice_of_the_mask(region, top, left, height, width):
    window = region.mask_window((top, left), (height, width))
    part = region.mask((top + height, left + width))[top:, left:]
    assert window.tolist() == part.tolist()
    assert part.tolist() == region.mask((60, 60))[top : top + height, left : left + width].tolist()


@given(
    regions, st.integers(-3, 9), st.integers(-3, 9), st.sampled_from([(2, 2), (4, 3), (2.5, 1.5), (7, 16), (0.5, 1)])
)
@settings(deadline=None, max_examples=40)
def test_on_a_coarser_grid_the_centres_decide(region, top, left, step):
    rows = [top + (i + 0.5) * step[0] - 0.5 for i in range(6)]
    columns = [left + (j + 0.5) * step[1] - 0.5 for j in range(5)]
    assert region.mask_window((top, left), (6, 5), step).tolist() == slow(region, rows, columns).tolist()


@given(st.one_of(corners, half_corners))
@settings(deadline=None)
def test_two_regions_with_a_shared_side_part_the_pixels(ring):
    box = np.array([[-50.0, -50.0], [-50.0, 80.0], [80.0, 80.0], [80.0, -50.0]])
    inner, outer = Region(((ring,),)).mask(SHAPE), Region(((box, ring[::-1]),)).mask(SHAPE)
    assert (inner ^ outer).all()


@given(corners)
@settings(deadline=None)
def test_as_scikit_image_has_it(ring):
    ring = ring + np.array([0.0123456789, 0.0031415926])  # off the centres, where it is a matter of taste
    assert Region(((ring,),)).mask(SHAPE).tolist() == polygon2mask(SHAPE, ring).tolist()


def test_by_hand():
    # Corners at (0, 0), (0, 8), (8, 8), (8, 0) of the image's corner, a hole from 2 to 4.
    square = np.array([[0, 0], [0, 8], [8, 8], [8, 0]]) - 0.5
    hole = np.array([[2, 2], [2, 4], [4, 4], [4, 2]]) - 0.5
    region = Region(((square, hole),))
    assert region.mask_window((0, 0), (3, 3), (4, 4)).astype(int).tolist() == [[0, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert region.mask_window((0, 0), (2, 4), (2, 2)).astype(int).tolist() == [[1, 1, 1, 1], [1, 0, 1, 1]]


@pytest.mark.parametrize("shape", [(0, 4), (4, 0)])
def test_an_empty_window(shape):
    assert Region(((np.array([[0.0, 0], [0, 9], [9, 9]]),),)).mask_window((0, 0), shape).shape == shape


def test_a_region_of_many_corners_is_fast_and_one_far_away_costs_nothing():
    angle = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    ring = np.stack([np.sin(angle), np.cos(angle)], axis=1) * (600 + 40 * np.sin(90 * angle))[:, None] + 600
    many = Region(tuple((ring + 1e5 * place,) for place in range(300)))
    many.mask_window((0, 0), (1, 1))  # works out the boxes, once
    started = time.perf_counter()
    near = many.mask_window((0, 0), (1200, 1200))
    middle = time.perf_counter()
    far = many.mask_window((50_000, 0), (1200, 1200))
    ended = time.perf_counter()
    assert near.mean() == pytest.approx(np.pi * (600**2 + 800) / 1200**2, rel=0.02)
    assert not far.any()
    assert middle - started < 1
    assert ended - middle < 0.1
