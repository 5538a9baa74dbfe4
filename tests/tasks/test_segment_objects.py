"""Objects measured slice by slice against the same, measured in the whole volume."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.tasks.segment_objects import COLUMNS, ObjectSums


def measured(labels: np.ndarray, pixels: np.ndarray) -> ObjectSums:
    sums = ObjectSums()
    for one, other in zip(labels, pixels, strict=True):
        sums.add(one, other)
    return sums


@given(seed=st.integers(0, 10_000), names=st.integers(1, 2000), dtype=st.sampled_from([np.uint16, np.float32]))
def test_against_the_whole_volume(seed: int, names: int, dtype: type) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 6, 3))
    labels = rng.integers(0, names + 1, shape) * rng.integers(0, 2, shape)
    pixels = (1000 * rng.random(shape)).astype(dtype)
    sums = measured(labels, pixels)
    order = list(dict.fromkeys(int(name) for name in labels.ravel() if name))  # C order: slice, row, column
    assert sums.names.tolist() == order
    kept = sums.names[sums.voxels(sums.names) >= 2]
    written = sums.renumbered(kept)
    table = sums.table(written, 0.5)
    assert table["label"].tolist() == list(range(1, len(kept) + 1)) and tuple(table.columns) == COLUMNS
    for row, name in zip(table.itertuples(), kept, strict=True):
        places = np.argwhere(labels == name)
        assert (row.z, row.y, row.x) == pytest.approx(places.mean(axis=0))
        assert (row.voxels, row.volume_um3) == (len(places), 0.5 * len(places))
        assert (row.first_slice, row.last_slice) == (places[0, 0], places[-1, 0])
        assert row.mean_intensity == pytest.approx(pixels[labels == name].mean(dtype=np.float64))
    small = [name for name in order if (labels == name).sum() < 2]
    assert (written[labels] == 0).sum() == (labels == 0).sum() + len(small)


def test_nothing_found() -> None:
    sums = measured(np.zeros((2, 3, 4), np.uint32), np.ones((2, 3, 4)))
    assert len(sums.names) == 0 and len(sums.table(sums.renumbered(sums.names))) == 0
    assert sums.renumbered(sums.names)[np.zeros((3, 4), int)].sum() == 0


def test_without_a_voxel_size_volumes_are_empty() -> None:
    sums = measured(np.ones((1, 2, 2), int), np.ones((1, 2, 2)))
    assert sums.table(sums.renumbered(sums.names))["volume_um3"].isna().all()


def test_bright_16_bit_objects_do_not_overflow() -> None:
    sums = measured(np.ones((3, 500, 500), np.uint16), np.full((3, 500, 500), 65535, np.uint16))
    assert sums.table(sums.renumbered(sums.names))["mean_intensity"].tolist() == [65535.0]
