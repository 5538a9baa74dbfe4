"""The mean over turns and mirror images, against a slow reference."""

import numpy as np
import pytest

from cytally.inference.flips import over_flips


def slow(run, image):
    """Each view by transposing and reversing index by index."""
    total = 0
    for transpose in (False, True):
        for up in (1, -1):
            for left in (1, -1):
                seen = image[:, ::up, ::left]
                output = run(np.ascontiguousarray(seen.swapaxes(1, 2) if transpose else seen))
                total = total + (output.swapaxes(1, 2) if transpose else output)[:, ::up, ::left]
    return total / 8


@pytest.mark.parametrize("shape", [(2, 5, 8), (1, 6, 6), (1, 1, 3)], ids=str)
def test_it_is_the_mean_over_the_eight_views(shape):
    rng = np.random.default_rng(0)
    image = rng.normal(size=shape).astype(np.float32)
    towards = np.linspace(0, 1, 8)  # a network that sees one thing to the left and another at the top

    def run(picture):
        rows, columns = picture.shape[1:]
        return (picture * towards[None, :rows, None] + np.cumsum(picture, axis=2) * towards[:columns]).astype(
            np.float32
        )

    found = over_flips(run, image)
    assert found.shape == shape and found.dtype == np.float32
    assert found == pytest.approx(slow(run, image), abs=1e-5)


def test_what_has_no_direction_stays_as_it_is():
    image = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    assert over_flips(np.square, image) == pytest.approx(image**2)
