"""Outlines of masks: they hold the same pixels, and no ring touches itself."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from cytally.images.mask_outlines import object_outlines, outlines
from cytally.images.region import Region

sides = st.integers(1, 12)
masks = st.tuples(sides, sides).flatmap(lambda shape: arrays(bool, shape))
steps = st.sampled_from([(1.0, 1.0), (4.0, 4.0), (14.6484375, 13.0), (2.5, 3.25)])


def signed_area(ring: np.ndarray) -> float:
    (y, x), (next_y, next_x) = ring.T, np.roll(ring, -1, axis=0).T
    return float((x * next_y - next_x * y).sum()) / 2


def test_a_ring_by_hand():
    mask = np.ones((3, 4), bool)
    mask[1, 1:3] = False
    ((outer, hole),) = outlines(mask, (2.0, 10.0))
    assert sorted((outer + 0.5).tolist()) == [[0, 0], [0, 40], [6, 0], [6, 40]]
    assert sorted((hole + 0.5).tolist()) == [[2, 10], [2, 30], [4, 10], [4, 30]]


def test_parts_that_touch_in_a_corner_are_two():
    first, second = outlines(np.eye(2, dtype=bool), (1.0, 1.0))
    assert len(first) == len(second) == 1
    assert len(first[0]) == len(second[0]) == 4


def test_a_part_that_touches_itself_in_a_corner_has_a_hole():
    mask = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0]], bool)  # the middle and the corner touch
    ((outer, hole),) = outlines(mask, (1.0, 1.0))
    assert abs(signed_area(outer)) == 8
    assert abs(signed_area(hole)) == 1
    assert len({tuple(corner) for corner in outer.tolist()}) == len(outer) == 6


@given(masks, steps)
@settings(deadline=None, max_examples=60)
def test_outlines_hold_the_same_pixels(mask, step):
    polygons = outlines(mask, step)
    region = Region(polygons)
    assert (region.mask_window((0, 0), mask.shape, step) == mask).all()


@given(masks)
@settings(deadline=None, max_examples=60)
def test_polygons_are_valid(mask):
    polygons = outlines(mask, (1.0, 1.0))
    assert len(polygons) == ndimage.label(mask)[1]
    for outer, *holes in polygons:
        assert signed_area(outer) > 0
        assert all(signed_area(hole) < 0 for hole in holes)
        for ring in (outer, *holes):
            assert len({tuple(corner) for corner in ring.tolist()}) == len(ring)  # none touches itself
            sides = np.roll(ring, -1, axis=0) - ring
            assert ((sides == 0).sum(axis=1) == 1).all()  # along the axes
            assert (
                np.argmax(sides != 0, axis=1) != np.argmax(np.roll(sides, -1, axis=0) != 0, axis=1)
            ).all()  # turning
    assert sum(signed_area(ring) for polygon in polygons for ring in polygon) == mask.sum()


def test_an_empty_mask_has_no_outline():
    assert outlines(np.zeros((3, 4), bool), (1.0, 1.0)) == ()


def test_a_large_mask_is_fast():
    mask = np.random.default_rng(0).random((1000, 1000)) < 0.01
    mask = ndimage.binary_dilation(mask, iterations=2)
    started = time.process_time()
    polygons = outlines(mask, (14.0, 14.0))
    assert time.process_time() - started < 5
    assert len(polygons) > 1000


# The file


@given(
    st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
        lambda shape: arrays(np.uint16, shape, elements=st.integers(0, 4))
    )
)
@settings(max_examples=60)
def test_outlines_of_objects_give_the_label_image_back(labels):
    filled = np.zeros_like(labels)
    for label, polygons in object_outlines(labels):
        filled[Region(polygons).mask(labels.shape)] = label
    assert (filled == labels).all()


def test_objects_without_pixels_are_left_out():
    labels = np.zeros((4, 5), np.uint32)
    labels[1:3, 2:4] = 6
    [(label, ((ring,),))] = object_outlines(labels)
    assert label == 6 and sorted(ring.tolist()) == [[0.5, 1.5], [0.5, 3.5], [2.5, 1.5], [2.5, 3.5]]
