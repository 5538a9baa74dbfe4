"""Nuclei read from a map: components, splitting, gaps taken and given back, and counting by area."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from cytally.readout.nuclei import (
    between_touching,
    count_by_area,
    depth_in_objects,
    find_nuclei,
    give_back,
    median_area,
)

SPLITS = ["none", "distance", "probability"]
DTYPES = [np.uint8, np.uint16, np.int32, np.uint32, np.int64, np.uint64]

maps = arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.floats(0, 1, width=16))
small_labels = arrays(np.int32, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.integers(0, 3))
splits = st.sampled_from(SPLITS)


def discs(*middles: tuple[float, float], radius: float, shape=(30, 44), soft: bool = False) -> np.ndarray:
    """Discs of certainty, or hills that are 0.5 at the same radius."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    nearest = np.min([np.hypot(rows - y, columns - x) for y, x in middles], axis=0)
    return (1 / (1 + np.exp(nearest - radius)) if soft else nearest <= radius).astype(np.float32)


# Components


def test_components_touch_at_corners_and_are_numbered_by_hand():
    probability = np.array(
        [
            [0.9, 0.0, 0.0, 0.7, 0.7],
            [0.0, 0.6, 0.0, 0.0, 0.7],
            [0.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.5, 0.4, 0.0, 0.8],
        ],
        np.float32,
    )
    labels, points = find_nuclei(probability)
    assert labels.dtype == np.uint16
    assert labels.tolist() == [[1, 0, 0, 2, 2], [0, 1, 0, 0, 2], [0, 0, 0, 0, 0], [0, 3, 0, 0, 4]]
    expected = [[0.5, 0.5, 0.75], [1 / 3, 11 / 3, 0.7], [3, 1, 0.5], [3, 4, 0.8]]
    assert points == pytest.approx(np.array(expected), abs=1e-6)
    assert find_nuclei(probability, threshold=0.75)[0].max() == 2
    assert find_nuclei(probability, threshold=0.4)[0][3].tolist() == [0, 3, 3, 0, 4]


def test_objects_that_are_too_small_are_left_out_and_the_others_numbered_on():
    probability = np.array([[0.9, 0, 0.8, 0.8, 0, 0.7, 0, 0.6, 0.6]], np.float32)
    labels, points = find_nuclei(probability, least_area=1.5)
    assert labels.tolist() == [[0, 0, 1, 1, 0, 0, 0, 2, 2]]
    assert points[:, 1].tolist() == [2.5, 7.5]
    assert find_nuclei(probability, least_area=2)[0].max() == 2, "as many pixels as asked for are enough"
    assert not find_nuclei(probability, least_area=2.1)[0].any()


@pytest.mark.parametrize("split", SPLITS)
def test_nothing_and_everything(split):
    labels, points = find_nuclei(np.zeros((6, 8), np.float32), split=split, separation=3, grow=1)
    assert not labels.any() and labels.dtype == np.uint16 and points.shape == (0, 3)
    labels, points = find_nuclei(np.ones((6, 8), np.float32), split=split, separation=20, grow=1)
    assert (labels == 1).all()
    assert points == pytest.approx(np.array([[2.5, 3.5, 1.0]]))


def test_more_objects_than_16_bits_can_number():
    probability = np.zeros((514, 514), np.float32)
    probability[::2, ::2] = 1
    labels, points = find_nuclei(probability)
    assert (labels.dtype, int(labels.max()), len(points)) == (np.uint32, 257**2, 257**2)
    assert points[-1].tolist() == [512, 512, 1]
    assert np.array_equal(labels > 0, probability > 0)


# Splitting


@pytest.mark.parametrize("split", ["distance", "probability"])
def test_two_discs_that_overlap_are_parted_half_way(split):
    probability = discs((14, 14), (14, 27), radius=8, soft=split == "probability")
    assert find_nuclei(probability)[0].max() == 1
    labels, points = find_nuclei(probability, split=split, separation=6)
    assert labels.max() == 2
    assert (labels[:, :20] != 2).all() and (labels[:, 22:] != 1).all()
    assert points[:, 0] == pytest.approx(14, abs=0.2)
    assert points[:, 1] == pytest.approx([14, 27], abs=1)
    assert find_nuclei(probability, split=split, separation=16)[0].max() == 1, "two middles so close are of one nucleus"


@pytest.mark.parametrize("split", ["distance", "probability"])
def test_a_lone_disc_stays_whole(split):
    probability = discs((14, 20), radius=9, soft=split == "probability")
    assert find_nuclei(probability, split=split, separation=6)[0].max() == 1


def test_the_map_parts_what_its_outline_does_not():
    """A bar without a waist, with two hills in the map."""
    probability = np.zeros((11, 30), np.float32)
    probability[2:9, 2:28] = 0.6 + 0.3 * np.abs(np.cos(np.linspace(0, np.pi, 26)))
    labels, _ = find_nuclei(probability, split="probability", separation=8)
    assert labels.max() == 2 and labels[5, 3] != labels[5, 26]


def test_small_objects_beside_large_ones_are_not_lost_in_splitting():
    probability = discs((10, 10), radius=7)
    probability[10, 19] = 0.6  # a pixel of its own, nearer to the disc's middle than the separation
    for split in SPLITS:
        labels = find_nuclei(probability, split=split, separation=12)[0]
        assert labels[10, 19] > 0 and labels[10, 19] != labels[10, 10], split


@settings(max_examples=60)
@given(maps, splits, st.floats(0.5, 6), st.sampled_from([0.25, 0.5, 0.75]))
def test_splitting_never_loses_a_pixel_nor_joins_components(probability, split, separation, threshold):
    labels, points = find_nuclei(probability, threshold=threshold, split=split, separation=separation)
    assert np.array_equal(labels > 0, probability >= threshold)
    assert np.unique(labels[labels > 0]).tolist() == list(range(1, len(points) + 1))
    components, number = ndimage.label(probability >= threshold, np.ones((3, 3)))
    assert len(points) >= number
    for name in range(1, len(points) + 1):
        assert len(np.unique(components[labels == name])) == 1
        assert ndimage.label(labels == name, np.ones((3, 3)))[1] == 1, "what is split off is in one piece"


@settings(max_examples=60)
@given(maps, splits, st.floats(0, 6), st.integers(0, 2))
def test_points_are_the_centroids_and_mean_probabilities_of_the_labels(probability, split, least_area, grow):
    labels, points = find_nuclei(probability, split=split, separation=2, least_area=least_area, grow=grow)
    assert np.unique(labels[labels > 0]).tolist() == list(range(1, len(points) + 1))
    for name, point in enumerate(points, start=1):
        rows, columns = np.nonzero(labels == name)
        assert len(rows) >= least_area
        slow = [rows.mean(), columns.mean(), probability[rows, columns].mean()]
        assert point == pytest.approx(slow, abs=1e-5)


@settings(max_examples=40)
@given(maps, st.sampled_from([0, 1]))
def test_components_flip_with_the_map(probability, axis):
    straight, flipped = (find_nuclei(each) for each in (probability, np.flip(probability, axis)))
    assert np.array_equal(np.flip(straight[0], axis) > 0, flipped[0] > 0)
    assert len(straight[1]) == len(flipped[1])
    places = straight[1][:, axis]
    moved = straight[1].copy()
    moved[:, axis] = probability.shape[axis] - 1 - places
    assert np.array(sorted(map(tuple, moved.round(4)))) == pytest.approx(
        np.array(sorted(map(tuple, flipped[1].round(4)))), abs=2e-4
    )


@pytest.mark.parametrize("split", ["distance", "probability"])
@pytest.mark.parametrize("axis", [0, 1])
def test_split_nuclei_flip_with_the_map(split, axis):
    probability = discs((9, 10), (18, 17), (14, 33), (23, 29), radius=7, soft=True)
    straight, flipped = (
        find_nuclei(each, split=split, separation=5)[0] for each in (probability, np.flip(probability, axis))
    )
    assert straight.max() == flipped.max() == 4
    for name in range(1, 5):
        mirrored = np.flip(straight, axis) == name
        partner = np.bincount(flipped[mirrored]).argmax()
        both = (flipped == partner) & mirrored
        assert both.sum() > 0.95 * ((flipped == partner) | mirrored).sum()


def slow_depth(labels: np.ndarray) -> np.ndarray:
    """Distance to the nearest pixel of an object that has another value beside it, over the object's largest."""
    rows, columns = labels.shape
    outline = [
        (y, x)
        for y, x in np.argwhere(labels > 0)
        if any(
            0 <= v < rows and 0 <= u < columns and labels[v, u] != labels[y, x]
            for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1))
        )
    ]
    others = [*outline, *map(tuple, np.argwhere(labels == 0))]
    depth = np.zeros(labels.shape)
    for y, x in np.argwhere(labels > 0):
        depth[y, x] = 1 + min((np.hypot(y - v, x - u) for v, u in others), default=0)
    for name in np.unique(labels[labels > 0]):
        depth[labels == name] /= depth[labels == name].max()
    return depth


@settings(max_examples=60)
@given(small_labels, st.sampled_from([np.uint16, np.int32, np.uint32]))
def test_the_depth_is_that_of_the_slow_search(labels, dtype):
    depth = depth_in_objects(labels.astype(dtype))
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, slow_depth(labels), atol=1e-6)


def test_the_depth_is_one_in_the_middle_of_each_object_however_large():
    labels = np.zeros((14, 24), np.uint16)
    labels[2:7, 2:7], labels[2:11, 7:16], labels[12, 20] = 1, 2, 9
    depth = depth_in_objects(labels)
    assert depth[4, 4] == depth[6, 11] == depth[12, 20] == 1
    assert depth[2, 2] == pytest.approx(1 / 3) and depth[2, 7] == pytest.approx(1 / 5)
    assert not depth[labels == 0].any()


def test_the_depth_parts_nuclei_that_touch_along_their_whole_side():
    labels = np.zeros((20, 34), np.int32)
    labels[3:17, 3:17], labels[3:17, 17:31] = 1, 2
    mask = (labels > 0).astype(np.float32)
    found, points = find_nuclei(mask, depth=depth_in_objects(labels), split="depth", separation=5)
    assert len(points) == 2 and np.mean(found == labels) > 0.98
    with pytest.raises(ValueError, match="depth"):
        find_nuclei(mask, split="depth", separation=5)


# Gaps


def slow_between(labels: np.ndarray, width: int) -> np.ndarray:
    found = np.zeros(labels.shape, bool)
    for y, x in np.argwhere(labels > 0):
        window = labels[max(0, y - width) : y + width + 1, max(0, x - width) : x + width + 1]
        found[y, x] = ((window > 0) & (window != labels[y, x])).any()
    return found


@settings(max_examples=60)
@given(small_labels, st.integers(1, 4), st.sampled_from(DTYPES))
def test_pixels_beside_another_object_are_those_of_the_slow_search(labels, width, dtype):
    assert np.array_equal(between_touching(labels.astype(dtype), width), slow_between(labels, width))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_largest_number_of_a_type_is_a_label_like_any_other(dtype):
    top = min(np.iinfo(dtype).max, 2**53)
    labels = np.array([[top, top, top, 1, 1, 0, 0, 0, top, 0]], dtype)
    expected = [[0, 0, 1, 1, 0, 0, 0, 0, 0, 0]]
    assert between_touching(labels, 1).astype(int).tolist() == expected
    assert not between_touching(np.where(labels == 1, 0, labels).astype(dtype), 1).any()
    assert not between_touching(np.zeros((4, 5), dtype), 2).any()


def test_a_gap_is_given_back_by_hand():
    labels = np.array([[0, 1, 1, 0, 0, 2, 0, 0, 0]], np.int32)
    assert give_back(labels, 1).tolist() == [[0, 1, 1, 1, 2, 2, 0, 0, 0]]
    alone = np.array([[0, 1, 1, 0, 0, 0, 0, 0, 0]], np.int32)
    assert np.array_equal(give_back(alone, 3), alone)
    far = np.array([[1, 0, 0, 0, 0, 0, 0, 2]], np.int32)
    assert np.array_equal(give_back(far, 1), far)


@settings(max_examples=60)
@given(small_labels, st.integers(1, 3))
def test_giving_back_only_adds(labels, width):
    grown = give_back(labels, width)
    assert np.array_equal(grown[labels > 0], labels[labels > 0])
    assert set(np.unique(grown)) <= set(np.unique(labels)) | {0}
    distance = ndimage.distance_transform_edt(labels == 0) if labels.any() else np.zeros(labels.shape)
    assert (distance[grown > 0] <= width).all()


def quarters(gap_free: int = 9) -> np.ndarray:
    """Four squares that touch, in a wide field."""
    labels = np.zeros((2 * gap_free + 10, 2 * gap_free + 10), np.int32)
    for number, (y, x) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)], start=1):
        top, left = 5 + y * gap_free, 5 + x * gap_free
        labels[top : top + gap_free, left : left + gap_free] = number
    return labels


@pytest.mark.parametrize("width", [1, 2, 3])
def test_what_a_gap_took_off_touching_nuclei_is_nearly_all_given_back(width):
    labels = quarters()
    parted = (labels > 0) & ~between_touching(labels, width)
    assert ndimage.label(parted, np.ones((3, 3)))[1] == 4
    kept = np.where(parted, labels, 0)
    assert np.count_nonzero(kept) == 4 * (9 - width) ** 2
    back = give_back(kept, width)
    assert np.count_nonzero(back[labels > 0] == labels[labels > 0]) > 0.93 * np.count_nonzero(labels)
    assert np.count_nonzero(back[labels == 0]) < 0.12 * width * np.count_nonzero(labels), "outlines hardly bulge"


@pytest.mark.parametrize("width", [1, 2])
def test_the_same_by_way_of_the_mask(width):
    labels = quarters()
    mask = ((labels > 0) & ~between_touching(labels, width)).astype(np.float32)
    found, points = find_nuclei(mask, grow=width)
    assert len(points) == 4
    inside = labels > 0
    assert np.mean(found[inside] == labels[inside]) > 0.95  # numbered by rows, as the squares are


def test_objects_smaller_than_asked_for_are_judged_with_what_is_given_back():
    probability = np.array([[0.9, 0, 0, 0.9, 0.9]], np.float32)
    assert find_nuclei(probability, grow=1, least_area=2)[0].tolist() == [[1, 1, 2, 2, 2]]


# Areas


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_median_area_leaves_out_what_an_edge_cuts(dtype):
    labels = np.zeros((9, 9), dtype)
    labels[0, :8] = 9  # cut: 8 pixels
    labels[2, 2:4] = 1  # 2
    labels[4:6, 2:5] = 4  # 6
    labels[3:5, 8] = 2  # cut
    other = np.zeros((5, 7), dtype)
    other[1:4, 1:4] = 9  # 9, whole, though the first image's 9 is not
    assert median_area([labels]) == 4
    assert median_area(iter([labels, other])) == 6
    assert median_area([labels, np.zeros((3, 3), dtype)]) == 4


def test_where_edges_cut_all_objects_their_areas_are_taken():
    assert median_area([np.array([[1, 1, 0, 2]], np.uint16), np.array([[3, 3, 3]], np.uint16)]) == 2
    assert median_area([np.ones((4, 5), np.int32)]) == 20
    assert median_area([]) is None
    assert median_area([np.zeros((4, 5), np.uint16)]) is None


@settings(max_examples=40)
@given(st.lists(small_labels, max_size=3))
def test_the_median_area_is_that_of_the_slow_count(images):
    whole, cut = [], []
    for labels in images:
        inner = labels[1:-1, 1:-1]
        for name in np.unique(labels[labels > 0]):
            area = np.count_nonzero(labels == name)
            (whole if np.count_nonzero(inner == name) == area else cut).append(area)
    expected = np.median(whole or cut) if whole or cut else None
    assert median_area(images) == expected


def test_huge_labels_take_no_huge_table():
    labels = np.zeros((5, 6), np.uint64)
    labels[1:3, 1:3], labels[3, 2:5] = 2**52, 2**31
    assert median_area([labels]) == 3.5


def test_the_count_by_area_by_hand():
    labels = np.array([[1, 1, 1, 0], [0, 0, 2, 2]], np.uint16)
    assert count_by_area(labels, 2.0) == 2.5
    assert count_by_area(labels, 10.0) == 0.5
    assert count_by_area(np.zeros((3, 3), np.uint32), 4.0) == 0
    assert count_by_area(np.ones((10, 10), np.int32), 25.0) == 4
    assert isinstance(count_by_area(labels, 2.0), float)
