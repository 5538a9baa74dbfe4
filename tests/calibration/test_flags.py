import numpy as np
import pytest

from cytally.calibration.flags import exposure_flags


def image(value, dtype, bright=0, brightest=None) -> np.ndarray:
    """10 x 20 pixels that rise from 0 to `value`, `bright` of them at `brightest`."""
    data = np.linspace(0, value, 200).astype(dtype).reshape(1, 10, 20)
    data.ravel()[:bright] = brightest if brightest is not None else 0
    return data


@pytest.mark.parametrize(
    ("data", "flags"),
    [
        (np.zeros((2, 5, 5), np.uint16), ("black",)),
        (np.zeros((1, 5, 5), np.float32), ("black",)),
        (np.full((1, 5, 5), 65535, np.uint16), ("white",)),
        (np.full((1, 5, 5), 255, np.uint16), ("constant",)),
        (np.full((1, 5, 5), 1.0, np.float32), ("constant",)),
        (image(200, np.uint8), ()),
        (image(200, np.uint8, bright=1, brightest=255), ()),
        (image(200, np.uint8, bright=2, brightest=255), ("saturated",)),
        (image(60000, np.uint16, bright=2, brightest=65535), ("saturated",)),
        (image(4095, np.uint16, bright=2, brightest=4095), ("saturated",)),  # a camera of 12 bits
        (image(4094, np.uint16, bright=2, brightest=4094), ()),
        (image(1.0, np.float32), ()),
        (image(1.0, np.float32, bright=3, brightest=2.0), ("saturated",)),
    ],
)
def test_what_is_unusual_about_the_exposure(data, flags):
    assert exposure_flags(data) == flags


def test_one_saturated_channel_is_enough():
    data = np.concatenate([image(200, np.uint8), image(200, np.uint8, bright=10, brightest=255)])
    assert exposure_flags(data) == ("saturated",)
