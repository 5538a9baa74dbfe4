from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.slides.axis import Axis

LENGTHS = st.integers(1, 60)


@st.composite
def cut_axes(draw):
    """An axis, and where its own pixels are cut."""
    own = draw(LENGTHS)
    cuts = draw(st.lists(st.integers(1, own), max_size=4))
    return Axis(own, draw(LENGTHS)), sorted({0, own, *cuts})


def owner(place: int, length: int, others: int) -> int:
    """Which of `others` equal parts of the unit line the middle of one of `length` parts lies in."""
    return int((place + 0.5) / length * others + 1e-9)


@given(cut_axes(), st.integers(0, 2**32 - 1))
def test_every_pixel_of_the_map_hands_on_what_it_holds_however_the_slide_is_cut(case, seed):
    axis, cuts = case
    values = np.random.default_rng(seed).random((axis.inner, 2))
    spread, shares, owned = [], np.zeros(axis.inner), []
    for start, stop in pairwise(cuts):
        inside = axis.inside(start, stop)
        part = axis.spread(values[inside], start, stop)
        assert len(part) == stop - start
        here = axis.shares(start, stop)
        assert part.sum() == pytest.approx((values[inside] * here[:, None]).sum())
        shares[inside] += here
        own = axis.owned(start, stop)
        owned += range(own.start, own.stop)
        spread.append(part)
    np.testing.assert_allclose(shares, 1)
    np.testing.assert_allclose(np.concatenate(spread), axis.spread(values, 0, axis.own))
    assert owned == list(range(axis.inner))


@given(cut_axes())
def test_pixels_are_handed_to_those_that_lie_in_them(case):
    axis, _ = case
    whole = axis.spread(np.eye(axis.inner), 0, axis.own)
    expected = np.zeros((axis.own, axis.inner))
    if axis.inner <= axis.own:
        owners = [owner(place, axis.own, axis.inner) for place in range(axis.own)]
        for place, one in enumerate(owners):
            expected[place, one] = 1 / owners.count(one)
    else:
        for place in range(axis.inner):
            expected[owner(place, axis.inner, axis.own), place] = 1
    np.testing.assert_allclose(whole, expected)


def test_places_are_the_middles_in_own_pixels():
    assert Axis(own=8, inner=2).places(slice(0, 2)).tolist() == [1.5, 5.5]
    assert Axis(own=2, inner=4).places(slice(1, 3)).tolist() == [0.25, 0.75]


def test_a_middle_on_a_cut_of_an_enlarged_picture_is_owned_where_it_lies():
    # Pixel 4053 of 8107 has its middle exactly half-way: at 2048 of 4096, where rounding once put it on the other side.
    axis = Axis(own=4096, inner=8107)
    for start in range(0, 4096, 256):
        assert axis.owned(start, start + 256) == axis.inside(start, start + 256)
    assert axis.owned(2048, 2304).start == 4053
