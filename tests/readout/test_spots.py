"""Heat maps of centres, beside a slow reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.readout.spots import centre_spots

PLACES = st.lists(st.tuples(st.floats(-3, 14), st.floats(-3, 17)), max_size=5)


@given(PLACES, st.floats(0.5, 4))
def test_as_written_down(places, sigma):
    """Slow and obvious: at each pixel the highest of all Gaussians, which end three deviations away."""
    expected = np.zeros((12, 15))
    for y, x in np.ndindex(12, 15):
        for cy, cx in places:
            value = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * sigma**2))
            near = max(abs(y - round(cy)), abs(x - round(cx))) <= np.ceil(3 * sigma)
            expected[y, x] = max(expected[y, x], value * near)
    assert centre_spots(np.array(places).reshape(-1, 2), (12, 15), sigma) == pytest.approx(expected, abs=1e-6)


def test_a_centre_between_pixels_reaches_both_alike():
    spots = centre_spots(np.array([[0.0, 1.5]]), (1, 4), 1.0)
    assert spots[0, 1] == spots[0, 2] == pytest.approx(np.exp(-0.125))
