import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.synthesis.timelapse_shifts import draw_shifts


@given(
    frames=st.integers(1, 80), largest=st.floats(0, 40), jumps=st.integers(0, 5), share=st.floats(0, 1),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_a_path_begins_at_0_and_goes_as_far_as_it_was_asked_to(frames, largest, jumps, share, seed):
    shifts = draw_shifts(frames, largest, jumps, share, np.random.default_rng(seed))
    assert shifts.shape == (frames, 2) and not shifts[0].any()
    farthest = np.hypot(*shifts.T).max()
    assert farthest <= largest + 1e-9
    if frames > 2:
        assert farthest == pytest.approx(largest)


def test_jumps_alone_are_steps_and_drift_alone_is_smooth():
    steps = np.hypot(*np.diff(draw_shifts(50, 20, 3, 1.0, np.random.default_rng(1)), axis=0).T)
    assert 1 <= (steps > 1e-9).sum() <= 3
    steps = np.hypot(*np.diff(draw_shifts(50, 20, 0, 1.0, np.random.default_rng(1)), axis=0).T)
    assert steps.max() < 3 and (steps > 0).all()
