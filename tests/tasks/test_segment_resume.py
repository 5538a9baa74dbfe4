"""Going on with a segmentation after a kill, a full disk or Ctrl-C, at any moment."""

from __future__ import annotations

import csv
import errno
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from threshold_network import Threshold, threshold_configuration

from cytally.errors import CytallyError, OutputError, UsageError
from cytally.images.volume import open_volumes
from cytally.models.model import Model
from cytally.models.volumes import Segmenter
from cytally.tasks.rows import RowFile
from cytally.tasks.segment import segment
from cytally.tasks.segment_files import JOURNAL
from cytally.tasks.segment_options import SegmentOptions
from cytally.tasks.watch import Watch

QUIET = Watch(on_failure=lambda image, line: None)


class Killed(BaseException):
    """What nothing survives."""


@pytest.fixture
def model(make_model: Callable[..., Model]) -> Model:
    return make_model(threshold_configuration(), Threshold())


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A volume, a file of two time points, a broken file and another volume, in this order."""
    folder = tmp_path / "in"
    folder.mkdir()
    volume = np.full((3, 16, 16), 10, np.uint8)
    volume[:, 2:6, 2:6] = volume[:, 9:14, 9:14] = 200
    for name in ("a.tif", "d.tif"):
        tifffile.imwrite(folder / name, volume, photometric="minisblack", metadata={"axes": "ZYX"})
    tifffile.imwrite(folder / "b.tif", np.stack([volume] * 2), photometric="minisblack", metadata={"axes": "TZYX"})
    (folder / "c.tif").write_bytes(b"")
    return folder


@contextmanager
def failing_from(moment: int, error: BaseException) -> Iterator[None]:
    """From the `moment`-th write on, writing raises `error`."""
    tried = 0
    replace, append = Path.replace, RowFile.append

    def write(how: Any, *arguments: Any) -> Any:
        nonlocal tried
        tried += 1
        if tried > moment:
            raise error
        return how(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", lambda *arguments: write(replace, *arguments))
        patch.setattr(RowFile, "append", lambda *arguments: write(append, *arguments))
        yield


def contents(out: Path) -> dict[str, bytes]:
    """All files, but for the report and run.json, which tell the time; of label volumes the labels."""
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    return {
        name: tifffile.imread(path).tobytes() if name.endswith(".tif") else path.read_bytes()
        for name, path in files.items()
        if name not in ("run.json", "report.html")
    }


@pytest.fixture
def whole(inputs: Path, model: Model, tmp_path: Path) -> dict[str, bytes]:
    """What an uninterrupted run writes."""
    segment([inputs], tmp_path / "whole", model, watch=QUIET)
    return contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("error", "step"), [(Killed(), 3), (OSError(errno.ENOSPC, "No space left on device"), 4), (KeyboardInterrupt(), 7)]
)
def test_a_run_goes_on_wherever_it_was_stopped(
    error: BaseException, step: int, inputs: Path, model: Model, whole: dict[str, bytes], tmp_path: Path
) -> None:
    moment = 0
    while True:
        out = tmp_path / f"out{moment}"
        try:
            with failing_from(moment, error):
                segment([inputs], out, model, watch=QUIET)
        except (Killed, KeyboardInterrupt):
            pass
        except OutputError as told:
            assert "No space left" in told.line() and "--resume" in told.line() and str(out) in told.line()
        else:
            break
        valid_rows(out)
        segment([inputs], out, model, SegmentOptions(resume=True), QUIET)
        assert contents(out) == whole, moment
        run = json.loads((out / "run.json").read_text())
        assert run["finished"] and list(run["images"]) == ["a.tif", "b.tif#0,0", "b.tif#0,1", "d.tif"]
        moment += step
    assert moment > 20, "every write of the run has been tried"


def valid_rows(out: Path) -> None:
    """Volumes with a row in counts.csv have their files, whole."""
    if (out / "counts.csv").exists():
        with (out / "counts.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                stem = row["image"].replace(".tif", "")
                assert tifffile.imread(out / "labels" / f"{stem}.tif").max() == int(row["count"])
                assert len((out / "objects" / f"{stem}.csv").read_text().splitlines()) == 1 + int(row["count"])
                assert (out / "overlays" / f"{stem}.png").read_bytes().startswith(b"\x89PNG")


def test_a_volume_that_is_done_is_not_segmented_again(
    inputs: Path, model: Model, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the two time points of a file: the second alone is left to do."""
    out = tmp_path / "out"
    slices, seen = Segmenter.slices, []

    def stopping(self: Segmenter, on_slice: Any = None) -> Any:
        name = self.volume.name
        seen.append(name)
        if name == "b.tif#0,1" and seen.count(name) == 1:
            raise Killed
        return slices(self, on_slice)

    monkeypatch.setattr(Segmenter, "slices", stopping)
    with pytest.raises(Killed):
        segment([inputs], out, model, watch=QUIET)
    done: list[float] = []
    watch = Watch(on_failure=lambda *_: None, on_images=lambda stage, number, total: done.append(number))
    segment([inputs], out, model, SegmentOptions(resume=True), watch)
    assert seen == ["a.tif", "b.tif#0,0", "b.tif#0,1", "b.tif#0,1", "d.tif"] and done[0] == 1
    assert contents(out) == whole


def test_resuming_a_finished_run_opens_only_what_failed(
    inputs: Path, model: Model, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, opened = tmp_path / "whole", []
    (inputs / "c.tif").write_bytes((inputs / "a.tif").read_bytes())
    monkeypatch.setattr(
        "cytally.tasks.segment.open_volumes",
        lambda path, **settings: (opened.append(path), open_volumes(path, **settings))[1],
    )
    summary = segment([inputs], out, model, SegmentOptions(resume=True))
    assert [path.name for path in opened] == ["c.tif"]
    assert not (out / "failures.csv").exists() and not summary.failures
    assert [row.image for row in summary.volumes] == ["a.tif", "b.tif#0,0", "b.tif#0,1", "c.tif", "d.tif"]
    assert (out / "report.html").read_text().count("data:image/jpeg") == 5


def test_resuming_otherwise_is_refused(inputs: Path, model: Model, whole: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "whole"

    def refused(given: list[Path] | None = None, **options: Any) -> str:
        with pytest.raises(UsageError) as caught:
            segment(given or [inputs], out, model, SegmentOptions(resume=True, **options), QUIET)
        assert contents(out) == whole
        return caught.value.line()

    assert "channel was None and is 0 now" in refused(channel="0")
    assert "z_spacing was None and is 2.5 now" in refused(z_spacing=2.5)
    assert "other inputs" in refused([inputs / "a.tif"])
    with torch.no_grad():
        next(model.network.parameters()).add_(1.0)
    assert "another model" in refused()


def test_overwriting_removes_what_the_earlier_run_wrote(inputs: Path, model: Model, tmp_path: Path) -> None:
    out = tmp_path / "out"
    segment([inputs], out, model, watch=QUIET)
    (out / "mine.txt").write_text("x")
    (out / "01_RES").mkdir()
    (out / ".unfinished.csv").write_text("x")
    segment([inputs / "d.tif"], out, model, SegmentOptions(overwrite=True))
    assert sorted(each.name for each in (out / "labels").iterdir()) == ["d.tif"]
    assert not (out / "01_RES").exists() and not (out / "failures.csv").exists() and (out / "mine.txt").exists()
    assert not (out / JOURNAL).exists()


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"task": "segment"}', '{"task": "segment", "images": {"x": {}}, "inputs": []}']
)
def test_a_run_that_someone_changed_is_refused(text: str, inputs: Path, model: Model, tmp_path: Path) -> None:
    segment([inputs / "a.tif"], tmp_path / "out", model)
    (tmp_path / "out" / "run.json").write_text(text)
    with pytest.raises(CytallyError, match=r"was changed|did not write"):
        segment([inputs / "a.tif"], tmp_path / "out", model, SegmentOptions(resume=True))
