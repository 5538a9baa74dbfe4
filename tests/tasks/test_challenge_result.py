"""Result folders of the Cell Tracking Challenge, validated and scored by py-ctcmetrics, and read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from ctc_metrics.scripts.evaluate import evaluate_sequence
from ctc_metrics.scripts.validate import validate_sequence

from cytally.datasets.challenge import Sequence
from cytally.datasets.folder import read_folder
from cytally.datasets.labels import read_label_volume
from cytally.errors import DataError
from cytally.tasks.challenge_result import find_sequence, write_result

SHAPE = (3, 20, 24)


def save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, array, photometric="minisblack", metadata=None)


def truth(frame: int) -> np.ndarray:
    """Two cells, which move, and from the second frame on a third."""
    labels = np.zeros(SHAPE, np.uint16)
    labels[0:2, 2 + frame : 7 + frame, 2:8], labels[1:3, 12:18, 10 + frame : 16 + frame] = 4, 9
    if frame:
        labels[2, 2:5, 18:22] = 300
    return labels


@pytest.fixture
def sequence(tmp_path: Path) -> Sequence:
    for frame in range(3):
        save(tmp_path / f"01/t{frame:03}.tif", truth(frame) * 7 + 100)
        save(tmp_path / f"01_GT/SEG/man_seg{frame:03}.tif", truth(frame))
        save(tmp_path / f"01_GT/TRA/man_track{frame:03}.tif", truth(frame))
    (tmp_path / "01_GT/TRA/man_track.txt").write_text("4 0 2 0\n9 0 2 0\n300 1 2 0\n")
    found = find_sequence(tmp_path / "01")
    assert found is not None
    return found


def same_objects(one: np.ndarray, other: np.ndarray) -> bool:
    """Slowly and plainly: each object of one is an object of the other."""
    pairs = set(zip(one.ravel().tolist(), other.ravel().tolist(), strict=True))
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}) and (0, 0) in pairs


def test_round_trip(sequence: Sequence, tmp_path: Path) -> None:
    samples = read_folder(tmp_path, volumes=True).samples
    seen = []
    folder = write_result(
        sequence,
        tmp_path,
        (sample.label_volume()[0] for sample in samples),
        on_frame=lambda done, total: seen.append((done, total)),
    )
    assert folder == tmp_path / "01_RES"
    assert sorted(file.name for file in folder.iterdir()) == [
        "mask000.tif",
        "mask001.tif",
        "mask002.tif",
        "res_track.txt",
    ]
    assert (folder / "res_track.txt").read_text().splitlines() == [
        *("1 0 0 0", "2 0 0 0"),
        *("3 1 1 0", "4 1 1 0", "5 1 1 0"),
        *("6 2 2 0", "7 2 2 0", "8 2 2 0"),
    ]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    for frame in range(3):
        with tifffile.TiffFile(folder / f"mask{frame:03}.tif") as file:
            assert len(file.pages) == SHAPE[0]
            assert (file.series[0].dtype, file.pages[0].photometric) == (np.uint16, 1)
        mask = read_label_volume(folder / f"mask{frame:03}.tif")
        assert mask.shape == SHAPE
        assert same_objects(mask, truth(frame))
    assert validate_sequence(str(folder), threads=1)["Valid"] == 1
    scores = evaluate_sequence(str(folder), str(tmp_path / "01_GT"), metrics=["SEG", "DET"], threads=1)
    assert scores["SEG"] == pytest.approx(1)
    assert scores["DET"] == pytest.approx(1)


def test_a_damaged_result_is_not_valid(sequence: Sequence, tmp_path: Path) -> None:
    """So that the validation above can fail."""
    folder = write_result(sequence, tmp_path, [truth(frame) for frame in range(3)])
    lines = (folder / "res_track.txt").read_text().splitlines()
    (folder / "res_track.txt").write_text("\n".join(lines[1:]) + "\n")
    with pytest.warns(UserWarning, match="in mask but not in res_track"):
        assert validate_sequence(str(folder), threads=1)["Valid"] == 0


def test_a_frame_without_objects_has_a_mask(sequence: Sequence, tmp_path: Path) -> None:
    folder = write_result(sequence, tmp_path, [truth(0), truth(1) * 0, truth(2)])
    assert not read_label_volume(folder / "mask001.tif").any()
    assert len((folder / "res_track.txt").read_text().splitlines()) == 5
    folder = write_result(sequence, tmp_path, [truth(0) * 0] * 3)
    assert (folder / "res_track.txt").read_text() == ""


def test_an_object_whose_slices_do_not_touch_keeps_one_number(sequence: Sequence, tmp_path: Path) -> None:
    labels = np.zeros(SHAPE, np.uint32)
    labels[0, 0, 0], labels[2, 5, 5], labels[1, 3, 3] = 4_000_000_000, 4_000_000_000, 2
    folder = write_result(sequence, tmp_path, [labels, labels, labels])
    assert same_objects(read_label_volume(folder / "mask001.tif"), labels)


def test_an_earlier_result_is_replaced(sequence: Sequence, tmp_path: Path) -> None:
    save(tmp_path / "out/01_RES/mask007.tif", truth(0))
    folder = write_result(sequence, tmp_path / "out", [truth(frame) for frame in range(3)])
    assert not (folder / "mask007.tif").exists()
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["01_RES"]


def test_digits_follow_the_frames(tmp_path: Path) -> None:
    for frame in range(2):
        save(tmp_path / f"02/t{frame:04}.tif", truth(frame) + 1)
    sequence = find_sequence(tmp_path / "02")
    assert sequence is not None
    folder = write_result(sequence, tmp_path, [truth(0), truth(1)])
    assert sorted(file.name for file in folder.iterdir()) == ["mask0000.tif", "mask0001.tif", "res_track.txt"]


def full(side: int = 256) -> np.ndarray:
    """A frame of 65,536 objects of one pixel."""
    return np.arange(1, side * side + 1, dtype=np.uint32).reshape(1, side, side)


@pytest.mark.parametrize("objects", [65_535, 65_536])
def test_most_objects(tmp_path: Path, objects: int) -> None:
    save(tmp_path / "01/t000.tif", np.ones((2, 256, 256), np.uint8))
    sequence = find_sequence(tmp_path / "01")
    assert sequence is not None
    labels = np.concatenate([full(), full() * 0])
    labels[labels > objects] = 0
    if objects == 65_535:
        folder = write_result(sequence, tmp_path / "out", [labels])
        assert read_label_volume(folder / "mask000.tif").max() == 65_535
        return
    with pytest.raises(DataError, match=r"01: holds more than 65,535 objects, and the 16-bit masks.*labels/"):
        write_result(sequence, tmp_path / "out", [labels])
    assert list((tmp_path / "out").iterdir()) == []


def test_objects_of_all_frames_count(tmp_path: Path) -> None:
    half = full(200)
    for frame in range(2):
        save(tmp_path / f"01/t{frame:03}.tif", np.ones((2, 200, 200), np.uint8))
    sequence = find_sequence(tmp_path / "01")
    assert sequence is not None
    with pytest.raises(DataError, match="65,535 objects"):
        write_result(sequence, tmp_path / "out", [np.concatenate([half, half * 0])] * 2)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([truth(0), truth(1)], r"t002\.tif: was not segmented, and a result needs every frame"),
        ([truth(0), truth(1)[:2], truth(2)], r"t001\.tif: has the shape \(3, 20, 24\).*labels have 2 slices"),
        ([truth(0), truth(1)[:, :9], truth(2)], r"t001\.tif: .*labels have a slice of \(9, 24\)"),
        ([np.repeat(truth(0), 2, 0)], r"t000\.tif: .*labels have more slices"),
        ([truth(0)] * 4, "more labels than its 3 frames"),
    ],
)
def test_labels_that_do_not_fit(sequence: Sequence, tmp_path: Path, labels: list[np.ndarray], message: str) -> None:
    with pytest.raises(DataError, match=message):
        write_result(sequence, tmp_path / "out", labels)
    assert list((tmp_path / "out").iterdir()) == []
