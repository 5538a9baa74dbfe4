"""The self-check: which fields are refused, and in which words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.filters import threshold_otsu

from cytally.labelling.check import LEAST_CONTRAST, around, contrast, refusal


def field(size: int = 120, *, noise: float = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Sixteen nuclei of 14 pixels at 200 above a background of 100, and their labels."""
    y, x = np.mgrid[:size, :size]
    nuclei = np.hypot(y % 30 - 15, x % 30 - 15) < 7
    image = 100 + ndimage.gaussian_filter(200.0 * nuclei, 1)
    image += np.random.default_rng(seed).normal(0, noise, image.shape)
    return image.astype(np.uint16), ndimage.label(nuclei)[0]


def test_a_good_field_is_not_refused() -> None:
    image, labels = field()
    assert refusal(image, labels) is None
    assert refusal(image / 1e6, labels) is None
    assert refusal(image.astype(np.int32) - 5000, labels) is None


def test_one_object_is_enough_to_trust() -> None:
    image, labels = field()
    assert refusal(image[:30, :30], labels[:30, :30]) is None


@pytest.mark.parametrize(("value", "kind"), [(0, np.uint8), (255, np.uint8), (0.5, np.float32)])
def test_a_constant_stain(value: float, kind: type) -> None:
    image = np.full((9, 9), value, kind)
    assert refusal(image, np.zeros((9, 9), np.uint16)) == f"every pixel has the value {value:g}"


def test_nothing_found() -> None:
    image, labels = field()
    assert refusal(image, np.zeros_like(labels)) == "no object was found"
    assert refusal(np.zeros((0, 5)), np.zeros((0, 5), int)) == "the image has no pixel"


def test_a_saturated_stain_by_its_objects() -> None:
    image, labels = field()
    inside = labels > 0
    clipped = np.minimum(image, int(np.quantile(image[inside], 0.3)))
    share = (clipped == clipped.max())[inside].mean()
    assert 0.6 < share < 0.8
    assert refusal(clipped, labels) == f"the stain is saturated: {100 * share:.0f} % of the objects' pixels have the brightest value"  # fmt: skip # noqa: E501
    assert refusal(np.minimum(image, int(np.quantile(image[inside], 0.7))), labels) is None


def test_a_saturated_stain_whatever_was_found() -> None:
    image = np.arange(100).reshape(10, 10).clip(None, 70)
    assert refusal(image, np.eye(10, dtype=int)) == "the stain is saturated: 30 % of the image has the brightest value"


def test_one_object_over_most_of_the_image() -> None:
    image, labels = field()
    leaked = np.ones_like(labels)
    leaked[:8] = 0
    assert refusal(image, leaked) == "one object covers 93 % of the image"


def test_one_object_much_larger_than_the_others() -> None:
    image, labels = field()
    labels[:25] = 99
    assert refusal(image, labels) == "one object covers 21 % of the image"


def test_objects_without_a_background_left() -> None:
    image, _ = field()
    y, x = np.mgrid[:120, :120]
    squares = 1 + y // 30 * 4 + x // 30
    squares[0] = 0
    assert refusal(image, squares) == "objects cover 99 % of the image"


@pytest.mark.parametrize("blur", [0, 1, 3, 6])
def test_objects_picked_from_noise(blur: float) -> None:
    noise = np.random.default_rng(7).normal(500, 20, (200, 200))
    noise = ndimage.gaussian_filter(noise, blur)
    assert refusal(noise, ndimage.label(noise > threshold_otsu(noise))[0]) is not None
    labels = ndimage.label(noise > noise.mean() + 1.5 * noise.std())[0]
    assert (
        refusal(noise, labels)
        == f"objects rise above the background by only {contrast(noise, labels):.1f} times its spread"
    )


def test_dark_objects_do_not_rise() -> None:
    image, labels = field()
    assert contrast(1000 - image.astype(int), labels) < 0


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"\(4, 4\), its labels \(4, 5\)"):
        refusal(np.eye(4), np.zeros((4, 5), int))


def test_uneven_light_and_hot_pixels_do_not_count_as_spread() -> None:
    image, labels = field()
    slope = image + np.linspace(0, 300, 120)[:, None]
    assert contrast(slope, labels) > LEAST_CONTRAST
    assert refusal(slope, labels) is None
    rng = np.random.default_rng(1)
    hot = image.copy()
    hot[rng.random(hot.shape) < 0.002] = 65535
    assert refusal(hot, labels) is None


def test_the_contrast_by_hand() -> None:
    """Stripes too fine for the filters: the background's values are ±1 around 0, the object lies 10 higher."""
    image = np.where(np.indices((60, 60)).sum(axis=0) // 6 % 2, 1.0, -1.0)
    labels = np.zeros((60, 60), int)
    labels[29:32, 29:32] = 1
    image[28:33, 28:33] = 10.0
    found = contrast(image, labels)
    level = around(ndimage.gaussian_filter(image, 3 / 3 / np.sqrt(np.pi)), labels == 0, 12 / np.sqrt(np.pi))
    assert abs(level[30, 30]) < 1.5  # the object's rim, which its label leaves out, is all that lifts it
    assert (9.5 - level[30, 30]) / 1.4826 < found < 10.5 / 1.4826 / 0.5


@given(st.sampled_from([0.25, 2.0, 1024.0]), st.integers(-1000, 1000))
@settings(max_examples=15, deadline=None)
def test_scale_and_offset_change_nothing(factor: float, offset: int) -> None:
    image, labels = field()
    assert contrast(image * factor + offset, labels) == pytest.approx(contrast(image, labels), rel=0.01)


def test_the_local_mean_of_a_constant_and_far_off() -> None:
    plane = np.full((40, 90), 3.0)
    mask = np.zeros(plane.shape, bool)
    mask[:, :4] = True
    plane[:, 20:] = 1e6  # outside the mask, without influence
    assert around(plane, mask, 3) == pytest.approx(3.0)


def test_flat_drawings_are_not_saturated() -> None:
    rows, columns = np.mgrid[:96, :96]
    labels = ((rows // 24 * 4 + columns // 24 + 1) * (np.hypot(rows % 24 - 12, columns % 24 - 12) < 8)).astype(int)
    for bright, ground in ((200, 20), (255, 0)):
        assert refusal(np.where(labels > 0, bright, ground).astype(np.uint8), labels) is None
    noisy = np.where(labels > 0, 255, np.random.default_rng(0).integers(0, 40, labels.shape)).astype(np.uint8)
    assert "saturated" in str(refusal(noisy, labels))
