import numpy as np
import pytest

from cytally.tasks.counted_frames import CountedFrame, FrameStore

DENSITY = np.random.default_rng(0).random((5, 7)).astype(np.float32)
LABELS = np.arange(35, dtype=np.uint16).reshape(5, 7)


@pytest.mark.parametrize(
    "frame",
    [
        CountedFrame(2.5, np.array([[1.5, 2.0]]), density=DENSITY, diameter=9.0, flags=("tiny",)),
        CountedFrame(3.0, np.ones((3, 2)), np.arange(3.0), labels=LABELS, interval=(2.0, 5.0)),
        CountedFrame(3.0, None),
    ],
)
def test_what_is_kept_comes_back(tmp_path, frame):
    store = FrameStore(tmp_path / "work")
    assert not store.has(7)
    store.keep(7, frame)
    found = store.get(7)
    assert store.has(7) and found.count == frame.count and found.flags == frame.flags
    assert found.interval == frame.interval
    for name in ("points", "areas", "density", "labels"):
        before, after = getattr(frame, name), getattr(found, name)
        assert (before is None) == (after is None)
        if before is not None:
            assert np.array_equal(before, after) and before.dtype == after.dtype
    assert store.get(7, planes=False).density is None


def test_a_frame_of_nothing_does_not_count(tmp_path):
    store = FrameStore(tmp_path)
    store.keep(0, CountedFrame.of_nothing("black"))
    found = store.get(0)
    assert np.isnan(found.count) and not found.counts and found.flags == ("black",)
    assert not CountedFrame(3.0, None, flags=("duplicate",)).counts
    assert CountedFrame(3.0, None, flags=("dense",)).counts
