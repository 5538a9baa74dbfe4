import numpy as np
import pytest

from cytally.datasets.example import Example


def example(points, shape=(4, 6), bounds=None) -> Example:
    whole = (-0.5, -0.5, shape[0] - 0.5, shape[1] - 0.5)
    return Example("a", np.zeros((1, *shape), np.float32), np.array(points, float).reshape(-1, 2), bounds or whole)


@pytest.mark.parametrize(
    ("points", "count"),
    [
        ([], 0),
        ([[0, 0], [3, 5]], 2),
        ([[-0.5, -0.5], [3.5, 5.5]], 2),
        ([[-0.6, 0], [0, -0.6], [3.6, 0], [0, 5.6], [1, 1]], 1),
        ([[5, 3]], 0),
    ],
)
def test_points_in_the_picture_are_counted_its_edges_included(points, count):
    assert example(points).count == count


def test_without_points_the_total_is_the_count():
    image, bounds = np.zeros((1, 4, 6), np.float32), (-0.5, -0.5, 3.5, 5.5)
    assert Example("a", image, None, bounds, total=7.5).count == 7.5
    assert Example("a", image, np.zeros((1, 2)), bounds, total=7.5).count == 1
    with pytest.raises(ValueError, match="of a, neither points nor the total are known"):
        Example("a", image, None, bounds).count  # noqa: B018


def slow_context(shape, bounds, margin):
    """Pixel by pixel: inside the real image, and not within `margin` of an edge that cuts it."""
    top, left, bottom, right = bounds
    seen = np.zeros(shape)
    for y in range(shape[0]):
        for x in range(shape[1]):
            inside = top < y < bottom and left < x < right
            cut = (
                (top < -0.5 and y < margin)
                or (left < -0.5 and x < margin)
                or (bottom > shape[0] - 0.5 and y >= shape[0] - margin)
                or (right > shape[1] - 0.5 and x >= shape[1] - margin)
            )
            seen[y, x] = inside and not cut
    return seen


@pytest.mark.parametrize("margin", [0, 1, 3, 9])
@pytest.mark.parametrize(
    "bounds",
    [
        (-0.5, -0.5, 5.5, 7.5),
        (-3.5, -0.5, 5.5, 7.5),
        (-0.5, -3.5, 9.5, 7.5),
        (-3.5, -3.5, 9.5, 9.5),
        (1.5, -0.5, 4.5, 6.2),
        (0.3, 2.5, 9.5, 7.5),
    ],
    ids=str,
)
def test_context_is_what_no_cut_edge_is_near_to(bounds, margin):
    context = example([], (6, 8), bounds).context(margin)
    assert context.shape == (1, 6, 8)
    assert context.dtype == np.float32
    assert context[0].tolist() == slow_context((6, 8), bounds, margin).tolist()
