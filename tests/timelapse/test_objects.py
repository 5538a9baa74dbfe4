"""Centroids and areas against scikit-image; points as they come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.measure import regionprops

from cytally.timelapse.objects import objects_of_labels, objects_of_points


@given(hnp.arrays(np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.integers(0, 4)))
def test_centroids_and_areas_are_those_of_scikit_image(labels: np.ndarray) -> None:
    found, wanted = objects_of_labels(labels), regionprops(labels)
    assert found.labels.tolist() == [one.label for one in wanted]
    assert found.areas is not None
    assert found.areas.tolist() == [one.area for one in wanted]
    assert np.allclose(found.places, np.array([one.centroid for one in wanted]).reshape(-1, 2))


def test_labels_may_be_any_numbers() -> None:
    found = objects_of_labels(np.array([[2**31, 0, 5]], np.uint32))
    assert found.labels.tolist() == [5, 2**31]
    assert found.places.tolist() == [[0, 2], [0, 0]]


@pytest.mark.parametrize("labels", [np.zeros(3, int), np.zeros((2, 2)), np.array([[-1, 0]])])
def test_what_is_no_label_image_is_refused(labels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="label"):
        objects_of_labels(labels)


def test_points_may_be_empty_and_have_scores() -> None:
    one, other = objects_of_points([[], [[1, 2, 0.9]]])
    assert len(one) == 0 and one.places.shape == (0, 2)
    assert other.places.tolist() == [[1, 2]] and other.labels.tolist() == [1]


@pytest.mark.parametrize(
    ("points", "areas", "words"),
    [
        ([[[np.nan, 1]]], None, "finite"),
        ([[1.0, 2.0]], None, "shape"),
        ([[[1, 1]]], [[1, 2]], "1 points and 2 areas"),
        ([[[1, 1]]], [[0]], "above 0"),
        ([[[1, 1]]], [], "0 frames"),
    ],
)
def test_what_does_not_fit_is_refused(points: list[object], areas: list[object] | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        objects_of_points(points, areas)  # type: ignore[arg-type]
