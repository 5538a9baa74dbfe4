"""Result folders of the Cell Tracking Challenge beside the labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from threshold_network import Threshold, threshold_configuration

from cytally.errors import CytallyError, DataError, UsageError
from cytally.models.model import Model
from cytally.models.volumes import Segmenter
from cytally.tasks.segment import SegmentSummary, segment
from cytally.tasks.segment_options import SegmentOptions
from cytally.tasks.watch import Watch


@pytest.fixture
def model(make_model: Callable[..., Model]) -> Model:
    return make_model(threshold_configuration(), Threshold())


@pytest.fixture
def sequence(tmp_path: Path) -> Path:
    """Three frames of two slices or three, with 2, 1 and 3 boxes."""
    folder = tmp_path / "DATA" / "01"
    folder.mkdir(parents=True)
    places = [(2, 2), (10, 10), (2, 10)]
    for time, number in enumerate((2, 1, 3)):
        frame = np.full((3, 16, 16), 10, np.uint16)
        for y, x in places[:number]:
            frame[:, y : y + 5, x : x + 4] = 900
        tifffile.imwrite(folder / f"t{time:03}.tif", frame, photometric="minisblack", metadata=None)
    return folder


def run(inputs: list[Path], out: Path, model: Model, **options: bool) -> SegmentSummary:
    settings = SegmentOptions(**{"challenge": True, **options})  # type: ignore[arg-type]
    return segment(inputs, out, model, settings, Watch(on_failure=lambda *_: None))


def test_a_result_folder_beside_the_labels(sequence: Path, model: Model, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = run([sequence], out, model)
    assert summary.results == (out / "01_RES",) and not summary.failures
    assert sorted(each.name for each in (out / "01_RES").iterdir()) == [
        *("mask000.tif", "mask001.tif", "mask002.tif", "res_track.txt")
    ]
    assert (out / "01_RES" / "res_track.txt").read_text() == "".join(
        f"{label} {frame} {frame} 0\n" for label, frame in ((1, 0), (2, 0), (3, 1), (4, 2), (5, 2), (6, 2))
    )
    before = 0
    for time in range(3):
        labels = tifffile.imread(out / "labels" / f"t{time:03}.tif")
        mask = tifffile.imread(out / "01_RES" / f"mask{time:03}.tif")
        assert mask.dtype == np.uint16 and mask.shape == (3, 16, 16)
        assert (mask == np.where(labels > 0, labels + before, 0)).all()
        before += int(labels.max())


def test_without_challenge_it_is_a_folder_of_volumes(sequence: Path, model: Model, tmp_path: Path) -> None:
    (sequence / "t001.tif").unlink()
    summary = run([sequence], tmp_path / "out", model, challenge=False)
    assert len(summary.volumes) == 2 and not (tmp_path / "out" / "01_RES").exists()


def test_two_sequences(sequence: Path, model: Model, tmp_path: Path) -> None:
    second = sequence.parent / "02"
    second.mkdir()
    (second / "t000.tif").write_bytes((sequence / "t002.tif").read_bytes())
    summary = run([sequence, second], tmp_path / "out", model)
    assert [each.name for each in summary.results] == ["01_RES", "02_RES"]
    assert (tmp_path / "out" / "labels" / "01_t000.tif").exists()
    assert len((tmp_path / "out" / "02_RES" / "res_track.txt").read_text().splitlines()) == 3


def test_a_frame_that_failed_is_named_and_resuming_completes_the_result(
    sequence: Path, model: Model, tmp_path: Path
) -> None:
    whole = (sequence / "t001.tif").read_bytes()
    (sequence / "t001.tif").write_bytes(whole[:300])
    out = tmp_path / "out"
    summary = run([sequence], out, model)
    assert [image for image, _ in summary.failures] == ["t001.tif", "01_RES"]
    assert "t001.tif" in summary.failures[1][1] and "--resume" in summary.failures[1][1]
    assert not summary.results and not list(out.glob("*_RES")) and len(summary.volumes) == 2
    (sequence / "t001.tif").write_bytes(whole)
    again = run([sequence], out, model, resume=True)
    assert again.results and not again.failures and not (out / "failures.csv").exists()
    assert len((out / "01_RES" / "res_track.txt").read_text().splitlines()) == 6


def test_too_many_objects_are_refused_with_the_reason(
    sequence: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = sequence / "t001.tif"
    tifffile.imwrite(big, np.random.default_rng(0).integers(0, 999, (2, 182, 182)).astype(np.uint16), metadata=None)
    names = np.arange(1, 66_249).reshape(2, 182, 182)
    slices = Segmenter.slices
    monkeypatch.setattr(
        Segmenter,
        "slices",
        lambda self, on_slice=None: iter(names) if self.volume.shape[0] == 2 else slices(self, on_slice),
    )
    monkeypatch.setattr(type(model.method), "keeps", lambda self, voxels: voxels > 0)
    summary = run([sequence], tmp_path / "out", model)
    ((image, line),) = summary.failures
    assert image == "01_RES" and "65,535" in line and "labels/" in line and not summary.results
    assert tifffile.imread(tmp_path / "out" / "labels" / "t001.tif").dtype == np.uint32
    assert not list((tmp_path / "out").glob("*RES*")) and len(summary.volumes) == 3


def test_refused_before_anything_is_opened(
    sequence: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cytally.tasks.segment.open_volumes", lambda *_, **__: pytest.fail("a volume was opened"))

    def refused(*inputs: Path) -> str:
        with pytest.raises((UsageError, DataError)) as caught:
            run(list(inputs), tmp_path / "out", model)
        assert not (tmp_path / "out").exists()
        error: CytallyError = caught.value
        return error.line()

    assert "leave --challenge out" in refused(sequence / "t000.tif")
    assert "no sequence" in refused(sequence.parent)
    other = tmp_path / "OTHER" / "01"
    other.mkdir(parents=True)
    (other / "t000.tif").write_bytes((sequence / "t000.tif").read_bytes())
    assert "second sequence 01" in refused(sequence, other)
    (sequence / "t001.tif").unlink()
    assert "t001.tif" in refused(sequence)
