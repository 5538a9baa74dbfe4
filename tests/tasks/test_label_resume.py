"""Labelling goes on after a kill, a full disk or Ctrl-C at any moment, and ends with the same files."""

from __future__ import annotations

import csv
import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from cytally.errors import OutputError, UsageError
from cytally.labelling.labelled import Labelled
from cytally.labelling.registration import Registration
from cytally.tasks.label import label_images
from cytally.tasks.label_files import JOURNAL
from cytally.tasks.label_options import LabelOptions
from cytally.tasks.rows import RowFile
from cytally.tasks.watch import Watch

QUIET = Watch(on_failure=lambda image, line: None, on_note=lambda text: None)


class Killed(BaseException):
    """What nothing survives."""


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bright pixels are nuclei, and black images belong to none; what is written matters here, not what is found."""

    def find(stain: np.ndarray) -> Labelled:
        return Labelled((stain > 100).astype(np.uint16), None if (stain > 100).any() else "no nucleus was found")

    monkeypatch.setattr("cytally.tasks.label_plane.label_auto", find)
    monkeypatch.setattr("cytally.tasks.label_plane.register", lambda stain, phase: Registration((0.0, 0.0), 0.75, 0.1))


@contextmanager
def failing_from(moment: int, error: BaseException) -> Iterator[None]:
    """From the `moment`-th write on, writing raises `error`."""
    tried = [0]
    replace, append = Path.replace, RowFile.append

    def write(how: Any, *arguments: Any) -> Any:
        tried[0] += 1
        if tried[0] > moment:
            raise error
        return how(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", lambda *arguments: write(replace, *arguments))
        patch.setattr(RowFile, "append", lambda *arguments: write(append, *arguments))
        yield


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Two channels each: an image, a film of two frames, a broken file, an image without a nucleus."""
    folder = tmp_path / "in"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name, brightest in (("a.tif", 200), ("d.tif", 90)):
        pixels = rng.integers(0, brightest, (2, 16, 16), dtype=np.uint8)
        tifffile.imwrite(folder / name, pixels, photometric="minisblack", metadata={"axes": "CYX"})
    film = rng.integers(0, 120, (2, 2, 16, 16), dtype=np.uint8)
    tifffile.imwrite(folder / "b.tif", film, photometric="minisblack", imagej=True, metadata={"axes": "TCYX"})
    (folder / "c.tif").write_bytes(b"")
    return folder


OPTIONS = {"channel": "0", "phase_channel": "1"}


def go(inputs: Path | list[Path], out: Path, watch: Watch = QUIET, **options: Any) -> None:
    given = inputs if isinstance(inputs, list) else [inputs]
    label_images(given, out, LabelOptions(**{**OPTIONS, **options}), watch)


def contents(out: Path) -> dict[str, bytes]:
    """All files, but for the report and run.json, which tell the time."""
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name not in ("run.json", "report.html")}


@pytest.fixture
def whole(inputs: Path, tmp_path: Path) -> dict[str, bytes]:
    """What an uninterrupted run writes."""
    go(inputs, tmp_path / "whole")
    return contents(tmp_path / "whole")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("error", "step"), [(Killed(), 2), (OSError(errno.ENOSPC, "No space left on device"), 3), (KeyboardInterrupt(), 5)]
)
def test_a_run_goes_on_wherever_it_was_stopped(
    error: BaseException, step: int, inputs: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    moment = 0
    while True:
        out = tmp_path / f"out{moment}"
        try:
            with failing_from(moment, error):
                go(inputs, out)
        except (Killed, KeyboardInterrupt):
            pass
        except OutputError as told:
            assert "No space left" in told.line() and "--resume" in told.line() and str(out) in told.line()
        else:
            break
        for row in table(out / "labels.csv") if (out / "labels.csv").exists() else []:
            stem = row["image"].replace(".tif", "")
            assert tifffile.imread(out / "labels" / f"{stem}.tif").shape == (16, 16)
            assert tifffile.imread(out / "pairs" / "images" / f"{stem}.tif").shape == (16, 16)
        done: list[float] = []
        go(inputs, out, noting(done), resume=True)
        assert contents(out) == whole, moment
        run = json.loads((out / "run.json").read_text())
        assert run["finished"] and list(run["images"]) == ["a.tif", "b.tif#0,0", "b.tif#0,1", "d.tif"]
        moment += step
    assert moment > 25, "every write of the run has been tried"
    assert [row["image"] for row in table(out / "pairs" / "skip.csv")][-1] == "d.tif"


def noting(done: list[float]) -> Watch:
    return Watch(
        on_failure=lambda image, line: None,
        on_note=lambda text: None,
        on_images=lambda stage, number, total: done.append(number),
    )


def test_ctrl_c_leaves_valid_tables(inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cytally.images.read import read

    def stopping(path: Path, **settings: Any) -> Any:
        if path.name == "d.tif":
            raise KeyboardInterrupt
        return read(path, **settings)

    out = tmp_path / "out"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("cytally.tasks.label_input.read", stopping)
        go(inputs, out)
    assert [row["image"] for row in table(out / "labels.csv")] == ["a.tif", "b.tif#0,0", "b.tif#0,1"]
    assert not json.loads((out / "run.json").read_text())["finished"] and not (out / JOURNAL).exists()
    done: list[float] = []
    go(inputs, out, noting(done), resume=True)
    assert done[0] == 2, "labelled twice"


def test_only_what_failed_is_tried_again(inputs: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "whole"
    (inputs / "c.tif").write_bytes((inputs / "a.tif").read_bytes())
    done: list[float] = []
    go(inputs, out, noting(done), resume=True)
    assert done == [3, 4] and not (out / "failures.csv").exists()
    assert [row["image"] for row in table(out / "labels.csv")][2:] == ["b.tif#0,1", "c.tif", "d.tif"]


def test_a_pair_that_failed_is_tried_again(inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> Registration:
        raise ValueError("a fault of our own")

    (inputs / "c.tif").unlink()
    with monkeypatch.context() as patch:
        patch.setattr("cytally.tasks.label_plane.register", refused)
        go(inputs, tmp_path / "out")
    assert all("phase contrast: cannot be used" in row["why"] for row in table(tmp_path / "out" / "labels.csv"))
    assert len(table(tmp_path / "out" / "failures.csv")) == 4
    go(inputs, tmp_path / "out", resume=True)
    assert not (tmp_path / "out" / "failures.csv").exists()
    assert {row["correlation"] for row in table(tmp_path / "out" / "labels.csv")} == {"0.7500"}


def test_another_filter_is_applied_on_resume(inputs: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    go(inputs, tmp_path / "whole", resume=True, skip_fewest=0.5, skip_above=1.0)
    kept = [row["kept"] for row in table(tmp_path / "whole" / "labels.csv")]
    assert kept.count("no") == 2 and len(table(tmp_path / "whole" / "pairs" / "skip.csv")) == 2


def test_resuming_otherwise_is_refused(inputs: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "whole"

    def refused(given: Path | list[Path] = inputs, **options: Any) -> str:
        with pytest.raises(UsageError) as caught:
            go(given, out, resume=True, **options)
        assert contents(out) == whole
        return caught.value.line()

    assert "preset was auto and is thesis now" in refused(preset="thesis")
    assert "channel was 0 and is 1 now" in refused(channel="1", phase_channel="0")
    assert "window was 512 and is 64 now" in refused(window=64)
    assert "pixel_size was None and is 0.5 now" in refused(pixel_size=0.5)
    assert "phase_channel was 1 and is None now" in refused(phase_channel=None)
    assert "other inputs" in refused(inputs / "a.tif")
    run = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps({**run, "settings": {"a": 1}}))
    assert "other settings of the preset" in refused()
    (out / "run.json").write_text(json.dumps({"task": "label", "inputs": [], "images": 3}))
    assert "was changed" in refused()


def test_resuming_with_other_partners_is_refused(inputs: Path, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.tif").write_bytes((inputs / "a.tif").read_bytes())
    options = {"phase": str(tmp_path / "one")}
    go(inputs / "a.tif", tmp_path / "out", **options)
    with pytest.raises(UsageError, match="another phase-contrast image"):
        go(inputs / "a.tif", tmp_path / "out", resume=True, phase=str(tmp_path / "two"))
    go(inputs / "a.tif", tmp_path / "out", resume=True, **options)


def test_overwriting_keeps_the_users_files(inputs: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "whole"
    (out / "notes.txt").write_text("mine")
    go(inputs / "a.tif", out, overwrite=True)
    assert [path.name for path in (out / "labels").iterdir()] == ["a.tif"]
    assert (out / "notes.txt").read_text() == "mine"
    with pytest.raises(UsageError, match="read by this run"):
        go(out / "pairs" / "images", out, overwrite=True)
