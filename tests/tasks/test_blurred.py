"""Images put out of focus."""

import numpy as np
import pytest

from cytally.images.image import Image
from cytally.tasks.blurred import BLURS, Blur, blurred, disc


@pytest.mark.parametrize("blur", BLURS, ids=str)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_it_keeps_kind_shape_and_light(blur: Blur, kind: type) -> None:
    pixels = np.full((2, 40, 50), 100, kind)
    pixels[:, 20, 25] = 200
    plane = next(Image.from_array(pixels, axes="CYX").planes())
    found = blurred(plane, blur, 8.0, 0)
    assert found.data.dtype == kind and found.data.shape == plane.data.shape
    assert found.data.mean() == pytest.approx(100, abs=0.5) and found.data.max() < 200
    assert (blurred(plane, blur, 8.0, 0).data == found.data).all()


def test_noise_stays_where_asked() -> None:
    noise = np.random.default_rng(0).normal(100, 5, (1, 200, 200)).astype(np.float32)
    plane = next(Image.from_array(noise, axes="CYX").planes())
    assert blurred(plane, Blur("gaussian", 0.5), 10, 0).data.std() < 1
    assert blurred(plane, Blur("gaussian", 0.5, noisy=True), 10, 0).data.std() == pytest.approx(5, rel=0.1)


def test_a_disc_by_hand() -> None:
    assert disc(1.0) == pytest.approx(np.array([[0.0858, 1, 0.0858], [1, 2, 1], [0.0858, 1, 0.0858]]) / 6.343, abs=0.2)
    assert disc(6.0).sum() == pytest.approx(1) and disc(6.0).shape == (13, 13)
