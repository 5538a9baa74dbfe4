"""Background, brightness and size before nuclei are looked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.errors import ImageError
from cytally.labelling import first_look as module
from cytally.labelling.first_look import first_look, without_hot_pixels


def nuclei(size: int = 240, diameter: float = 16, pitch: int = 40, seed: int = 0) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    discs = np.hypot(y % pitch - pitch / 2, x % pitch - pitch / 2) < diameter / 2
    return 100 + 200.0 * discs + np.random.default_rng(seed).normal(0, 6, (size, size))


def test_background_brightness_and_size() -> None:
    plane, diameter = first_look(nuclei().astype(np.uint16))
    assert diameter == pytest.approx(16, rel=0.1)
    assert np.median(plane) == pytest.approx(0, abs=0.02)
    assert np.quantile(plane, 0.98) == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("diameter", [7, 16, 30])
def test_half_the_resolution_tells_the_same(diameter: float, monkeypatch: pytest.MonkeyPatch) -> None:
    image = nuclei(diameter=diameter)
    whole, size = first_look(image)
    monkeypatch.setattr(module, "LARGE", 1000)
    coarse, again = first_look(image)
    assert again == pytest.approx(size, rel=0.12)
    assert coarse == pytest.approx(whole, abs=0.1)


def test_nothing_there() -> None:
    plane, diameter = first_look(np.full((50, 60), 7, np.uint8))
    assert diameter is None
    assert not plane.any()


def test_what_is_not_a_number_is_refused() -> None:
    image = nuclei()
    image[0, 0] = np.nan
    with pytest.raises(ImageError, match="not finite"):
        first_look(image)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_hot_pixels_by_the_obvious_way(seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 9, (5, 6))
    calm = without_hot_pixels(image)
    padded = np.pad(image, 1, mode="reflect")
    for y in range(5):
        for x in range(6):
            near = np.delete(padded[y : y + 3, x : x + 3].ravel(), 4)
            assert calm[y, x] == np.clip(image[y, x], near.min(), near.max())


def test_thin_images_have_no_hot_pixels() -> None:
    assert without_hot_pixels(np.array([[1, 9, 1]])).tolist() == [[1, 9, 1]]
