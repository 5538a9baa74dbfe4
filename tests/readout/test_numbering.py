"""Numbering objects anew: by hand, and what must hold of any label image."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cytally.readout.numbering import keep_objects


@given(
    arrays.arrays(np.uint16, arrays.array_shapes(min_dims=1, max_dims=3, max_side=6), elements=st.integers(0, 5)),
    arrays.arrays(bool, 6),
)
def test_what_stays_keeps_its_voxels_and_order(labels, kept):
    found, number = keep_objects(labels, kept)
    there = [label for label in range(1, 6) if kept[label]]
    assert number == len(there)
    assert found.dtype == np.uint16
    for new, old in enumerate(there, start=1):
        assert np.array_equal(found == new, labels == old)
    assert not found[~np.isin(labels, there)].any()


def test_what_is_asked_is_not_changed():
    labels, kept = np.array([0, 1, 2]), np.array([True, True, False])
    assert keep_objects(labels, kept)[0].tolist() == [0, 1, 0]
    assert kept.tolist() == [True, True, False]


def test_many_objects_take_32_bits():
    labels = np.arange(2**16 + 1)
    found, number = keep_objects(labels, np.ones(labels.size, bool))
    assert (found.dtype, number, found[-1]) == (np.uint32, 2**16, 2**16)
