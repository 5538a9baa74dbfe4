"""What a count writes for ImageJ and QuPath: read back, it is what was counted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from roifile import roiread

from cytally.errors import UsageError
from cytally.images.region import read_named_regions
from cytally.images.write import write_labels
from cytally.models.model import Model
from cytally.tasks.count import count
from cytally.tasks.count_files import CountFiles
from cytally.tasks.count_options import CountOptions
from cytally.tasks.count_row import CountRow
from cytally.tasks.exports import write_exports
from cytally.tasks.inputs import Inputs

BOTH = CountOptions(backend="torch", export=("imagej", "qupath"))


def in_points(out: Path, stem: str) -> np.ndarray:
    return pd.read_csv(out / "points" / f"{stem}.csv")[["y", "x"]].to_numpy()


def in_imagej(out: Path, stem: str) -> np.ndarray:
    rois = roiread(out / "imagej" / f"{stem}.zip")
    return np.concatenate([np.zeros((0, 2)), *(roi.coordinates()[:, ::-1] for roi in rois)])


def in_qupath(out: Path, stem: str) -> np.ndarray:
    features = json.loads((out / "qupath" / f"{stem}.geojson").read_text())["features"]
    return np.array([xy[::-1] for each in features for xy in each["geometry"]["coordinates"]]).reshape(-1, 2) - 0.5


def test_points_come_back(images: Path, model_folder: Path, tmp_path: Path) -> None:
    count([images], tmp_path / "a", model_folder, BOTH)
    number = 0
    for stem in "abc":
        points = in_points(tmp_path / "a", stem)
        assert np.abs(in_imagej(tmp_path / "a", stem) - points).max(initial=0) <= 0.5e-3
        assert np.abs(in_qupath(tmp_path / "a", stem) - points).max(initial=0) <= 1e-6
        number += len(points)
    assert number, "there was something to compare"


def test_resuming_exports_what_was_counted_before(images: Path, model_folder: Path, tmp_path: Path) -> None:
    count([images / "a.png"], tmp_path / "a", model_folder, CountOptions(backend="torch"))
    assert not (tmp_path / "a" / "imagej").exists()
    resumed = CountOptions(backend="torch", export=("imagej",), resume=True)
    count([images / "a.png", images / "b.png"], tmp_path / "a", model_folder, resumed)
    assert sorted(path.name for path in (tmp_path / "a" / "imagej").iterdir()) == ["a.zip", "b.zip"]
    count([images], tmp_path / "a", model_folder, CountOptions(backend="torch", resume=True))
    assert len(list((tmp_path / "a" / "imagej").iterdir())) == 3, "asked for once, it is written for all"
    assert json.loads((tmp_path / "a" / "run.json").read_text())["options"]["export"] == ["imagej"]
    count([images], tmp_path / "a", model_folder, CountOptions(backend="torch", overwrite=True))
    assert not (tmp_path / "a" / "imagej").exists()


def test_objects_give_the_label_image_back(images: Path, tmp_path: Path) -> None:
    rows, columns = np.mgrid[:60, :80]
    labels = np.zeros((60, 80), np.uint16)
    for label, (y, x) in enumerate([(10, 10), (12, 40), (40, 20), (59, 79)], start=2):
        labels[np.hypot(rows - y, columns - x) < 7] = label
    labels[10, 10] = 0  # a hole
    files = CountFiles(tmp_path / "a", Inputs([images / "a.png"]))
    files.rows = [CountRow("a.png", 4.0, None, None, None, None, "m", ())]
    write_labels(tmp_path / "a" / "labels" / "a.tif", labels)
    write_exports(files, ("imagej", "qupath"), lambda done: None)
    for path in (tmp_path / "a" / "imagej" / "a.zip", tmp_path / "a" / "qupath" / "a.geojson"):
        filled = np.zeros_like(labels)
        for each in read_named_regions(path):
            filled[each.region.mask(labels.shape)] = int(each.name)
        assert (filled == labels).all(), path.name
    features = json.loads((tmp_path / "a" / "qupath" / "a.geojson").read_text())["features"]
    assert {each["properties"]["objectType"] for each in features} == {"detection"}
    assert [each["properties"]["measurements"]["Label"] for each in features] == [2, 3, 4, 5]


def test_a_model_that_counts_only_is_refused(
    images: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cytally.tasks.exports.PictureMethod", type(model.method))
    with pytest.raises(UsageError, match="not where: there is nothing to export"):
        count([images], tmp_path / "a", model, BOTH)
    assert not (tmp_path / "a").exists()


def test_images_that_changed_are_not_gone_on_with(images: Path, model_folder: Path, tmp_path: Path) -> None:
    count([images / "a.png"], tmp_path / "a", model_folder, CountOptions(backend="torch"))
    (images / "a.png").write_bytes((images / "b.png").read_bytes())
    with pytest.raises(UsageError, match=r"a\.png' is not what it was"):
        count([images], tmp_path / "a", model_folder, CountOptions(backend="torch", resume=True))
