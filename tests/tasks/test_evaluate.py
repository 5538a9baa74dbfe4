"""Comparing a model with annotated images."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import cytally
from cytally.datasets.fingerprint import fingerprint
from cytally.datasets.folder import read_folder
from cytally.errors import DataError, ModelError, OutputError, UsageError
from cytally.models.model import Model
from cytally.tasks.evaluate import evaluate
from cytally.tasks.image_comparison import ImageComparison
from cytally.tasks.watch import Watch


def test_metrics_and_predictions(data: Path, model: Model, tmp_path: Path) -> None:
    seen: list[tuple[str, float, int]] = []
    metrics = evaluate(model, data, tmp_path / "out", watch=Watch(on_images=lambda *at: seen.append(at)))
    rows = pd.read_csv(tmp_path / "out" / "predictions.csv")
    assert rows.columns.tolist() == ["image", "true", "predicted"] and rows["true"].tolist() == [2, 2, 2]
    counts = [model.count(data / "images" / name).count for name in rows["image"]]
    assert rows["predicted"].tolist() == pytest.approx(counts, rel=1e-5)
    written = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert written == metrics.as_dict() and list(written) == ["counting"]
    assert written["counting"]["mae"] == pytest.approx(sum(abs(count - 2) for count in counts) / 3)
    assert set(written["counting"]) == {
        *("n", "mae", "rmse", "bias", "mre", "accuracy", "average_relative_error", "total_relative_error")
    }
    assert json.loads((tmp_path / "out" / "run.json").read_text())["task"] == "evaluate"
    assert not (tmp_path / "out" / "failures.csv").exists()
    by_count = pd.read_csv(tmp_path / "out" / "error_by_count.csv")
    assert by_count[["true_from", "true_to", "images"]].to_numpy().tolist() == [[2, 2, 3]]
    assert by_count["mae"][0] == pytest.approx(written["counting"]["mae"])
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    worst = max(zip(rows["image"], counts, strict=True), key=lambda each: abs(each[1] - 2))
    assert page.index(f"{worst[0]}: 2.0 cells") == page.index("cells, ") - len(f"{worst[0]}: 2.0 "), "the worst first"
    assert all(f"{image}: 2.0 cells" in page for image in rows["image"])
    assert ("Reading images", 0, 3) in seen and ("Evaluating", 2, 3) in seen


def test_from_python_nothing_is_written(data: Path, model_folder: Path) -> None:
    before = sorted(data.rglob("*"))
    metrics = cytally.evaluate(cytally.load(model_folder), data)
    assert sorted(data.rglob("*")) == before
    assert metrics.counting is not None and metrics.counting["n"] == 3
    assert [image for image, _, _ in metrics.predictions] == ["a.png", "b.png", "c.png"]


def test_unlabelled_images_are_left_out(data: Path, model: Model) -> None:
    (data / "points.csv").unlink()
    (data / "counts.csv").write_text("image,count\nb.png,4\n")
    (data / "images" / "a.png").write_text("never opened")
    assert evaluate(model, data).predictions[0][:2] == ("b.png", 4.0)


def test_a_broken_image_is_named_and_the_rest_evaluated(
    data: Path, picture: Callable[..., object], model: Model, tmp_path: Path
) -> None:
    (data / "images" / "b.png").write_text("no image")
    told: dict[str, str] = {}
    metrics = evaluate(model, data, tmp_path / "out", watch=Watch(on_failure=told.__setitem__))
    assert [image for image, _, _ in metrics.predictions] == ["a.png", "c.png"]
    failures = pd.read_csv(tmp_path / "out" / "failures.csv")
    assert dict(zip(failures["image"], failures["error"], strict=True)) == told
    assert "whatever its ending says" in told["b.png"]


def test_nothing_is_written_where_nothing_can_be_evaluated(data: Path, model: Model, tmp_path: Path) -> None:
    quiet = Watch(on_failure=lambda image, line: None)
    for name in "abc":
        (data / "images" / f"{name}.png").write_bytes(b"")
    with pytest.raises(DataError, match="no image could be counted"):
        evaluate(model, data, tmp_path / "out", watch=quiet)
    (data / "points.csv").unlink()
    with pytest.raises(DataError, match="no image is annotated"):
        evaluate(model, data, tmp_path / "out")
    with pytest.raises(DataError, match="not a folder"):
        evaluate(model, data / "none", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_outputs_are_refused_before_an_image_is_opened(
    data: Path, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate(model, data, tmp_path / "out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cytally.tasks.evaluate.read_folder", lambda *_, **__: pytest.fail("read"))
        with pytest.raises(UsageError, match="exists"):
            evaluate(model, data, tmp_path / "out")
        with pytest.raises(ModelError):
            evaluate(tmp_path / "none", data, tmp_path / "new")
        with pytest.raises(UsageError, match="did not write"):
            evaluate(model, data, data, overwrite=True)
    (tmp_path / "out" / "failures.csv").write_text("of an earlier run")
    evaluate(model, data, tmp_path / "out", overwrite=True)
    assert not (tmp_path / "out" / "failures.csv").exists()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        evaluate(model, data, tmp_path / "other")


def test_images_that_were_trained_on_are_told(data: Path, model: Model, tmp_path: Path) -> None:
    notes: list[str] = []
    facts = {"fingerprint": fingerprint(read_folder(data).samples[:2])}
    model.card = model.card.model_copy(update={"training_data": facts})
    evaluate(model, data, watch=Watch(on_note=notes.append))
    assert len(notes) == 1 and "trained on 2 of these 3 images, the first a.png" in notes[0]
    evaluate(model, data, tmp_path / "out", watch=Watch(on_note=notes.append))
    assert notes[0] in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_the_worst_images_are_kept(data: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cytally.tasks.comparison.MOST_WRONG", 2)
    comparison = ImageComparison(model, Watch())
    comparison.compare(read_folder(data).samples)
    errors = {name: abs(predicted - true) for name, true, predicted in comparison.rows}
    assert [each.image for each in comparison.wrong] == sorted(errors, key=lambda name: -errors[name])[:2]


def test_images_whose_annotation_is_doubtful_are_told(data: Path, model: Model) -> None:
    names = sorted(path.name for path in (data / "images").iterdir())
    notes: list[str] = []
    (data / "skip.csv").write_text("image,why\ngone.png,deleted\n", encoding="utf-8")
    evaluate(model, data, watch=Watch(on_note=notes.append))
    assert not any("skip.csv" in note for note in notes)
    (data / "skip.csv").write_text(f"image,why\n{names[1]},leaked\n", encoding="utf-8")
    metrics = evaluate(model, data, watch=Watch(on_note=notes.append))
    assert f"skip.csv lists 1 of these 3 images as not to be learnt from, the first {names[1]}" in " ".join(notes)
    assert len(metrics.predictions) == 3


def test_a_full_disk_is_no_broken_image(data: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OutputError("can no longer be written to", file="out")

    monkeypatch.setattr("cytally.tasks.object_comparison.ObjectComparison.add", full)
    with pytest.raises(OutputError):
        evaluate(model, data)
