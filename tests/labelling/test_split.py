"""Touching nuclei taken apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from cytally.labelling.split import split_touching


def ellipse(y: float, x: float, height: float, width: float, size: int = 80) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    return ((rows - y) / height) ** 2 + ((columns - x) / width) ** 2 < 1


def parts(image: np.ndarray, mask: np.ndarray, diameter: float) -> np.ndarray:
    return split_touching(ndimage.gaussian_filter(image.astype(float), 1), mask, diameter)


def count(labels: np.ndarray) -> int:
    return len(np.unique(labels[labels > 0]))


@pytest.mark.parametrize("distance", [12, 14, 16])
def test_two_that_touch_are_cut_at_the_neck(distance: int) -> None:
    left, right = ellipse(40, 30, 8, 8), ellipse(40, 30 + distance, 8, 8)
    labels = parts(left | right, left | right, 16)
    assert count(labels) == 2
    middle = 30 + distance / 2
    x = np.mgrid[:80, :80][1]
    wrong = (labels == labels[40, 30]) & (x > middle + 2)
    assert labels[40, 30] != labels[40, 30 + distance] and not wrong.any()


@pytest.mark.parametrize("stretch", [1.0, 1.5, 2.0])
def test_one_long_nucleus_stays_whole(stretch: float) -> None:
    mask = ellipse(40, 40, 8, 8 * stretch)
    assert count(parts(mask.astype(float), mask, 16)) == 1


def test_texture_does_not_cut_a_round_nucleus() -> None:
    mask = ellipse(40, 40, 12, 12)
    texture = 1 + 0.3 * np.random.default_rng(0).normal(size=mask.shape)
    assert count(parts(mask * texture, mask, 24)) == 1


def test_brightness_tells_two_apart_where_the_outline_does_not() -> None:
    mask = np.zeros((60, 80), bool)
    mask[22:38, 20:52] = True
    image = mask * (1 - 0.6 * np.exp(-((np.arange(80) - 35.5) ** 2) / 8))
    assert count(parts(image, mask, 16)) == 2


def test_every_pixel_of_the_mask_and_no_other_is_named() -> None:
    rng = np.random.default_rng(3)
    image = ndimage.gaussian_filter(rng.random((90, 70)), 4)
    mask = image > np.quantile(image, 0.6)
    assert ((split_touching(image, mask, 9) > 0) == mask).all()


def test_empty_and_full_masks() -> None:
    blank = np.zeros((20, 20))
    assert split_touching(blank, blank > 0, 8).max() == 0
    assert count(split_touching(blank, blank == 0, 8)) == 1
