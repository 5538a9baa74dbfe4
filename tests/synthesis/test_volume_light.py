import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.synthesis.volume_config import VolumeConfig
from cytally.synthesis.volume_light import enlarged, photograph, smooth_noise

QUIET = VolumeConfig(
    shape=(9, 41, 41), background=(0, 0), read_noise=(0, 0), haze=(0, 0), dimming=(0, 0), blur_growth=(0, 0),
    unevenness=(0, 0), mottle=(0, 0), gain=(1, 1), offset=(0, 0), blur=(2, 2), axial_blur=(2, 2),
)  # fmt: skip


@pytest.mark.parametrize("sigma", [(1.0, 1.0, 1.0), (1.0, 6.0, 6.0), (8.0, 3.0, 3.0)])
def test_smooth_noise_is_as_smooth_as_told(sigma):
    field = smooth_noise((40, 80, 80), sigma, np.random.default_rng(0))
    assert field.shape == (40, 80, 80) and abs(field.mean()) < 1e-3 and field.std() == pytest.approx(1, abs=1e-3)
    # White noise blurred by a Gaussian is correlated as exp(-d² / 4σ²).
    for axis in range(3):
        away = max(1, round(sigma[axis]))
        one, other = (np.take(field, range(*ends), axis=axis) for ends in ((0, 40 - away), (away, 40)))
        found = np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert found == pytest.approx(np.exp(-(away**2) / (4 * sigma[axis] ** 2)), abs=0.15)


@given(length=st.integers(1, 30), step=st.integers(1, 5))
def test_enlarging_interpolates_a_line_exactly(length, step):
    field = (3 + 2 * np.arange(-(-length // step) + 2, dtype=np.float32))[:, None]
    assert enlarged(field, 0, length, step)[:, 0] == pytest.approx(3 + 2 * np.arange(length) / step, rel=1e-5)


def test_a_point_is_seen_as_the_point_spread():
    light = np.zeros((9, 41, 41), dtype=np.float32)
    light[4, 20, 20] = 5e6
    image = photograph(light, QUIET, 1.0, np.random.default_rng(0)).astype(float)
    z, y, x = np.indices(image.shape)
    spread = [np.sqrt((image * (axis - at) ** 2).sum() / image.sum()) for axis, at in ((z, 4), (y, 20), (x, 20))]
    assert spread == pytest.approx([2, 2, 2], rel=0.08)


def test_even_light_is_seen_as_it_is_at_every_slice():
    light = np.full((27, 41, 41), 1e4, dtype=np.float32)
    image = photograph(light, QUIET.model_copy(update={"haze": (0.3, 0.3)}), 1.0, np.random.default_rng(0))
    assert image.mean(axis=(1, 2)) == pytest.approx(np.full(9, 1e4), rel=0.005)


def test_light_beyond_sixteen_bits_saturates():
    light = np.full((9, 41, 41), 1e6, dtype=np.float32)
    assert (photograph(light, QUIET, 1.0, np.random.default_rng(0)) == 65535).all()
