"""Calibrating a model by annotated images."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pandas as pd
import pytest

from cytally.calibration.intervals import Calibration
from cytally.datasets.fingerprint import fingerprint
from cytally.datasets.folder import read_folder
from cytally.errors import DataError, UsageError
from cytally.models.model import Model
from cytally.models.store import CARD, WEIGHTS, load, save
from cytally.tasks.calibrate import calibrate
from cytally.tasks.count import count
from cytally.tasks.count_options import CountOptions
from cytally.tasks.evaluate import evaluate
from cytally.tasks.watch import Watch

Picture = Callable[..., np.ndarray]


@pytest.fixture
def many(tmp_path: Path, picture: Picture) -> Path:
    """Eleven annotated images and one that is not."""
    root = tmp_path / "many"
    (root / "images").mkdir(parents=True)
    for seed in range(12):
        (root / "images" / f"{seed:02d}.png").write_bytes(imagecodecs.png_encode(picture(seed)))
    rows = [f"{seed:02d}.png,{5 + seed}" for seed in range(11)]
    (root / "counts.csv").write_text("\n".join(["image,count", *rows, ""]))
    return root


@pytest.fixture
def own(model: Model, tmp_path: Path) -> Path:
    """A model folder that may be changed."""
    save(model, tmp_path / "own")
    return tmp_path / "own"


def test_a_model_folder_gets_its_calibration(own: Path, many: Path, tmp_path: Path) -> None:
    before, weights = json.loads((own / CARD).read_text()), (own / WEIGHTS).read_bytes()
    assert before["calibration"] is None and load(own).card.calibration is None
    summary = calibrate(own, many)
    after = json.loads((own / CARD).read_text())
    assert after.pop("calibration")["coverage"] == 0.9 and before.pop("calibration") is None
    assert after == before and (own / WEIGHTS).read_bytes() == weights
    trained = load(own)
    assert trained.card.calibration == summary.calibration and summary.folder == own
    counts = [trained.count(many / "images" / f"{seed:02d}.png") for seed in range(11)]
    expected = Calibration.of([5 + seed for seed in range(11)], [each.count for each in counts])
    assert summary.calibration.scores == pytest.approx(expected.scores)
    assert counts[3].interval == pytest.approx(expected.interval(counts[3].count))
    assert set(summary.calibration.images) == {f"{seed:02d}.png" for seed in range(11)}


def test_intervals_are_in_everything_that_a_count_writes(own: Path, many: Path, tmp_path: Path) -> None:
    calibration = calibrate(own, many).calibration
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("image,kind\n" + "".join(f"{seed:02d}.png,{'ab'[seed % 2]}\n" for seed in range(12)))
    summary = count([many / "images"], tmp_path / "out", own, CountOptions(samples=sheet))
    table = pd.read_csv(tmp_path / "out" / "counts.csv")
    expected = np.array([calibration.interval(each) for each in table["count"]])
    assert table[["lower", "upper"]].to_numpy() == pytest.approx(expected)
    bounds = calibration.total(table["count"].tolist())
    assert summary.total.interval == pytest.approx(bounds) and summary.total.coverage == 0.9
    told = json.loads((tmp_path / "out" / "run.json").read_text())["total"]
    assert (told["lower"], told["upper"], told["images"]) == (*(summary.total.interval or ()), 12)
    samples = pd.read_csv(tmp_path / "out" / "samples.csv")
    half = calibration.total(table["count"][::2].tolist())
    assert samples.loc[0, ["total_lower", "total_upper"]].tolist() == pytest.approx(half, abs=1e-3)
    assert samples.loc[0, ["mean_lower", "mean_upper"]].tolist() == pytest.approx([each / 6 for each in half], abs=1e-3)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "90 % interval of the total" in page and "not calibrated" not in page


def test_parts_of_images_have_no_interval(own: Path, many: Path, tmp_path: Path) -> None:
    calibrate(own, many)
    summary = count([many / "images"], tmp_path / "out", own, CountOptions(border="exclude"))
    assert summary.total.interval is None and all(row.lower is None for row in summary.rows)
    assert any("whole single images" in note for note in summary.notes)
    assert json.loads((tmp_path / "out" / "run.json").read_text())["total"]["lower"] is None


def test_coverage_is_evaluated_and_images_calibrated_on_are_told(own: Path, many: Path) -> None:
    calibrate(own, many)
    notes: list[str] = []
    metrics = evaluate(own, many, watch=Watch(on_note=notes.append))
    assert metrics.counting is not None
    held = [
        lower <= true <= upper
        for (_, true, predicted) in metrics.predictions
        for lower, upper in [load(own).card.calibration.interval(predicted)]  # type: ignore[union-attr]
    ]
    assert metrics.counting["coverage"] == pytest.approx(np.mean(held))
    assert any("calibrated on all 11 images" in note for note in notes)


def test_training_images_are_left_out(model: Model, many: Path, tmp_path: Path) -> None:
    trained_on = {"fingerprint": fingerprint(read_folder(many).samples[:2])}
    model.card = model.card.model_copy(update={"training_data": trained_on})
    save(model, tmp_path / "own")
    notes: list[str] = []
    summary = calibrate(tmp_path / "own", many, watch=Watch(on_note=notes.append))
    assert (len(summary.calibration.scores), summary.calibration.left_out) == (9, 2)
    assert "00.png" not in summary.calibration.images
    assert any("trained on 2 of these 11 images, the first 00.png" in note for note in notes)


def test_too_few_images_are_refused(own: Path, many: Path, model: Model) -> None:
    (many / "counts.csv").write_text("image,count\n" + "".join(f"{seed:02d}.png,3\n" for seed in range(8)))
    before = (own / CARD).read_text()
    with pytest.raises(DataError, match=r"0\.9 needs 9 annotated images .* there are 8") as caught:
        calibrate(own, many)
    assert "annotate 1 more" in (caught.value.cure or "")
    assert (own / CARD).read_text() == before
    assert len(calibrate(own, many, coverage=0.8).calibration.scores) == 8
    trained_on = {"fingerprint": fingerprint(read_folder(many).samples[:5])}
    model.card = model.card.model_copy(update={"training_data": trained_on})
    with pytest.raises(DataError, match="there are 3, 5 being left out that the model was trained on"):
        calibrate(model, many, coverage=0.8)


def test_images_that_fail_are_told_and_left_out(own: Path, many: Path) -> None:
    (many / "images" / "03.png").write_text("no image")
    told: dict[str, str] = {}
    summary = calibrate(own, many, watch=Watch(on_failure=told.__setitem__))
    assert [name for name, _ in summary.failures] == ["03.png"] == list(told)
    assert len(summary.calibration.scores) == 10


def test_a_bundled_model_is_copied(many: Path, own: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="stays as it is") as caught:
        calibrate("nuclei-fluorescence", many)
    assert "-o" in (caught.value.cure or "")
    calibrate(own, many, tmp_path / "copy")
    assert load(own).card.calibration is None and load(tmp_path / "copy").card.calibration is not None
    assert (tmp_path / "copy" / WEIGHTS).read_bytes() == (own / WEIGHTS).read_bytes()
    with pytest.raises(UsageError, match="exists"):
        calibrate(own, many, tmp_path / "copy")
    with pytest.raises(UsageError, match="is read by this run"):
        calibrate(own, many, own, overwrite=True)


@pytest.mark.parametrize("coverage", [0.0, 0.4, 1.0, 90.0])
def test_a_coverage_that_makes_no_sense(own: Path, many: Path, coverage: float) -> None:
    with pytest.raises(UsageError, match="makes no sense"):
        calibrate(own, many, coverage=coverage)
    with pytest.raises(UsageError, match="--overwrite is for"):
        calibrate(own, many, overwrite=True)


def test_a_model_as_such_is_calibrated_where_it_is(model: Model, many: Path) -> None:
    assert calibrate(model, many).folder is None
    assert model.count(many / "images" / "00.png").interval is not None
