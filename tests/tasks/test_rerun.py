"""A run is repeated from its run.json alone, and what is not as it was is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
from threshold_network import Threshold, threshold_configuration

from cytally.errors import ModelError, UsageError
from cytally.models.model import Model
from cytally.models.store import load, save
from cytally.tasks.count import count
from cytally.tasks.count_options import CountOptions
from cytally.tasks.growth import growth
from cytally.tasks.growth_options import GrowthTaskOptions
from cytally.tasks.rerun import rerun
from cytally.tasks.segment import segment
from cytally.tasks.segment_options import SegmentOptions
from cytally.tasks.watch import Watch

BY_TORCH = CountOptions(backend="torch", export=("imagej", "qupath"))
QUIET = Watch(on_note=lambda text: None, on_failure=lambda image, line: None)


@pytest.fixture
def own_model(model_folder: Path, tmp_path: Path) -> Path:
    """The tiny model in a folder that may be changed."""
    return Path(shutil.copytree(model_folder, tmp_path / "own"))


@pytest.fixture
def counted(images: Path, own_model: Path, tmp_path: Path) -> Path:
    count([images], tmp_path / "a", own_model, BY_TORCH)
    return tmp_path / "a"


def change(run: Path, **values: Any) -> Path:
    """Change what a run.json holds; None takes a key away."""
    told = json.loads(run.read_text()) | values
    run.write_text(json.dumps({key: value for key, value in told.items() if value is not None}))
    return run


def told(out: Path) -> dict[str, Any]:
    return json.loads((out / "rerun.json").read_text())


def test_a_count_is_the_same_to_the_byte(counted: Path, tmp_path: Path) -> None:
    summary = rerun(counted / "run.json", tmp_path / "b")
    for name in ("counts.csv", "points/a.csv", "density/b.tif", "imagej/c.zip", "qupath/a.geojson"):
        assert (counted / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    assert summary.same and summary.sentence == "The same to the digit: 13 result files"
    report = told(tmp_path / "b")
    assert report["same"] is True and len(report["files"]) == 13 and report["notes"] == []
    assert report["ran_by"] == {"then": "torch in float32 on cpu", "now": "torch in float32 on cpu"}
    assert report["versions"]["then"] == report["versions"]["now"]


def test_inputs_and_model_may_be_named_relatively_and_results_moved(
    images: Path, own_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    square = {"type": "Polygon", "coordinates": [[[2, 2], [20, 2], [20, 20], [2, 20], [2, 2]]]}
    (tmp_path / "roi.geojson").write_text(json.dumps(square))
    monkeypatch.chdir(tmp_path)
    count(["images"], "a", "own", replace(BY_TORCH, roi=Path("roi.geojson")))
    (tmp_path / "elsewhere").mkdir()
    moved = (tmp_path / "a").rename(tmp_path / "elsewhere" / "moved")
    monkeypatch.chdir(moved)
    assert rerun(moved, tmp_path / "b").same, "the folder stands for its run.json"
    assert set(pd.read_csv(tmp_path / "b" / "counts.csv")["model"]) == {"own"}, "named as it was then"


def test_an_input_that_changed_is_refused_and_nothing_written(counted: Path, images: Path, tmp_path: Path) -> None:
    pixels = np.zeros((24, 32), np.uint8)
    (images / "b.png").write_bytes(imagecodecs.png_encode(pixels))
    with pytest.raises(UsageError, match=r"b\.png: is not what it was when the run read it"):
        rerun(counted / "run.json", tmp_path / "b")
    (images / "b.png").unlink()
    with pytest.raises(UsageError, match=r"b\.png: is gone"):
        rerun(counted / "run.json", tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_an_old_run_json_has_no_digests_and_works(counted: Path, tmp_path: Path) -> None:
    run = change(counted / "run.json", inputs_sha256=None, option_files=None)
    summary = rerun(run, tmp_path / "b", watch=QUIET)
    assert summary.same and "no digests" in summary.notes[0]


def test_other_weights_are_refused_and_a_moved_model_is_told(
    counted: Path, own_model: Path, tmp_path: Path, model: Model
) -> None:
    moved = own_model.rename(tmp_path / "moved-model")
    with pytest.raises(ModelError, match="is gone; say where it lies now with --model"):
        rerun(counted / "run.json", tmp_path / "b")
    assert rerun(counted / "run.json", tmp_path / "b", moved).same
    with torch.no_grad():
        next(iter(model.network.parameters())).add_(0.1)
    save(model, moved)
    with pytest.raises(ModelError, match="has other weights"):
        rerun(counted / "run.json", tmp_path / "c", moved)


def test_a_model_whose_card_changed_counts_as_it_did(counted: Path, own_model: Path, tmp_path: Path) -> None:
    card = json.loads((own_model / "model.json").read_text())
    card["configuration"]["counting"]["flips"] = True
    (own_model / "model.json").write_text(json.dumps(card))
    assert load(own_model).card.configuration.counting.flips
    summary = rerun(counted / "run.json", tmp_path / "b", watch=QUIET)
    assert summary.same and summary.notes == ("The model's configuration changed since; what run.json holds is taken.",)


def test_what_differs_is_named(counted: Path, tmp_path: Path) -> None:
    table = pd.read_csv(counted / "counts.csv", dtype=str, keep_default_na=False)
    was = table.loc[1, "count"]
    table.loc[1, "count"] = "7.5"
    table.to_csv(counted / "counts.csv", index=False)
    summary = rerun(counted / "run.json", tmp_path / "b")
    assert not summary.same
    assert summary.sentence == f"Not the same: counts.csv: row 2 (b.png), column count: 7.5 then, {was} now"
    assert told(tmp_path / "b")["same"] is False


def test_what_is_not_there_cannot_be_compared(counted: Path, tmp_path: Path) -> None:
    (counted / "points" / "a.csv").unlink()
    summary = rerun(counted / "run.json", tmp_path / "b")
    assert summary.same and summary.sentence.endswith("not beside run.json, so not compared: points/a.csv")
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copyfile(counted / "run.json", alone / "run.json")
    summary = rerun(alone / "run.json", tmp_path / "c")
    assert not summary.same and "no results beside run.json" in summary.sentence


def test_an_image_that_failed_fails_again(images: Path, own_model: Path, tmp_path: Path) -> None:
    (images / "b.png").write_text("no image")
    count([images], tmp_path / "a", own_model, BY_TORCH, QUIET)
    assert rerun(tmp_path / "a", tmp_path / "b", watch=QUIET).same
    (tmp_path / "a" / "failures.csv").unlink()
    assert "nothing failed then" in rerun(tmp_path / "a", tmp_path / "c", watch=QUIET).sentence


def test_a_back_end_that_is_not_here_is_told(counted: Path, tmp_path: Path) -> None:
    run = change(counted / "run.json", ran_by="torch in bfloat16 on cuda")
    summary = rerun(run, tmp_path / "b", watch=QUIET)
    assert "Ran by torch in bfloat16 on cuda then" in summary.notes[0]
    assert told(tmp_path / "b")["ran_by"]["now"].endswith("in float32 on cpu")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"task": "dance"}, "tells of the task 'dance', which cannot be repeated"),
        ({"task": None}, "no run.json"),
        ({"finished": False}, "was not finished"),
        ({"options": {"sorcery": 1}}, "has an option 'sorcery'"),
        ({"options": {"workers": "many"}}, "cannot be taken again .workers"),
        ({"model": {"name": "own"}}, "does not say which model"),
    ],
)
def test_what_cannot_be_repeated_is_refused(counted: Path, tmp_path: Path, values: dict[str, Any], why: str) -> None:
    run = change(counted / "run.json", **values)
    with pytest.raises((UsageError, ModelError), match=why):
        rerun(run, tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_a_missing_file_no_json_and_an_output_folder_that_exists_are_refused(counted: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        rerun(tmp_path / "run.json", tmp_path / "b")
    with pytest.raises(UsageError, match=r"a: the output folder exists; give another with -o"):
        rerun(counted / "run.json", counted)
    (counted / "run.json").write_text('{"task"')
    with pytest.raises(UsageError, match=r"is cut short, or no run\.json"):
        rerun(counted / "run.json", tmp_path / "b")


def test_a_growth_is_repeated_and_new_frames_are_refused(
    draw: Callable[..., Any], own_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = tmp_path / "frames [1]"
    frames.mkdir()
    for time in range(5):
        picture = np.clip(draw(3 + 2 * time, seed=5, shape=(48, 56)).image[0], 0, 1) * 200 + 20
        tifffile.imwrite(frames / f"t{time}.tif", picture.astype(np.uint8))
    monkeypatch.chdir(frames)
    options = GrowthTaskOptions(interval=20, video=False, backend="torch")
    growth(["t*.tif"], tmp_path / "a", own_model, options)
    monkeypatch.chdir(tmp_path)
    summary = rerun(tmp_path / "a" / "run.json", tmp_path / "b")
    assert summary.same, summary.sentence
    assert {"growth.csv", "fit.json", "tracks.csv"} <= {each.file for each in summary.files}
    shutil.copyfile(frames / "t4.tif", frames / "t5.tif")
    with pytest.raises(UsageError, match=r"t5\.tif: was not there when the run was made"):
        rerun(tmp_path / "a" / "run.json", tmp_path / "c")


def test_a_segmentation_is_repeated(
    make_model: Callable[..., Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = np.full((4, 24, 32), 100, np.uint16)
    volume[:, 3:9, 3:9] = 1000
    tifffile.imwrite(tmp_path / "v.tif", volume, imagej=True, metadata={"axes": "ZYX", "spacing": 2.0, "unit": "um"})
    model = make_model(threshold_configuration(least_area=0.5), Threshold())
    segment([tmp_path / "v.tif"], tmp_path / "a", model, SegmentOptions(backend="torch"))
    monkeypatch.setattr("cytally.tasks.called_model.load", lambda given: model)
    summary = rerun(tmp_path / "a", tmp_path / "b", tmp_path)
    assert summary.same and {each.file for each in summary.files} == {"counts.csv", "labels/v.tif", "objects/v.csv"}
