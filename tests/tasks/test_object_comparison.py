"""Found objects beside those of label images, by `cytally evaluate`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pandas as pd
import pytest
import tifffile
from numpy.typing import NDArray

from cytally.datasets.folder import read_folder
from cytally.images.image import Plane
from cytally.metrics.pixels import PixelCounts
from cytally.models.model import Model, Reading
from cytally.report.words import LENIENT
from cytally.results import Prediction
from cytally.tasks.evaluate import evaluate
from cytally.tasks.watch import Watch
from cytally.training.configuration import make_configuration

Labels = NDArray[np.uint16]


def squares(*corners: tuple[int, int], side: int = 8) -> Labels:
    labels = np.zeros((40, 48), np.uint16)
    for number, (y, x) in enumerate(corners, start=1):
        labels[y : y + side, x : x + side] = number
    return labels


TRUE = {"a": squares((2, 2), (20, 20)), "b": squares((2, 2), (2, 20), (20, 2)), "c": squares()}
SEEN = {"a": squares((3, 2), (20, 20)), "b": squares((2, 2), (30, 30)), "c": squares()}
"""In a, one square lies a row lower: IoU 7/9; in b, two are missed and one is false; c is empty."""


@pytest.fixture
def nuclei(tmp_path: Path) -> Path:
    """A data folder with label images; the pictures show what a threshold sees."""
    for name in TRUE:
        noise = np.random.default_rng(0).integers(0, 20, TRUE[name].shape, dtype=np.uint8)
        picture = np.where(SEEN[name] > 0, np.uint8(200), noise)
        (tmp_path / "nuclei" / "images").mkdir(parents=True, exist_ok=True)
        (tmp_path / "nuclei" / "labels").mkdir(exist_ok=True)
        (tmp_path / "nuclei" / "images" / f"{name}.png").write_bytes(imagecodecs.png_encode(picture))
        tifffile.imwrite(tmp_path / "nuclei" / "labels" / f"{name}.tif", TRUE[name])
    return tmp_path / "nuclei"


@pytest.fixture
def watershed(make_model: Callable[..., Model]) -> Model:
    """What calls an object what is brighter than 100, in one piece."""
    options = {"crop": 0, "kernel": 1, "polarity": "bright", "threshold": 100.0, "factor": 1.0}
    options |= {"separation": 0, "least_area": 1, "subtract": 0, "diameter": 8.0}
    configuration = make_configuration(
        {"method": "watershed", "options": options, "input": {"normalisation": "none", "channels": "all"}}
    )
    return make_model(configuration, configuration.build(1).network())


def test_all_blocks_are_pooled_over_the_images(nuclei: Path, watershed: Model, tmp_path: Path) -> None:
    notes: list[str] = []
    metrics = evaluate(watershed, nuclei, tmp_path / "out", watch=Watch(on_note=notes.append))
    assert notes == []
    # hit 56 + 64 + 64, false 8 + 64, missed 8 + 128
    assert metrics.pixel == PixelCounts(184, 72, 136, 3 * 40 * 48 - 184 - 72 - 136).metrics()
    # 5 true, 4 predicted, 3 touch; 3 pairs up to an IoU of 0.75, of which 2 beyond 7/9
    assert metrics.object == pytest.approx(
        {
            "precision": 3 / 4,
            "recall": 3 / 5,
            "dice": 2 / 3,
            "iou": 1 / 2,
            "f1_50": 6 / 9,
            "ap50": 3 / 6,
            "ap": (6 * 3 / 6 + 4 * 2 / 7) / 10,
        }
    )
    # of 5 true objects, 3 are found, one by 7/9; 1 is false; the watershed learns no weights
    ious = (184 / (184 + 72 + 136), (5760 - 392) / (5760 - 184))
    assert metrics.segmentation == pytest.approx(
        {"seg": (7 / 9 + 1 + 1) / 5, "det": 1 - (2 * 10 + 1) / 50, "mean_iou": sum(ious) / 2, "parameters": 0}
    )
    written = json.loads((tmp_path / "out" / "metrics.json").read_text(encoding="utf-8"))
    assert list(written) == ["counting", "pixel", "object", "segmentation"] and written == metrics.as_dict()
    predictions = pd.read_csv(tmp_path / "out" / "predictions.csv")
    assert predictions.to_numpy().tolist() == [["a.png", 2, 2], ["b.png", 3, 2], ["c.png", 0, 0]]


def test_every_image_is_drawn_and_the_worst_are_in_the_report(nuclei: Path, watershed: Model, tmp_path: Path) -> None:
    out = tmp_path / "out"
    evaluate(watershed, nuclei, out)
    assert sorted(path.name for path in (out / "overlays").iterdir()) == ["a.png", "b.png", "c.png"]
    drawn = imagecodecs.imread(out / "overlays" / "b.png")
    hit, false, missed = (drawn[4 * y + 2, 4 * x + 2].astype(int) for y, x in ((6, 6), (34, 34), (6, 24)))
    assert (hit.argmax(), false.argmax(), missed.argmax()) == (1, 0, 2), "green, red and blue"
    page = (out / "report.html").read_text(encoding="utf-8")
    assert 'href="overlays/b.png"' in page and LENIENT in page
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    (out / "overlays" / "of-an-earlier-run.png").write_bytes(b"")
    evaluate(watershed, nuclei, out, overwrite=True)
    assert len(list((out / "overlays").iterdir())) == 3


def test_one_white_mask_is_perfect_by_the_lenient_rule_alone(
    nuclei: Path, watershed: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def white(plane: Plane, **_: object) -> tuple[Prediction, Reading]:
        return Prediction(1.0, labels=np.ones(plane.data.shape[1:], np.uint16)), Reading((0,), 1.0, 8.0)

    (nuclei / "images" / "c.png").unlink()
    (nuclei / "labels" / "c.tif").unlink()
    monkeypatch.setattr(watershed, "predict", white)
    found = evaluate(watershed, nuclei).object
    assert found == {"precision": 1, "recall": 1, "dice": 1, "iou": 1, "f1_50": 0, "ap50": 0, "ap": 0}


def test_images_without_labels_are_counted_alone(nuclei: Path, watershed: Model, tmp_path: Path) -> None:
    (nuclei / "labels" / "b.tif").unlink()
    (nuclei / "points.csv").write_text("image,y,x\nb.png,5,5\n", encoding="utf-8")
    (nuclei / "images.csv").write_text("image\nb.png\n", encoding="utf-8")
    notes: list[str] = []
    metrics = evaluate(watershed, nuclei, tmp_path / "out", watch=Watch(on_note=notes.append))
    assert metrics.counting is not None and metrics.counting["n"] == 3
    assert metrics.object is not None and metrics.object["precision"] == metrics.object["recall"] == 1
    assert len(notes) == 1 and "speak for the 2 images with a label image, and not for the 1 without" in notes[0]
    assert not (tmp_path / "out" / "overlays" / "b.png").exists()


@pytest.mark.parametrize("kind", ["model", "annotation"])
def test_what_cannot_be_supported_is_left_out(
    nuclei: Path, watershed: Model, model: Model, tmp_path: Path, kind: str
) -> None:
    if kind == "annotation":
        shutil.rmtree(nuclei / "labels")
        (nuclei / "counts.csv").write_text("image,count\na.png,2\n", encoding="utf-8")
    metrics = evaluate(model if kind == "model" else watershed, nuclei, tmp_path / "out")
    assert set(metrics.as_dict()) == {"counting"}
    assert not (tmp_path / "out" / "overlays").exists()
    assert LENIENT not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_one_object_all_over_an_image_is_told_and_scored(nuclei: Path, watershed: Model, tmp_path: Path) -> None:
    everything = np.ones((40, 48), np.uint16)
    everything[0, :10] = 0
    tifffile.imwrite(nuclei / "labels" / "a.tif", everything)
    notes: list[str] = []
    metrics = evaluate(watershed, nuclei, tmp_path / "out", watch=Watch(on_note=notes.append))
    assert len(notes) == 1 and notes[0].startswith(f"{nuclei / 'labels' / 'a.tif'}: one object covers nearly the whole")
    assert "\n" not in notes[0] and notes[0].partition(": ")[2] in (tmp_path / "out" / "report.html").read_text()
    assert metrics.pixel is not None and metrics.pixel["recall"] < 0.2
    assert (tmp_path / "out" / "overlays" / "a.png").exists()
    tifffile.imwrite(nuclei / "labels" / "b.tif", everything)
    evaluate(watershed, nuclei, watch=Watch(on_note=notes.append))
    assert len(notes) == 2 and "as in 1 other label image;" in notes[1]


def test_a_label_image_that_breaks_on_the_way_fails_its_image_alone(
    nuclei: Path, watershed: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = read_folder(nuclei)
    (nuclei / "labels" / "b.tif").write_bytes(b"no more")
    monkeypatch.setattr("cytally.tasks.evaluate.read_folder", lambda *_, **__: folder)
    told: dict[str, str] = {}
    metrics = evaluate(watershed, nuclei, watch=Watch(on_failure=told.__setitem__))
    assert [image for image, _, _ in metrics.predictions] == ["a.png", "c.png"]
    assert list(told) == ["b.png"] and "cannot be read as TIFF" in told["b.png"]
    assert metrics.object is not None and metrics.object["recall"] == 1
