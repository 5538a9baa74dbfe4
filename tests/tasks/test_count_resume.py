"""Going on after a kill, a full disk or Ctrl-C, at any moment."""

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
import torch

from cytally.errors import CytallyError, OutputError, UsageError
from cytally.images.read import read
from cytally.models.model import Model
from cytally.tasks.count import count
from cytally.tasks.count_files import JOURNAL
from cytally.tasks.count_options import CountOptions
from cytally.tasks.rows import RowFile
from cytally.tasks.watch import Watch

QUIET = Watch(on_failure=lambda image, line: None)


class Killed(BaseException):
    """What nothing survives."""


@contextmanager
def failing_from(moment: int, error: BaseException) -> Iterator[list[int]]:
    """From the `moment`-th write on, writing raises `error`; yields the number of writes tried so far."""
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
        yield tried


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """An image, a time-lapse of two frames, a broken file and another image, in this order."""
    folder = tmp_path / "in"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a.tif", "d.tif"):
        tifffile.imwrite(folder / name, rng.integers(0, 99, (16, 16), dtype=np.uint8))
    film = rng.integers(0, 99, (2, 16, 16), dtype=np.uint8)
    tifffile.imwrite(folder / "b.tif", film, photometric="minisblack", metadata={"axes": "TYX"})
    (folder / "c.tif").write_bytes(b"")
    return folder


def contents(out: Path) -> dict[str, bytes]:
    """All files, but for the report and run.json, which tell the time."""
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name not in ("run.json", "report.html")}


@pytest.fixture
def whole(inputs: Path, model: Model, tmp_path: Path) -> dict[str, bytes]:
    """What an uninterrupted run writes."""
    count([inputs], tmp_path / "whole", model, watch=QUIET)
    return contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("error", "step"), [(Killed(), 1), (OSError(errno.ENOSPC, "No space left on device"), 2), (KeyboardInterrupt(), 5)]
)
def test_a_run_goes_on_wherever_it_was_stopped(
    error: BaseException, step: int, inputs: Path, model: Model, whole: dict[str, bytes], tmp_path: Path
) -> None:
    moment = 0
    while True:
        out = tmp_path / f"out{moment}"
        try:
            with failing_from(moment, error):
                count([inputs], out, model, watch=QUIET)
        except (Killed, KeyboardInterrupt):
            pass
        except OutputError as told:
            assert "No space left" in told.line() and "--resume" in told.line() and str(out) in told.line()
        else:
            break
        finished = valid_rows(out)
        done: list[float] = []
        count([inputs], out, model, CountOptions(resume=True), noting(done))
        assert contents(out) == whole, moment
        run = json.loads((out / "run.json").read_text())
        assert run["finished"] and list(run["images"]) == ["a.tif", "b.tif#0,0", "b.tif#0,1", "d.tif"]
        assert done[0] == sum(name in finished for name in ("a.tif", "b.tif#0,1", "d.tif")), "counted twice"
        moment += step
    assert moment > 20, "every write of the run has been tried"


def noting(done: list[float]) -> Watch:
    """Notes how many images are done."""
    return Watch(on_failure=lambda image, line: None, on_images=lambda stage, number, total: done.append(number))


def valid_rows(out: Path) -> list[str]:
    """Images with a row in counts.csv, each of which must have its files, whole."""
    if not (out / "counts.csv").exists():
        return []
    with (out / "counts.csv").open(newline="") as file:
        names = [row["image"] for row in csv.DictReader(file)]
    for name in names:
        stem = name.replace(".tif", "")
        assert tifffile.imread(out / "density" / f"{stem}.tif").shape == (16, 16)
        assert (out / "overlays" / f"{stem}.png").read_bytes().startswith(b"\x89PNG")
    return names


def test_a_time_lapse_whose_rows_were_cut_short_is_counted_again(
    inputs: Path, model: Model, whole: dict[str, bytes], tmp_path: Path
) -> None:
    """A kill in the middle of appending several rows: some are whole, one is not."""
    out = tmp_path / "out"
    with failing_from(10_000, Killed()), pytest.raises(Killed), pytest.MonkeyPatch.context() as patch:
        append = RowFile.append

        def partly(self: RowFile, rows: Any) -> None:
            rows = list(rows)
            append(self, rows)
            if self.path.name == "counts.csv" and len(rows) == 2:
                self.path.write_bytes(self.path.read_bytes()[:-10])
                patch.setattr(RowFile, "rewrite", lambda *_: (_ for _ in ()).throw(Killed()))
                raise Killed

        patch.setattr(RowFile, "append", partly)
        count([inputs], out, model, watch=QUIET)
    text = (out / "counts.csv").read_text()
    assert "b.tif#0,0" in text and not text.endswith("\n") and (out / JOURNAL).exists()
    count([inputs], out, model, CountOptions(resume=True), QUIET)
    assert contents(out) == whole


def test_resuming_a_finished_run_counts_nothing_again(
    inputs: Path, model: Model, whole: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "whole"
    (inputs / "c.tif").write_bytes((inputs / "a.tif").read_bytes())
    opened: list[Path] = []
    monkeypatch.setattr(
        "cytally.tasks.count_input.read", lambda path, **settings: (opened.append(path), read(path, **settings))[1]
    )
    summary = count([inputs], out, model, CountOptions(resume=True))
    assert [path.name for path in opened] == ["c.tif"], "what failed is tried again, and nothing else"
    assert not (out / "failures.csv").exists() and not summary.failures
    assert [row.image for row in summary.rows] == ["a.tif", "b.tif#0,0", "b.tif#0,1", "c.tif", "d.tif"]
    tifffile.imwrite(inputs / "e.tif", np.zeros((16, 16), np.uint8))
    assert len(count([inputs], out, model, CountOptions(resume=True)).rows) == 6, "images may be added"


def test_resuming_where_nothing_is_begins(inputs: Path, model: Model, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "new", tmp_path / "empty"):
        assert len(count([inputs / "a.tif"], out, model, CountOptions(resume=True)).rows) == 1


def test_resuming_otherwise_is_refused(
    inputs: Path, model: Model, square: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "whole"

    def refused(given: list[Path] | None = None, **options: Any) -> str:
        with pytest.raises(UsageError) as caught:
            count(given or [inputs], out, model, CountOptions(resume=True, **options), QUIET)
        assert contents(out) == whole
        return caught.value.line()

    assert "border was include and is exclude now" in refused(border="exclude")
    assert "channel was None and is 0 now" in refused(channel="0")
    assert "roi_sha256" in refused(roi=square)
    assert "pixel_size was None and is 0.5 now" in refused(pixel_size=0.5)
    assert "other inputs" in refused([inputs / "a.tif"])
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.tif").write_bytes((inputs / "a.tif").read_bytes())
    assert "other inputs" in refused([other / "a.tif", *sorted(inputs.iterdir())[1:]])
    assert "other inputs" in refused([other / "a.tif", inputs]), "two of one name would now be called otherwise"
    with torch.no_grad():
        next(model.network.parameters()).add_(1.0)
    assert "another model" in refused()


def test_a_sheet_may_be_added(inputs: Path, model: Model, whole: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text("image,kind\na.tif,x\n")
    options = CountOptions(resume=True, samples=tmp_path / "sheet.csv")
    count([inputs], tmp_path / "whole", model, options, QUIET)
    assert (tmp_path / "whole" / "samples.csv").read_text().startswith("kind,n,mean,sd,total\nx,1,")


@pytest.mark.parametrize("text", ["[]", "{", '{"task": "count"}', '{"task": "count", "images": 3, "inputs": []}'])
def test_a_run_that_someone_changed_is_refused(text: str, inputs: Path, model: Model, tmp_path: Path) -> None:
    count([inputs / "a.tif"], tmp_path / "out", model)
    (tmp_path / "out" / "run.json").write_text(text)
    with pytest.raises(CytallyError, match=r"was changed|did not write"):
        count([inputs / "a.tif"], tmp_path / "out", model, CountOptions(resume=True))
