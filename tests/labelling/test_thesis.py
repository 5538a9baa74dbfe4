"""The preset of the thesis as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError
from skimage.io import imread

from cytally.errors import ImageError
from cytally.labelling.thesis import ThesisSettings, label_thesis

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"


def field(*places: tuple[int, int], shape: tuple[int, int] = (120, 140), radius: float = 7) -> NDArray[np.uint8]:
    """Round nuclei, brightest in the middle, on a faint background with noise."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    image = np.random.default_rng(0).normal(12, 1.5, shape)
    for y, x in places:
        distance = np.hypot(rows - y, columns - x) / radius
        image += np.where(distance < 1, 150 - 60 * distance**2, 0)
    return np.asarray(image.clip(0, 255), np.uint8)


PLACES = ((20, 20), (60, 30), (90, 100), (30, 110), (0, 70), (64, 72), (64, 84))
"""Seven nuclei: one at the edge, the last two touching."""


@pytest.mark.parametrize("fast", [True, False])
def test_separate_touching_and_border_nuclei_are_found(fast: bool) -> None:
    labelled = label_thesis(field(*PLACES), ThesisSettings(clahe_fast=fast, smallest_diameter=9))
    assert labelled.refused is None
    assert labelled.objects == len(PLACES)
    assert len({labelled.labels[place] for place in PLACES} - {0}) == len(PLACES)


def test_labels_cover_the_nuclei() -> None:
    image = field(*PLACES)
    truth = image > 60
    found = label_thesis(image).labels > 0
    assert (found & truth).sum() / truth.sum() > 0.97
    assert (found & truth).sum() / found.sum() > 0.7


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32, np.float64])
def test_any_type_of_pixel_gives_about_the_same(kind: type) -> None:
    image = field(*PLACES)
    stretched = label_thesis((image.astype(np.float64) - image.min()) / np.ptp(image) * 255).labels > 0
    found = label_thesis((image.astype(kind) * 9 + 300).astype(kind)).labels > 0
    assert (found & stretched).sum() / (found | stretched).sum() > 0.97


def test_the_bounds_on_diameter_hold() -> None:
    # 20 pixels and more are kept, so a speck of 3 x 3 is not; nor is a nucleus of diameter 50 in one piece.
    image = field((20, 20), (70, 90), radius=25)
    image[50:53, 30:33] = 200
    areas = np.bincount(label_thesis(image).labels.ravel())[1:]
    assert areas.min(initial=20) >= 20
    assert areas.max(initial=0) <= 706


@pytest.mark.parametrize("shape", [(1, 1), (8, 8), (20, 300), (39, 41), (200, 270)])
@pytest.mark.parametrize("value", [0, 90, 255])
@pytest.mark.parametrize("fast", [False, True])
def test_an_image_of_one_value_has_no_nucleus_and_is_refused(shape: tuple[int, int], value: int, fast: bool) -> None:
    labelled = label_thesis(np.full(shape, value, np.uint8), ThesisSettings(clahe_fast=fast))
    assert labelled.objects == 0
    assert labelled.refused is not None


def test_a_saturated_image_is_refused() -> None:
    image = np.full((100, 100), 255, np.uint8)
    image[40:50, 40:50] = 20
    assert "saturated" in str(label_thesis(image).refused)


@pytest.mark.parametrize("shape", [(8, 8), (10, 50), (39, 39)])
def test_tiny_images_are_labelled(shape: tuple[int, int]) -> None:
    image = field((4, 4), shape=shape, radius=4)
    labelled = label_thesis(image)
    assert labelled.labels.shape == shape
    assert labelled.labels[4, 4] > 0


@pytest.mark.parametrize("image", [np.zeros((0, 0)), np.zeros((3, 4, 5)), np.full((9, 9), np.nan)])
def test_what_is_no_picture_is_an_error(image: NDArray[np.float64]) -> None:
    with pytest.raises(ImageError):
        label_thesis(image)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(8, 9), (41, 40), (60, 80)]), st.booleans())
def test_labels_of_anything_are_numbered_without_gaps(seed: int, shape: tuple[int, int], wide: bool) -> None:
    rng = np.random.default_rng(seed)
    image = rng.gamma(rng.uniform(0.1, 5), rng.uniform(1, 3000), shape)
    image = image.astype(np.uint16) if wide else image
    labelled = label_thesis(image)
    assert labelled.labels.dtype == np.uint16
    assert np.unique(labelled.labels).tolist()[-labelled.objects or None :] == list(
        range(1 if labelled.objects else 0, labelled.objects + 1)
    )
    again = label_thesis(image)
    np.testing.assert_array_equal(labelled.labels, again.labels)


def test_flipping_the_field_hardly_changes_what_is_found() -> None:
    # Blocks and ties among equal pixels are not symmetric in the originals; everything else is.
    image = field(*PLACES)
    exact = ThesisSettings(clahe_fast=False)
    straight = label_thesis(image, exact).labels > 0
    for flipped, back in [(image[::-1], np.flipud), (image[:, ::-1], np.fliplr)]:
        found = back(label_thesis(flipped, exact).labels) > 0
        assert (found & straight).sum() / (found | straight).sum() > 0.98


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold_lowest": 0.8, "threshold_highest": 0.2},
        {"smallest_diameter": 40},
        {"clahe_bins": 300},
        {"clahe_slope": 0.5},
        {"unknown": 1},
    ],
)
def test_settings_that_make_no_sense_are_an_error(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        ThesisSettings(**wrong)


def test_the_thesis_s_settings() -> None:
    chosen = ThesisSettings()
    assert (chosen.clahe_block, chosen.clahe_bins, chosen.clahe_slope) == (127, 256, 3.0)
    assert (chosen.threshold_window, chosen.threshold_lowest, chosen.threshold_highest) == (20, 0.05, 1.0)
    assert (chosen.smallest_diameter, chosen.largest_diameter, chosen.discard_outside) == (5, 30, True)
    assert all(entry.description for entry in ThesisSettings.model_fields.values())


def test_foreground_of_real_nuclei() -> None:
    place = DATA / "dsb2018_fluo"
    if not place.exists():
        pytest.skip("real images are not here")
    name = "04acab7636c4"
    truth = imread(place / "labels" / f"{name}.tif") > 0
    found = label_thesis(imread(place / "images" / f"{name}.png")).labels > 0
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.85
