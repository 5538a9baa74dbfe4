"""Objects found in volumes beside the true ones, by `cytally evaluate`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pandas as pd
import pytest
import tifffile
import torch
from numpy.typing import NDArray
from torch import nn

from cytally.errors import DataError, OutputError, UsageError
from cytally.models.model import Model
from cytally.tasks.evaluate import evaluate
from cytally.tasks.watch import Watch
from cytally.training.configuration import make_configuration

Labels = NDArray[np.uint16]
SHAPE = (6, 40, 48)


def boxes(*corners: tuple[int, int, int], depth: int = 3, side: int = 8) -> Labels:
    """Boxes of `depth` slices, each from its corner on."""
    labels = np.zeros(SHAPE, np.uint16)
    for number, (z, y, x) in enumerate(corners, start=1):
        labels[z : z + depth, y : y + side, x : x + side] = number
    return labels


TRUE = {"a": boxes((1, 2, 2), (1, 20, 20)), "b": boxes((0, 2, 2), (2, 2, 20), (2, 20, 2)), "c": boxes()}
SEEN = {"a": boxes((1, 3, 2), (1, 20, 20)), "b": boxes((0, 2, 2), (2, 30, 30)), "c": boxes()}
"""In a, one box lies a row lower: Jaccard 7/9; in b, two are missed and one is false; c is empty."""


def names(labels: Labels) -> list[int]:
    return sorted(set(labels.ravel().tolist()) - {0})


class Bright(nn.Module):
    """Calls cell what is bright in the slice itself, the green of the three colours; one weight to count."""

    def __init__(self) -> None:
        super().__init__()
        self.steepness = nn.Parameter(torch.tensor(60.0))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.steepness * (pictures[:, 1:2] - 0.5))


@pytest.fixture
def bright(make_model: Callable[..., Model]) -> Model:
    """A model for volumes that calls an object what is bright, in one piece."""
    options = {"cell_diameter": 8.0, "split": "components", "least_area": 0.0}
    return make_model(make_configuration({"method": "efficient-cell-seg", "options": options}), Bright())


def show(seen: Labels) -> NDArray[np.uint16]:
    """A volume that shows the objects bright; one bright pixel in each slice sets the scale where there is none."""
    noise = np.random.default_rng(0).integers(0, 100, SHAPE, dtype=np.uint16)
    volume = np.where(seen > 0, np.uint16(2000), noise)
    volume[:, -1, -1] = 1990
    return volume


def write_volume(path: Path, volume: NDArray[np.uint16]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    voxel = {"axes": "ZYX", "spacing": 2.0, "unit": "um"}
    tifffile.imwrite(path, volume, imagej=True, resolution=(1.0, 1.0), metadata=voxel)


def write_labels(path: Path, labels: Labels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, labels, photometric="minisblack", metadata={"axes": "ZYX"[-labels.ndim :]})


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    """A data folder of three volumes with label volumes."""
    for name in TRUE:
        write_volume(tmp_path / "volumes" / "images" / f"{name}.tif", show(SEEN[name]))
        write_labels(tmp_path / "volumes" / "labels" / f"{name}.tif", TRUE[name])
    return tmp_path / "volumes"


def tell(notes: list[str]) -> Watch:
    return Watch(on_note=notes.append, on_failure=lambda image, line: notes.append(f"{image}!{line}"))


def test_all_blocks_of_volumes(volumes: Path, bright: Model, tmp_path: Path) -> None:
    notes: list[str] = []
    metrics = evaluate(bright, volumes, tmp_path / "out", watch=tell(notes))
    assert notes == []
    corner = 18  # the pixel that sets the scale, a false object through the six slices of each of the three volumes
    # per slice: hit 56 + 64 in a and 64 in b, false 8 in a and 64 in b, missed 8 in a and 128 in b; three slices each
    hit, false, missed = 3 * 184, 3 * 72 + corner, 3 * 136
    nothing = 3 * 6 * 40 * 48 - hit - false - missed
    assert metrics.pixel is not None and metrics.pixel["iou"] == hit / (hit + false + missed)
    assert metrics.segmentation == pytest.approx(
        {
            "seg": (7 / 9 + 1 + 1) / 5,
            "det": 1 - (2 * 10 + 1 + 3) / 50,
            "mean_iou": (hit / (hit + false + missed) + nothing / (nothing + false + missed)) / 2,
            "peseg": (7 / 9 + 1 + 1) / 5 / 1e-6,
            "parameters": 1,
        }
    )
    assert metrics.object is not None and metrics.object["f1_50"] == 2 * 3 / (5 + 4 + 3)
    assert metrics.predictions == [("a.tif", 2, 3), ("b.tif", 3, 3), ("c.tif", 0, 1)]
    assert metrics.counting is not None and metrics.counting["mae"] == 2 / 3


def test_everything_is_written(volumes: Path, bright: Model, tmp_path: Path) -> None:
    out = tmp_path / "out"
    metrics = evaluate(bright, volumes, out)
    written = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert written == metrics.as_dict() and list(written) == ["counting", "pixel", "object", "segmentation"]
    assert set(written["segmentation"]) == {"seg", "det", "mean_iou", "peseg", "parameters"}
    rows = pd.read_csv(out / "predictions.csv")
    assert rows.to_numpy().tolist() == [["a.tif", 2, 3], ["b.tif", 3, 3], ["c.tif", 0, 1]]
    assert sorted(path.name for path in (out / "overlays").iterdir()) == ["a.png", "b.png", "c.png"]
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert run["task"] == "evaluate" and run["anisotropy_assumed"] == []
    assert run["slices_drawn"] == {"a.tif": 2, "b.tif": 2, "c.tif": 2}, (
        "b has most in slice 2, the others in the middle"
    )
    drawn = imagecodecs.imread(out / "overlays" / "b.png")
    hit, false, missed = (drawn[4 * y + 2, 4 * x + 2].astype(int) for y, x in ((6, 6), (34, 34), (6, 24)))
    assert (hit.argmax(), false.argmax(), missed.argmax()) == (1, 0, 2), "green, red and blue"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert 'href="overlays/c.png"' in page and "How good the counts are" in page
    assert not (out / "failures.csv").exists()


def test_a_broken_volume_is_one_line_and_the_rest_goes_on(volumes: Path, bright: Model, tmp_path: Path) -> None:
    whole = (volumes / "images" / "b.tif").read_bytes()
    (volumes / "images" / "b.tif").write_bytes(whole[: len(whole) // 2])
    told: list[str] = []
    metrics = evaluate(bright, volumes, tmp_path / "out", watch=tell(told))
    assert [name for name, _, _ in metrics.predictions] == ["a.tif", "c.tif"]
    assert len(told) == 1 and told[0].startswith("b.tif!") and "\n" not in told[0]
    failures = pd.read_csv(tmp_path / "out" / "failures.csv")
    assert failures["image"].tolist() == ["b.tif"] and "b.tif" in failures["error"][0]


def test_labels_of_another_shape_are_one_line(volumes: Path, bright: Model) -> None:
    write_labels(volumes / "labels" / "a.tif", TRUE["a"][:, :-1])
    told: list[str] = []
    metrics = evaluate(bright, volumes, watch=tell(told))
    assert [name for name, _, _ in metrics.predictions] == ["b.tif", "c.tif"]
    assert len(told) == 1 and told[0].startswith("a.tif!") and "39" in told[0]


def test_an_unknown_voxel_size_is_told(volumes: Path, bright: Model, tmp_path: Path) -> None:
    tifffile.imwrite(volumes / "images" / "b.tif", show(SEEN["b"]), photometric="minisblack")
    notes: list[str] = []
    evaluate(bright, volumes, tmp_path / "out", watch=tell(notes))
    assert len(notes) == 1 and "size of 1 of 3 volumes is unknown, the first b.tif" in notes[0]
    assert json.loads((tmp_path / "out" / "run.json").read_text())["anisotropy_assumed"] == ["b.tif"]
    evaluate(bright, volumes, tmp_path / "told", pixel_size=1.0, z_spacing=2.0, watch=tell(notes))
    run = json.loads((tmp_path / "told" / "run.json").read_text())
    assert len(notes) == 1 and run["anisotropy_assumed"] == [] and (run["pixel_size"], run["z_spacing"]) == (1, 2)


def test_volumes_without_labels_are_left_out_or_counted_alone(volumes: Path, bright: Model) -> None:
    (volumes / "labels" / "b.tif").unlink()
    assert [row[0] for row in evaluate(bright, volumes).predictions] == ["a.tif", "c.tif"]
    (volumes / "counts.csv").write_text("image,count\nb.tif,5\n", encoding="utf-8")
    notes: list[str] = []
    metrics = evaluate(bright, volumes, watch=tell(notes))
    assert metrics.predictions[1] == ("b.tif", 5, 3)
    assert metrics.segmentation is not None and metrics.segmentation["seg"] == pytest.approx((7 / 9 + 1) / 2)
    assert len(notes) == 1 and "not for the 1 without" in notes[0]


# Data sets of the Cell Tracking Challenge


@pytest.fixture
def challenge(tmp_path: Path) -> Path:
    """Two frames of one sequence, without any annotation."""
    for frame, name in enumerate("ab"):
        write_volume(tmp_path / "challenge" / "01" / f"t{frame:03}.tif", show(SEEN[name]))
    return tmp_path / "challenge"


def test_single_slices_that_are_annotated(challenge: Path, bright: Model, tmp_path: Path) -> None:
    truth = challenge / "01_GT" / "SEG"
    write_labels(truth / "man_seg_000_002.tif", TRUE["a"][2])
    write_labels(truth / "man_seg_001_001.tif", TRUE["b"][1])
    write_labels(truth / "man_seg_001_003.tif", TRUE["b"][3])
    notes: list[str] = []
    metrics = evaluate(bright, challenge, tmp_path / "out", watch=tell(notes))
    assert len(notes) == 1 and "Of 2 of 2 volumes only single slices are outlined" in notes[0]
    # references: 2 in a's slice, of which one with 7/9; 1 in b's slice 1, found; 2 in its slice 3, both missed
    assert metrics.segmentation is not None
    assert metrics.segmentation["seg"] == pytest.approx((7 / 9 + 1 + 1) / 5)
    assert set(metrics.as_dict()) == {"pixel", "object", "segmentation"} and "det" not in metrics.segmentation
    assert metrics.predictions == []
    out = tmp_path / "out"
    assert json.loads((out / "metrics.json").read_text()) == metrics.as_dict()
    assert (out / "predictions.csv").read_text() == "image,true,predicted\n"
    assert not (out / "error_by_count.csv").exists() and not (out / "predictions.png").exists()
    assert "How good the outlines are" in (out / "report.html").read_text(encoding="utf-8")
    drawn = json.loads((out / "run.json").read_text())["slices_drawn"]
    assert list(drawn.values()) == [2, 3] and len(list((out / "overlays").iterdir())) == 2


def test_whole_frames_that_are_annotated(challenge: Path, bright: Model, tmp_path: Path) -> None:
    for frame, name in enumerate("ab"):
        write_labels(challenge / "01_GT" / "SEG" / f"man_seg{frame:03}.tif", TRUE[name])
    metrics = evaluate(bright, challenge, tmp_path / "out", watch=tell([]))
    assert metrics.segmentation is not None
    assert metrics.segmentation["seg"] == pytest.approx((7 / 9 + 1 + 1) / 5)
    assert metrics.segmentation["det"] == pytest.approx(1 - (2 * 10 + 1 + 2) / 50)
    assert [row[1:] for row in metrics.predictions] == [(2, 3), (3, 3)]


def test_markers_tell_how_many_there_are_and_which_are_found(challenge: Path, bright: Model, tmp_path: Path) -> None:
    write_volume(challenge / "01" / "t002.tif", show(SEEN["a"]))
    for frame, name in enumerate("aba"):
        points = boxes(
            *[tuple(np.argwhere(TRUE[name] == n)[0] + (1, 3, 3)) for n in names(TRUE[name])], depth=1, side=1
        )
        points[0, 39, 40] = 9  # one cell more than is outlined, which is missed
        write_labels(challenge / "01_GT" / "TRA" / f"man_track{frame:03}.tif", points)
    write_labels(challenge / "01_GT" / "SEG" / "man_seg000.tif", TRUE["a"])
    write_labels(challenge / "01_GT" / "SEG" / "man_seg_001_003.tif", TRUE["b"][3])
    notes: list[str] = []
    metrics = evaluate(bright, challenge, tmp_path / "out", watch=tell(notes))
    assert [row[1:] for row in metrics.predictions] == [(3, 3), (4, 3), (3, 3)]
    assert metrics.segmentation is not None
    assert metrics.segmentation["seg"] == pytest.approx((7 / 9 + 1 + 0 + 0) / 4), "markers are no outlines"
    assert metrics.segmentation["det"] == pytest.approx(1 - (10 * (1 + 3 + 1) + 1 * (1 + 2 + 1)) / 100)
    told = "\n".join(notes)
    assert "Of 1 of 3 volumes only single slices" in told and "Of 1 of 3 volumes only markers are known" in told
    assert [path.name for path in sorted((tmp_path / "out" / "overlays").iterdir())] == ["01_t000.png", "01_t001.png"]


def test_frames_that_have_markers_alone(challenge: Path, bright: Model, tmp_path: Path) -> None:
    for frame, name in enumerate("ab"):
        write_labels(challenge / "01_GT" / "TRA" / f"man_track{frame:03}.tif", TRUE[name])
    metrics = evaluate(bright, challenge, tmp_path / "out")
    assert set(metrics.as_dict()) == {"counting", "segmentation"}
    assert metrics.segmentation is not None and set(metrics.segmentation) == {"det", "parameters"}


def test_markers_of_another_shape_are_one_line(challenge: Path, bright: Model) -> None:
    for frame, name in enumerate("ab"):
        write_labels(challenge / "01_GT" / "TRA" / f"man_track{frame:03}.tif", TRUE[name][: 6 - frame])
    told: list[str] = []
    assert len(evaluate(bright, challenge, watch=tell(told)).predictions) == 1
    assert "01_t001.tif!" in told[0] and "man_track001.tif" in told[0] and "(5, 40, 48)" in told[0]


# Refused


def test_a_voxel_size_is_of_volumes(volumes: Path, bright: Model, tiny_model: Model, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="are of volumes, and the model 'density'"):
        evaluate(tiny_model, volumes, tmp_path / "out", z_spacing=3.0)
    with pytest.raises(UsageError, match="spacing between slices is -1"):
        evaluate(bright, volumes, tmp_path / "out", z_spacing=-1.0)
    assert not (tmp_path / "out").exists()


def test_triplets_are_refused_before_anything_is_read(
    volumes: Path, bright: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cytally.tasks.evaluate.read_folder", lambda *_, **__: pytest.fail("read"))
    with pytest.raises(UsageError, match=r"--triplets shows single images.*leave it out"):
        evaluate(bright, volumes, tmp_path / "out", triplets=True)
    assert not (tmp_path / "out").exists()


def test_pictures_are_no_volumes(volumes: Path, bright: Model, tmp_path: Path) -> None:
    for name in TRUE:
        tifffile.imwrite(volumes / "images" / f"{name}.tif", show(SEEN[name])[0])
        write_labels(volumes / "labels" / f"{name}.tif", TRUE[name][0])
    told: list[str] = []
    with pytest.raises(DataError, match="no image could be counted"):
        evaluate(bright, volumes, tmp_path / "out", watch=tell(told))
    assert len(told) == 3 and all("not a volume" in line for line in told)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_no_broken_volume(volumes: Path, bright: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OutputError("can no longer be written to", file="out")

    monkeypatch.setattr("cytally.tasks.object_comparison.ObjectComparison.count", full)
    with pytest.raises(OutputError):
        evaluate(bright, volumes)
