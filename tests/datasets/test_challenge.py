"""Data sets of the Cell Tracking Challenge: frames, and annotation of whole volumes or single slices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from cytally.datasets.challenge import find_sequence, is_challenge
from cytally.datasets.folder import read_folder
from cytally.errors import CytallyError, DataError, ImageError

SHAPE = (4, 12, 16)


def save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, array, photometric="minisblack", metadata=None)


def frames(root: Path, sequence: str, numbers: list[int], digits: int = 3) -> None:
    for number in numbers:
        image = np.random.default_rng(number).integers(0, 900, SHAPE).astype(np.uint16)
        save(root / sequence / f"t{number:0{digits}d}.tif", image)


def labels() -> np.ndarray:
    volume = np.zeros(SHAPE, np.uint16)
    volume[0:2, 2:5, 2:5], volume[1:4, 7:11, 8:14], volume[3, 0, 0] = 3, 7, 700
    return volume


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Sequence 01: frame 0 whole, frame 1 two slices, frame 2 nothing. Sequence 02: nothing known."""
    frames(tmp_path, "01", [0, 1, 2])
    frames(tmp_path, "02", [0, 1])
    save(tmp_path / "01_GT/SEG/man_seg000.tif", labels())
    save(tmp_path / "01_GT/SEG/man_seg_001_001.tif", labels()[1])
    save(tmp_path / "01_GT/SEG/man_seg_001_003.tif", labels()[3])
    for number in range(3):
        save(tmp_path / f"01_GT/TRA/man_track{number:03}.tif", labels())
    (tmp_path / "01_GT/TRA/man_track.txt").write_text("3 0 2 0\n7 0 2 0\n700 0 2 0\n")
    (tmp_path / "01_RES").mkdir()
    return tmp_path


def test_frames_of_all_sequences(root: Path) -> None:
    seen = []
    folder = read_folder(root, volumes=True, on_image=lambda done, total: seen.append((done, total)))
    names = ["01_t000.tif", "01_t001.tif", "01_t002.tif", "02_t000.tif", "02_t001.tif"]
    assert [sample.name for sample in folder.samples] == names
    assert [sample.path for sample in folder.samples] == [root / name[:2] / name[3:] for name in names]
    assert [sample.count for sample in folder.samples] == [3, None, None, None, None]
    assert [sample.shape for sample in folder.samples] == [SHAPE, SHAPE, None, None, None]
    assert [sample.markers is not None for sample in folder.samples] == [True, True, True, False, False]
    assert all(sample.points is None and sample.covariances is None for sample in folder.samples)
    assert seen == [(done, 5) for done in range(5)]
    assert folder.warnings == ()


def test_a_whole_volume(root: Path) -> None:
    volume, annotated = read_folder(root, volumes=True).samples[0].label_volume()
    assert np.array_equal(volume, labels())
    assert annotated == (0, 1, 2, 3)


def test_single_slices(root: Path) -> None:
    sample = read_folder(root, volumes=True).samples[1]
    assert sample.labels is None
    assert sample.label_slices == {
        1: root / "01_GT/SEG/man_seg_001_001.tif",
        3: root / "01_GT/SEG/man_seg_001_003.tif",
    }
    volume, annotated = sample.label_volume()
    expected = labels()
    expected[[0, 2]] = 0
    assert np.array_equal(volume, expected)
    assert volume.dtype == np.uint16
    assert annotated == (1, 3)


def test_the_whole_is_preferred_to_its_slices(root: Path) -> None:
    save(root / "01_GT/SEG/man_seg_000_002.tif", labels()[2] * 0)
    sample = read_folder(root, volumes=True).samples[0]
    assert sample.label_slices is None
    assert sample.count == 3


def test_nothing_annotated(root: Path) -> None:
    with pytest.raises(DataError, match="is a volume without labels"):
        read_folder(root, volumes=True).samples[2].label_volume()
    for file in (root / "01_GT/SEG").iterdir():
        file.unlink()
    assert len(read_folder(root, volumes=True, require_annotation=False).samples) == 5
    with pytest.raises(DataError, match=r"no annotated image; add label volumes.*man_seg000\.tif"):
        read_folder(root, volumes=True)


def test_slices_alone_are_annotation(root: Path) -> None:
    (root / "01_GT/SEG/man_seg000.tif").unlink()
    assert [bool(sample.label_slices) for sample in read_folder(root, volumes=True).samples] == [False, True] + [
        False
    ] * 3


def test_four_digits(tmp_path: Path) -> None:
    frames(tmp_path, "01", [0, 1], digits=4)
    save(tmp_path / "01_GT/SEG/man_seg0001.tif", labels())
    save(tmp_path / "01_GT/SEG/man_seg_0000_0002.tif", labels()[2])
    first, second = read_folder(tmp_path, volumes=True).samples
    assert (first.name, list(first.label_slices or ())) == ("01_t0000.tif", [2])
    assert second.count == 3
    sequence = find_sequence(tmp_path / "01")
    assert sequence is not None
    assert (sequence.name, sequence.digits, sequence.number(12)) == ("01", 4, "0012")
    frames(tmp_path, "01", [2], digits=3)
    with pytest.raises(DataError, match="01: numbers frames with three digits and with four"):
        find_sequence(tmp_path / "01")


@pytest.mark.parametrize(("there", "first", "lacking"), [([0, 2], 1, 1), ([0, 1, 4, 6], 2, 3), ([1, 2], 0, 1)])
def test_missing_frames(tmp_path: Path, there: list[int], first: int, lacking: int) -> None:
    frames(tmp_path, "01", there)
    with pytest.raises(DataError, match=rf"01: lacks {lacking} of its {there[-1] + 1} frames, first t00{first}\.tif; "):
        read_folder(tmp_path, volumes=True)
    with pytest.raises(DataError, match=rf"first t00{first}\.tif"):
        find_sequence(tmp_path / "01")


@pytest.mark.parametrize(
    ("name", "array"),
    [("SEG/man_seg003.tif", labels()), ("SEG/man_seg_003_001.tif", labels()[1]), ("TRA/man_track003.tif", labels())],
)
def test_annotation_of_a_frame_that_is_missing(root: Path, name: str, array: np.ndarray) -> None:
    save(root / "01_GT" / name, array)
    with pytest.raises(DataError, match=rf"01: lacks the frame t003\.tif, which {name[4:]} is of; "):
        read_folder(root, volumes=True)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("man_seg000.tif", labels()[:3], r"has the shape \(3, 12, 16\), but its volume 01_t000.tif has \(4, 12, 16\)"),
        ("man_seg000.tif", labels()[0], r"has the shape \(1, 12, 16\), but its volume"),
        ("man_seg000.tif", labels().astype(np.float32), "labels are whole numbers"),
        ("man_seg_001_003.tif", labels()[3].T, r"has the shape \(16, 12\), but slices .* have \(12, 16\)"),
        ("man_seg_001_003.tif", labels(), "is the label image of one slice"),
        ("man_seg_001_004.tif", labels()[3], r"is of slice 4, but its volume 01_t001.tif has 4 \(from 0\)"),
    ],
)
def test_labels_that_do_not_fit(root: Path, name: str, array: np.ndarray, message: str) -> None:
    save(root / "01_GT/SEG" / name, array)
    with pytest.raises(DataError, match=message) as caught:
        read_folder(root, volumes=True)
    assert str(caught.value).startswith(str(root / "01_GT/SEG" / name))
    broken = []
    folder = read_folder(
        root, volumes=True, require_annotation=False, on_broken=lambda path, error: broken.append(path.name)
    )
    assert len(broken) == 1
    assert len(folder.samples) == 4


def test_frames_of_two_dimensions(tmp_path: Path) -> None:
    save(tmp_path / "01/t000.tif", labels()[0])
    save(tmp_path / "01_GT/SEG/man_seg000.tif", labels()[0])
    with pytest.raises(ImageError, match=r"01/t000\.tif: is one picture, not a volume; count it with cytally count"):
        read_folder(tmp_path, volumes=True)


def test_what_is_a_challenge_folder(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert is_challenge(root)
    assert not is_challenge(root / "nothing")
    assert find_sequence(root) is None
    assert find_sequence(root / "01_GT") is None
    assert find_sequence(root / "01_RES") is None
    assert find_sequence(root / "03") is None
    with pytest.raises(DataError, match="is a data set of the Cell Tracking Challenge"):
        read_folder(root)
    (root / "images").mkdir()
    assert not is_challenge(root)
    with pytest.raises(CytallyError, match="images"):
        read_folder(root, volumes=True)


def test_a_sequence_named_from_inside(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "01")
    sequence = find_sequence(".")
    assert sequence is not None
    assert (sequence.name, len(sequence.frames)) == ("01", 3)
