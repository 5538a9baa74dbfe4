import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.images.resize import resize
from cytally.slides import resample as module
from cytally.slides.resample import line, resample


@settings(max_examples=60)
@given(st.integers(2, 70), st.integers(2, 70), st.integers(2, 70), st.integers(2, 70), st.data())
def test_a_part_is_what_resizing_the_whole_gives_there(rows, columns, down, across, data):
    picture = np.random.default_rng(rows).random((2, rows, columns), np.float32)
    top = data.draw(st.integers(0, down - 1))
    left = data.draw(st.integers(0, across - 1))
    bottom, right = data.draw(st.integers(top + 1, down)), data.draw(st.integers(left + 1, across))
    lines = line(rows, down, top, bottom), line(columns, across, left, right)
    window = picture[:, lines[0].source, lines[1].source]
    part = resample(lambda strip: window[:, strip], 2, *lines)
    np.testing.assert_allclose(part, resize(picture, (down, across))[:, top:bottom, left:right], atol=2e-5)


def test_strips_change_nothing(monkeypatch):
    picture = np.random.default_rng(0).random((1, 50, 20), np.float32)
    lines = line(50, 13, 0, 13), line(20, 20, 0, 20)
    whole = resample(lambda strip: picture[:, strip], 1, *lines)
    monkeypatch.setattr(module, "STRIP", 7)
    np.testing.assert_array_equal(resample(lambda strip: picture[:, strip], 1, *lines), whole)


def test_only_what_is_needed_is_asked_for():
    assert line(4000, 1000, 0, 10).source == slice(0, 42)
    assert line(4000, 1000, 990, 1000).source == slice(3958, 4000)


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (2, 2), (0, 11)])
def test_pixels_beyond_the_axis_are_refused(start, stop):
    with pytest.raises(ValueError, match="not within the 10"):
        line(20, 10, start, stop)
