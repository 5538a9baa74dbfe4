"""Measuring objects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cytally.images.image import Plane
from cytally.tasks.objects import object_table


def test_columns_are_named_after_channels() -> None:
    plane = Plane(np.zeros((2, 3, 3)), channels=("red", ""))
    assert list(object_table(np.eye(3, dtype=int), plane)) == ["label", "y", "x", "area", "mean_red", "mean_1"]
    assert len(object_table(np.zeros((3, 3), int), plane)) == 0


@given(arrays(np.uint16, (5, 6), elements=st.sampled_from([0, 1, 4, 60000])), st.integers(0, 9))
def test_each_object_agrees_with_a_mask_of_its_own(labels: np.ndarray, seed: int) -> None:
    plane = Plane(np.random.default_rng(seed).random((2, 5, 6)), channels=("", ""))
    table = object_table(labels, plane)
    assert table["label"].tolist() == [label for label in np.unique(labels) if label]
    for row in table.to_dict("records"):
        y, x = np.nonzero(labels == row["label"])
        assert (row["y"], row["x"], row["area"]) == pytest.approx((y.mean(), x.mean(), len(y)))
        assert row["mean_1"] == pytest.approx(plane.data[1][labels == row["label"]].mean())
