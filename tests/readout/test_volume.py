"""Objects of a volume in one go: as in a slice, stretched along z, and large volumes in tiles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from cytally.readout import splitting
from cytally.readout.slices import split_slice
from cytally.readout.volume import split_volume

SPLITS = ["centres", "distance", "components"]
volumes = arrays(
    np.float32, st.tuples(st.integers(1, 5), st.integers(1, 8), st.integers(1, 8)), elements=st.floats(0, 1, width=16)
)


def split(probability, centres=None, *, by="distance", separation=5.0, anisotropy=1.0, least_volume=1.0):
    return split_volume(
        np.asarray(probability, np.float32),
        None if centres is None else np.asarray(centres, np.float32),
        threshold=0.5,
        split=by,
        separation=separation,
        anisotropy=anisotropy,
        least_volume=least_volume,
    )


def balls(*middles, radius: float, shape=(24, 30, 44), anisotropy=1.0) -> np.ndarray:
    """Balls in pixels of the plane, of which every so many slices are kept."""
    z, y, x = np.mgrid[: shape[0], : shape[1], : shape[2]]
    ways = [np.sqrt((z * anisotropy - a) ** 2 + (y - b) ** 2 + (x - c) ** 2) for a, b, c in middles]
    return (np.min(ways, axis=0) <= radius).astype(np.float32)


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    pairs = set(zip(one.ravel().tolist(), other.ravel().tolist(), strict=True))
    return len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)


# By hand


def test_components_touch_by_their_faces():
    probability = np.zeros((2, 3, 3))
    probability[0, 0, 0] = probability[1, 0, 0] = probability[1, 1, 1] = 1
    labels = split(probability, by="components")
    assert labels.dtype == np.int32
    assert labels[:, 0, 0].tolist() == [1, 1] and labels[1, 1, 1] == 2
    assert split(probability, by="components", least_volume=2).max() == 1


@pytest.mark.parametrize("other", [(11, 14, 27), (11, 24, 20), (21, 14, 18)])
def test_two_balls_that_overlap_are_two_in_any_direction(other):
    probability = balls((11, 14, 14), other, radius=7)
    labels = split(probability)
    assert labels.max() == 2
    assert labels[11, 14, 14] != labels[other]


@pytest.mark.parametrize("anisotropy", [2.5, 4.8])
def test_distances_are_stretched_along_z(anisotropy):
    """Two balls above one another in few slices: their middles lie 26 pixels apart, whatever that is in slices."""
    slices = round(64 / anisotropy)
    low, high = round(20 / anisotropy), round(46 / anisotropy)
    middles = [(low * anisotropy, 20, 20), (high * anisotropy, 20, 20)]
    probability = balls(*middles, radius=15, shape=(slices, 40, 40), anisotropy=anisotropy)
    labels = split(probability, separation=12, anisotropy=anisotropy)
    assert labels.max() == 2 and labels[low, 20, 20] != labels[high, 20, 20]
    assert split(probability, separation=30, anisotropy=anisotropy).max() == 1


@pytest.mark.parametrize("anisotropy", [1.0, 2.5, 4.8])
def test_a_lone_ball_stays_whole(anisotropy):
    probability = balls((22, 20, 20), radius=15, shape=(round(44 / anisotropy), 40, 40), anisotropy=anisotropy)
    assert split(probability, separation=8, anisotropy=anisotropy).max() == 1


def test_centres_of_slices_above_one_another_are_of_one_cell():
    """Each slice has its own centre, here along a slant: two columns are two cells."""
    probability = np.zeros((8, 24, 50))
    probability[1:7, 4:20, 4:46] = 1
    centres = np.zeros_like(probability)
    for z in range(1, 7):
        centres[z, 12, 12 + z] = centres[z, 12, 36 - z] = 1
    centres = ndimage.gaussian_filter(centres, (0, 2, 2))
    centres /= centres.max()
    labels = split(probability, centres, by="centres", separation=10, anisotropy=3)
    assert labels.max() == 2
    assert labels[1, 12, 13] == labels[6, 12, 18] != labels[6, 12, 30] == labels[1, 12, 35]


@pytest.mark.parametrize("by", SPLITS)
def test_nothing_and_everything(by):
    nothing, everything = np.zeros((3, 6, 8)), np.ones((3, 6, 8))
    assert not split(nothing, nothing, by=by).any()
    assert (split(everything, nothing, by=by, separation=20) == 1).all()


# Properties


@settings(max_examples=60, deadline=None)
@given(volumes, st.sampled_from(SPLITS), st.floats(0, 6), st.sampled_from([1.0, 4.8]), st.randoms())
def test_splitting_never_loses_a_voxel_nor_joins_components(probability, by, separation, anisotropy, random):
    centres = np.array([random.random() for _ in range(probability.size)], np.float32).reshape(probability.shape)
    labels = split(probability, centres, by=by, separation=separation, anisotropy=anisotropy)
    assert np.array_equal(labels > 0, probability >= 0.5)
    names = np.unique(labels[labels > 0])
    assert names.tolist() == list(range(1, len(names) + 1))
    components = ndimage.label(probability >= 0.5)[0]
    for name in names:
        assert len(np.unique(components[labels == name])) == 1
        assert ndimage.label(labels == name)[1] == 1
    assert by != "components" or np.array_equal(labels, components)


@settings(max_examples=60, deadline=None)
@given(volumes, st.sampled_from(SPLITS), st.floats(0, 6), st.sampled_from([1.0, 4.8]), st.sampled_from([1, 3]))
def test_a_volume_of_one_slice_is_split_as_the_slice(probability, by, separation, anisotropy, least):
    one, centres = probability[0], probability[0] ** 2
    flat = split_slice(one, centres, threshold=0.5, split=by, separation=separation, least_area=least)
    labels = split(one[None], centres[None], by=by, separation=separation, anisotropy=anisotropy, least_volume=least)
    assert same_partition(labels[0], flat)


# Large volumes


def packed(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One component of 7 x 7 cells that all touch, and the map of their centres."""
    middles = [(4, 8 + 14 * row + rng.integers(-1, 2), 8 + 14 * column) for row in range(7) for column in range(7)]
    probability = balls(*middles, radius=7.6, shape=(9, 104, 104))
    centres = np.zeros_like(probability)
    centres[tuple(np.array(middles).T)] = 1
    centres = ndimage.gaussian_filter(centres, (1, 2, 2))
    return probability, centres / centres.max()


@pytest.mark.parametrize("by", ["centres", "distance"])
def test_a_large_component_in_tiles_is_nearly_as_in_one_piece(by, monkeypatch):
    probability, centres = packed(np.random.default_rng(3))
    whole = split(probability, centres, by=by, separation=6)
    assert whole.max() == 49
    monkeypatch.setattr(splitting, "LARGEST_BOX", 5_000)
    assert len(splitting._tiles(probability.shape)) > 16
    tiled = split(probability, centres, by=by, separation=6)
    assert np.array_equal(tiled > 0, whole > 0)
    assert np.mean(tiled == whole) > 0.995


def test_tiles_reach_what_lies_far_from_any_marker(monkeypatch):
    """Two markers at one end of a long bar: tile by tile, one of them takes the rest."""
    monkeypatch.setattr(splitting, "LARGEST_BOX", 40)
    inside = np.ones((3, 4, 60), bool)
    markers = np.zeros(inside.shape, np.int32)
    markers[1, 2, 59], markers[1, 2, 50] = 1, 2
    splitting._flood(markers, np.zeros(inside.shape, np.float32), inside, (1, 1, 1))
    assert (markers[..., :50] == 2).all() and (markers > 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (13, 100, 7), (5, 64, 64)])
def test_tiles_cover_all_and_never_twice(shape, monkeypatch):
    monkeypatch.setattr(splitting, "LARGEST_BOX", 500)
    covered = np.zeros(shape, int)
    for tile in splitting._tiles(shape):
        covered[tile] += 1
        assert covered[tile].size <= 500
    assert (covered == 1).all()


# What cannot be split


def test_maps_that_do_not_fit():
    volume = np.zeros((2, 4, 5))
    with pytest.raises(ValueError, match="three axes"):
        split(volume[0])
    with pytest.raises(ValueError, match="has to be given"):
        split(volume, by="centres")
    with pytest.raises(ValueError, match=r"\(1, 4, 5\)"):
        split(volume, volume[:1], by="centres")
    for wrong in (0, -1, np.nan):
        with pytest.raises(ValueError, match="above 0"):
            split(volume, anisotropy=wrong)
