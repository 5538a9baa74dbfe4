"""Pixels that objects share."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from cytally.metrics import overlap as module
from cytally.metrics.overlap import overlap

TYPES = [np.uint8, np.uint16, np.int64, np.uint32]


@st.composite
def two(draw: st.DrawFn) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    one, other = (draw(arrays(draw(st.sampled_from(TYPES)), shape, elements=st.integers(0, 4))) for _ in "ab")
    return one, other


@given(two())
def test_as_counted_pixel_by_pixel(images: tuple[NDArray[np.integer], NDArray[np.integer]]) -> None:
    true, predicted = images
    table = overlap(true, predicted)
    slow = Counter(zip(true.ravel().tolist(), predicted.ravel().tolist(), strict=True))
    found = {
        (int(table.true[row]), int(table.predicted[column])): int(pixels)
        for row, column, pixels in zip(table.rows, table.columns, table.shared, strict=True)
    }
    assert found == {pair: pixels for pair, pixels in slow.items() if 0 not in pair}
    assert dict(zip(table.true, table.true_areas, strict=True)) == Counter(true[true > 0].tolist())
    assert dict(zip(table.predicted, table.predicted_areas, strict=True)) == Counter(predicted[predicted > 0].tolist())
    for row, column, iou in zip(table.rows, table.columns, table.ious, strict=True):
        one, other = true == table.true[row], predicted == table.predicted[column]
        assert iou == (one & other).sum() / (one | other).sum()


def test_large_labels_and_a_run_over_the_end_of_a_row() -> None:
    true = np.array([[0, 4_000_000_000], [4_000_000_000, 0]], np.uint32)
    predicted = np.array([[0, 2**40], [2**40, 2**40]])
    table = overlap(true, predicted)
    assert table.true.tolist() == [4_000_000_000] and table.predicted.tolist() == [2**40]
    assert table.shared.tolist() == [2] and table.ious.tolist() == [2 / 3]


@given(two(), st.integers(1, 40))
def test_in_pieces_as_all_at_once(images: tuple[NDArray[np.integer], NDArray[np.integer]], piece: int) -> None:
    whole = overlap(*images)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "PIECE", piece)
        pieces = overlap(*images)
    for name in ("true", "predicted", "true_areas", "predicted_areas", "rows", "columns", "shared"):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name), strict=True)


def test_a_volume_on_disk_is_not_read_whole(tmp_path: Path) -> None:
    shape = (24, 1024, 1024)  # 96 MiB as uint32
    for name in ("true", "predicted"):
        np.memmap(tmp_path / name, np.uint32, "w+", shape=shape)[:, 100:200, 100:200] = 7
    true, predicted = (np.memmap(tmp_path / name, np.uint32, "r", shape=shape) for name in ("true", "predicted"))
    tracemalloc.start()
    try:
        assert overlap(true, predicted).shared.tolist() == [24 * 100 * 100]
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


def test_nothing_at_all() -> None:
    for shape in ((0, 0), (0, 5), (3, 3)):
        table = overlap(np.zeros(shape, int), np.zeros(shape, int))
        assert len(table.true) == len(table.predicted) == len(table.shared) == len(table.ious) == 0


def test_a_large_image_is_quick() -> None:
    tile = np.kron(np.arange(1, 40_001, dtype=np.uint32).reshape(200, 200), np.ones((16, 16), np.uint32))
    start = process_time()
    assert len(overlap(tile, tile).shared) == 40_000
    assert process_time() - start < 1


def test_what_are_no_labels_is_refused() -> None:
    whole = np.zeros((2, 2), int)
    with pytest.raises(ValueError, match=r"shape \(2, 2\), the predicted ones \(2, 3\)"):
        overlap(whole, np.zeros((2, 3), int))
    with pytest.raises(ValueError, match="not float64"):
        overlap(whole, np.zeros((2, 2)))
    with pytest.raises(ValueError, match="negative: -1"):
        overlap(whole - 1, whole)
