"""Flags of a volume, seen slice by slice, are those of all its slices at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.calibration.exposure import Exposure
from cytally.calibration.flags import exposure_flags


def streamed(volume: np.ndarray) -> tuple[str, ...]:
    exposure = Exposure()
    for each in volume:
        exposure.add(each)
    return exposure.flags()


@given(seed=st.integers(0, 10_000), top=st.sampled_from([0, 1, 1023, 4095, 65535]), share=st.floats(0, 0.05))
def test_as_the_whole(seed: int, top: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    volume = rng.integers(0, max(1, top), (3, 20, 30), dtype=np.uint16)
    volume[rng.random(volume.shape) < share] = top
    for pixels in (volume, volume.astype(np.float32), (volume >> 8).astype(np.uint8)):
        assert streamed(pixels) == exposure_flags(pixels.reshape(1, 60, 30))


@pytest.mark.parametrize(("number", "flags"), [(5, ()), (6, ("saturated",))])
def test_at_the_limit(number: int, flags: tuple[str, ...]) -> None:
    volume = np.zeros((3, 10, 20), np.uint8)
    volume[1].flat[:number] = 255
    assert streamed(volume) == exposure_flags(volume.reshape(1, 30, 20)) == flags


def test_constant_black_and_white() -> None:
    for value, flags in ((0, ("black",)), (7, ("constant",)), (255, ("white",))):
        assert streamed(np.full((2, 8, 8), value, np.uint8)) == flags
    assert streamed(np.array([np.zeros((8, 8)), np.ones((8, 8))])) == ("saturated",)
    assert Exposure().flags() == ()
