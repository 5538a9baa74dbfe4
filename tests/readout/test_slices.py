"""Objects of a slice: components, parted by centres or by distance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from cytally.readout.slices import split_slice
from cytally.readout.splitting import LEAST_CENTRE

SPLITS = ["centres", "distance", "components"]
maps = arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.floats(0, 1, width=16))


def split(probability, centres=None, *, by="components", threshold=0.5, separation=5.0, least_area=1.0):
    return split_slice(
        np.asarray(probability, np.float32),
        None if centres is None else np.asarray(centres, np.float32),
        threshold=threshold,
        split=by,
        separation=separation,
        least_area=least_area,
    )


def discs(*middles: tuple[float, float], radius: float, shape=(30, 44)) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return (np.min([np.hypot(rows - y, columns - x) for y, x in middles], axis=0) <= radius).astype(np.float32)


def heat(*peaks: tuple[float, float, float], sigma: float = 2.0, shape=(30, 44)) -> np.ndarray:
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.max([h * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 2 / sigma**2) for y, x, h in peaks], axis=0)


# Components


def test_components_touch_by_their_sides_and_are_numbered_by_hand():
    probability = [
        [0.9, 0.0, 0.0, 0.7, 0.7],
        [0.0, 0.6, 0.0, 0.0, 0.7],
        [0.0, 0.6, 0.0, 0.0, 0.0],
        [0.0, 0.5, 0.4, 0.0, 0.8],
    ]
    labels = split(probability)
    assert labels.dtype == np.int32
    assert labels.tolist() == [[1, 0, 0, 2, 2], [0, 3, 0, 0, 2], [0, 3, 0, 0, 0], [0, 3, 0, 0, 4]]
    assert split(probability, threshold=0.75).max() == 2
    assert split(probability, threshold=0.4)[3].tolist() == [0, 3, 3, 0, 4]


def test_objects_that_are_too_small_are_left_out_and_the_others_numbered_on():
    probability = [[0.9, 0, 0.8, 0.8, 0, 0.7, 0, 0.6, 0.6]]
    assert split(probability, least_area=1.5).tolist() == [[0, 0, 1, 1, 0, 0, 0, 2, 2]]
    assert split(probability, least_area=2).max() == 2, "as many pixels as asked for are enough"
    assert not split(probability, least_area=2.1).any()


@pytest.mark.parametrize("by", SPLITS)
def test_nothing_and_everything(by):
    nothing, everything = np.zeros((6, 8)), np.ones((6, 8))
    assert not split(nothing, nothing, by=by).any()
    assert (split(everything, nothing, by=by, separation=20) == 1).all()
    assert (split(everything, everything, by=by, separation=20) == 1).all(), "a flat top is one peak"


@pytest.mark.parametrize("by", SPLITS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_the_thinnest_pictures(by, shape):
    assert (split(np.ones(shape), np.ones(shape), by=by) == 1).all()


# Centres


def test_touching_discs_are_parted_half_way_between_their_centres():
    probability = discs((14, 12), (14, 26), radius=8)
    labels = split(probability, heat((14, 12, 0.9), (14, 26, 0.6)), by="centres")
    assert labels.max() == 2
    assert len(np.unique(labels[14, 5:19])) == len(np.unique(labels[14, 20:34])) == 1
    assert labels[14, 12] != labels[14, 26]


def test_centres_part_what_its_outline_does_not():
    bar = np.zeros((11, 40))
    bar[2:9, 2:38] = 1
    labels = split(bar, heat((5, 10, 0.9), (5, 29, 0.9), shape=bar.shape), by="centres")
    assert labels.max() == 2
    border = np.flatnonzero(np.diff(labels[5, 2:38]))
    assert border.tolist() == pytest.approx([17], abs=1)
    assert split(bar, by="distance").max() == 1


def test_a_centre_away_from_the_widest_part_still_gets_it():
    """A pear of a cell whose centre was found in its neck, beside another: the distance alone would lose its body."""
    probability = np.maximum(discs((14, 12), radius=9), discs((14, 33), radius=6))
    probability[11:18, 12:33] = 1
    labels = split(probability, heat((14, 18, 1.0), (14, 34, 1.0)), by="centres")
    assert labels.max() == 2
    assert labels[14, 12] == labels[14, 18] != labels[14, 34]


def test_peaks_that_are_low_near_to_a_higher_or_elsewhere_part_nothing():
    probability = discs((14, 14), radius=9)
    assert split(probability, heat((14, 10, 0.9), (14, 18, LEAST_CENTRE - 0.02)), by="centres").max() == 1
    two = heat((14, 10, 0.9), (14, 18, LEAST_CENTRE + 0.1))
    assert split(probability, two, by="centres").max() == 2
    assert split(probability, two, by="centres", separation=8.1).max() == 1
    assert split(probability, two, by="centres", separation=8).max() == 2, "exactly so far apart is enough"
    assert split(probability, heat((14, 10, 0.9), (14, 40, 0.9)), by="centres").max() == 1


def test_a_component_without_a_peak_stays_one_object_beside_one_that_has_two():
    probability = np.maximum(discs((14, 8), (14, 18), radius=6), discs((14, 36), radius=6))
    labels = split(probability, heat((14, 8, 0.8), (14, 18, 0.8)), by="centres")
    assert labels.max() == 3
    assert len(np.unique(labels[discs((14, 36), radius=6) > 0])) == 1


def test_a_peak_does_not_silence_a_lower_one_of_another_component():
    probability = np.zeros((9, 30))
    probability[2:7, 1:14] = probability[2:7, 15:29] = 1
    peaks = heat((4, 3, 0.9), (4, 12, 0.8), (4, 16, 0.9), (4, 26, 0.8), sigma=1, shape=probability.shape)
    assert split(probability, peaks, by="centres", separation=6).max() == 4


# Distance


def test_two_discs_that_overlap_are_parted_at_their_waist():
    probability = discs((14, 14), (14, 27), radius=8)
    labels = split(probability, by="distance", separation=6)
    assert labels.max() == 2
    assert len(np.unique(labels[14, 7:20])) == len(np.unique(labels[14, 22:35])) == 1
    assert split(probability, by="distance", separation=16).max() == 1, "two middles so close are of one cell"


def test_a_lone_disc_stays_whole():
    assert split(discs((14, 20), radius=9), by="distance").max() == 1


# Properties


@settings(max_examples=60, deadline=None)
@given(maps, st.sampled_from(SPLITS), st.floats(0, 6), st.sampled_from([0.25, 0.5, 0.75]), st.randoms())
def test_splitting_never_loses_a_pixel_nor_joins_components(probability, by, separation, threshold, random):
    centres = np.array([random.random() for _ in range(probability.size)], np.float32).reshape(probability.shape)
    labels = split(probability, centres, by=by, separation=separation, threshold=threshold)
    assert np.array_equal(labels > 0, probability >= threshold)
    names = np.unique(labels[labels > 0])
    assert names.tolist() == list(range(1, len(names) + 1))
    components = ndimage.label(probability >= threshold)[0]
    for name in names:
        assert len(np.unique(components[labels == name])) == 1
        assert ndimage.label(labels == name)[1] == 1, "what is split off is in one piece"
    assert by != "components" or np.array_equal(labels, components)


@settings(max_examples=40, deadline=None)
@given(maps, st.sampled_from(SPLITS), st.floats(0, 9))
def test_what_is_left_out_is_what_is_too_small(probability, by, least):
    every = split(probability, probability, by=by, separation=2)
    large = split(probability, probability, by=by, separation=2, least_area=least)
    sizes = np.bincount(every.ravel())
    if (np.bincount(split(probability).ravel())[1:] >= least).all():  # no component was lost before it was parted
        assert np.array_equal(large > 0, (every > 0) & (sizes[every] >= least))
    assert (np.bincount(large.ravel())[1:] >= least).all()


# What cannot be split


def test_maps_that_do_not_fit():
    picture = np.zeros((4, 5))
    with pytest.raises(ValueError, match="two axes"):
        split(np.zeros((2, 4, 5)))
    with pytest.raises(ValueError, match="has to be given"):
        split(picture, by="centres")
    with pytest.raises(ValueError, match=r"\(5, 4\)"):
        split(picture, picture.T, by="centres")
    with pytest.raises(ValueError, match="centres, distance, components, not sorcery"):
        split(picture, by="sorcery")
