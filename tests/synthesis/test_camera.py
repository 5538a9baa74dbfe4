from __future__ import annotations

import numpy as np
import pytest

from cytally.synthesis.camera import expose, illumination


def flat(level: float) -> np.ndarray:
    return np.full((200, 200), level, dtype=np.float32)


def test_without_noise_light_becomes_grey_levels() -> None:
    image = expose(flat(0.4), np.random.default_rng(0), photons=1e12, read_noise=0)
    assert image.dtype == np.uint8
    assert np.all(image == 102)


@pytest.mark.parametrize("grain", [0.0, 0.4, 1.0])
def test_noise_is_shot_and_read_noise_in_quadrature(grain: float) -> None:
    image = expose(
        flat(0.25), np.random.default_rng(1), photons=100, read_noise=0.02, noise_grain=grain, bit_depth=16
    ).astype(float)
    # variance 0.25 / 100 + 0.02² = 0.0029
    assert image.mean() / 65535 == pytest.approx(0.25, abs=0.002)
    assert image.std() / 65535 == pytest.approx(np.sqrt(0.0029), rel=0.05)


def test_shot_noise_is_as_skewed_as_poisson_noise() -> None:
    image = expose(flat(0.4), np.random.default_rng(2), photons=50, read_noise=0, bit_depth=16).astype(float)
    skewness = ((image - image.mean()) ** 3).mean() / image.std() ** 3
    assert skewness == pytest.approx(1 / np.sqrt(20), abs=0.05)  # 1 / √λ, λ = 0.4 · 50


def test_a_shoulder_saturates_softly() -> None:
    def level(light: float, shoulder: float) -> int:
        image = expose(flat(light), np.random.default_rng(0), photons=1e12, read_noise=0, shoulder=shoulder)
        return int(image[0, 0])

    assert level(1.2, 0.0) == 255
    assert level(0.5, 0.5) == 128
    assert level(0.5, 0.5) < level(0.9, 0.5) < level(1.2, 0.5) < 255


def test_illumination_stays_about_one() -> None:
    for seed in range(20):
        field = illumination((30, 50), 0.3, np.random.default_rng(seed))
        assert field.shape == (30, 50)
        assert np.abs(field - 1).max() == pytest.approx(0.3, rel=1e-4)
        assert field.mean() == pytest.approx(1, abs=1e-3)
    assert illumination((1, 1), 0.3, np.random.default_rng(0)) == pytest.approx(1.0)
