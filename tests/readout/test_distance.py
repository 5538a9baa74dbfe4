"""The distance to the background in volumes whose slices are further apart than pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from cytally.readout.distance import stretched_distance

volumes = arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 7), st.integers(1, 7)))
spacings = st.sampled_from([0.3, 1.0, 1.7, 4.8])


@settings(max_examples=80, deadline=None)
@given(volumes, spacings)
def test_the_distance_is_that_of_the_slow_search(mask, anisotropy):
    distance = stretched_distance(mask, anisotropy)
    assert distance.dtype == np.float32 and distance.shape == mask.shape
    outside = np.argwhere(~mask) * [anisotropy, 1, 1]
    for place in np.ndindex(mask.shape):
        ways = np.linalg.norm(outside - np.multiply(place, [anisotropy, 1, 1]), axis=1)
        assert distance[place] == pytest.approx(ways.min(initial=np.inf) if len(outside) else 1, rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(volumes)
def test_a_slice_alone_is_as_a_picture(mask):
    assert np.array_equal(stretched_distance(mask[:1], 4.8)[0], stretched_distance(mask[0]))


@pytest.mark.parametrize("anisotropy", [1.0, 4.8])
def test_far_from_the_background_it_is_still_exact(anisotropy):
    """Distances of hundreds of pixels, and slices without any background between others."""
    mask = np.ones((5, 600, 500), bool)
    mask[0, 3, 5] = mask[0, 590, 480] = mask[4, 300, 250] = False
    expected = ndimage.distance_transform_edt(mask, sampling=(anisotropy, 1, 1))
    np.testing.assert_allclose(stretched_distance(mask, anisotropy), expected, rtol=1e-6)


def test_by_hand():
    """The middle of a ball of slices: two slices up are nearer than five pixels aside."""
    mask = np.zeros((5, 11, 11), bool)
    mask[1:4, 1:10, 1:10] = True
    assert stretched_distance(mask, 2.0)[2, 5, 5] == 4
    assert stretched_distance(mask, 3.0)[2, 5, 5] == 5
    assert stretched_distance(mask, 2.0)[1, 2, 5] == 2
    assert not stretched_distance(np.zeros((2, 3, 3), bool), 2.0).any()
