"""Training: what is refused, what is written, and going on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml

import cytally
from cytally.errors import ConfigError, CytallyError, DataError, ModelError, OutputError, UsageError
from cytally.models.store import load
from cytally.tasks.train import train
from cytally.tasks.watch import Watch

SMALL: dict[str, Any] = {
    "method": "density",
    "input": {"channels": "all"},
    "options": {"sigma": "auto", "channels": [2, 4], "normalisation": "layer"},
    "training": {"batch_size": 2, "crop": 16, "epochs": 2, "validation": 1},
}


def changed(**training: Any) -> dict[str, Any]:
    return {**SMALL, "training": {**SMALL["training"], **training}}


def test_the_model_folder(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(SMALL))
    out = tmp_path / "model"
    stages: list[str] = []
    steps: list[int] = []
    watch = Watch(on_images=lambda stage, done, total: stages.append(stage), on_step=lambda at: steps.append(at.step))
    model = cytally.train(config, data, out, watch=watch)
    assert {path.name for path in out.iterdir()} == {
        *("model.json", "weights.safetensors", "split.json", "configuration.yaml"),
        *("curves.csv", "curves.png", "checkpoint.pt"),
    }
    assert steps == [1, 2] and list(dict.fromkeys(stages)) == ["Checking images", "Reading images"]
    card = json.loads((out / "model.json").read_text())
    assert card["training_data"]["images"] == 3 and card["training_data"]["cells"] == 6
    assert len(card["training_data"]["fingerprint"]["images"]) == 3
    assert card["validation"]["n"] == 1 and card["validation"]["mae"] >= 0
    assert card["configuration"]["options"]["sigma"] == pytest.approx(0.3 * np.hypot(10, 14)), "auto is worked out"
    assert yaml.safe_load((out / "configuration.yaml").read_text())["options"]["sigma"] == "auto"
    assert len(pd.read_csv(out / "curves.csv")) == 2
    split = json.loads((out / "split.json").read_text())
    assert sorted(split["train"] + split["validation"]) == ["a.png", "b.png", "c.png"]
    path = data / "images" / "a.png"
    assert load(out).count(path).count == model.count(path).count


def test_from_python_without_a_folder(data: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    model = cytally.train(SMALL, data)
    assert sorted(tmp_path.rglob("*")) == before
    assert model.count(data / "images" / "a.png").count >= 0
    assert model.card.validation["n"] == 1 and model.card.provenance["epochs"] == 2


def test_the_validation_figures_are_those_of_the_model(data: Path, tmp_path: Path) -> None:
    train(changed(epochs=4), data, tmp_path / "model")
    card = json.loads((tmp_path / "model" / "model.json").read_text())
    (held,) = json.loads((tmp_path / "model" / "split.json").read_text())["validation"]
    counted = load(tmp_path / "model").count(data / "images" / held).count
    assert card["validation"]["mae"] == pytest.approx(abs(counted - 2), rel=0.01, abs=0.01)


def broken(data: Path, how: str) -> None:
    points, images = data / "points.csv", data / "images"
    if how == "outside":
        points.write_text(points.read_text() + "a.png,5,400\n")
    elif how == "no cells":
        points.write_text("image,y,x\n")
    elif how == "nothing":
        points.unlink()
    elif how == "one image":
        (images / "b.png").unlink()
        (images / "c.png").unlink()
        points.write_text("image,y,x\na.png,3,4\n")
    elif how == "unreadable":
        (images / "b.png").write_bytes(b"")
    elif how == "channels":
        imagecodecs.imwrite(images / "b.png", np.zeros((24, 32, 3), np.uint8))
    elif how == "unknown image":
        points.write_text(points.read_text() + "z.png,5,4\n")
    elif how == "film":
        tifffile.imwrite(
            images / "f.tif", np.zeros((2, 24, 32), np.uint8), photometric="minisblack", metadata={"axes": "TYX"}
        )


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("outside", "points.csv: 1 point lies outside the image, first in a.png at y 5, x 400"),
        ("no cells", "no image has a cell"),
        ("nothing", "no annotated image"),
        ("one image", "not enough"),
        ("unreadable", "b.png: is empty"),
        ("channels", "channels, but"),
        ("unknown image", "z.png"),
        ("film", "2 planes"),
    ],
)
def test_data_that_nothing_can_be_learnt_from(how: str, says: str, data: Path, tmp_path: Path) -> None:
    broken(data, how)
    with pytest.raises(DataError) as caught:
        train(SMALL, data, tmp_path / "model")
    line = caught.value.line()
    assert says in line and str(data) in line and ";" in line and "\n" not in line
    assert not (tmp_path / "model").exists()


def test_odd_annotations_are_told_once_each(data: Path, tmp_path: Path) -> None:
    (data / "points.csv").write_text((data / "points.csv").read_text() + "a.png,5,6\na.png,5,6\n")
    (data / "counts.csv").write_text("image,count\na.png,9\nb.png,9\n")
    notes: list[str] = []
    model = train(SMALL, data, watch=Watch(on_note=notes.append))
    assert model.card.training_data["cells"] == 6, "a point that is given twice is kept once"
    assert len(notes) == 2 and "kept once" in notes[0] and "disagree" in notes[1]


def test_wrong_calls_write_nothing(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "model"

    def refused(config: Any = SMALL, **settings: Any) -> CytallyError:
        with pytest.raises(CytallyError) as caught:
            train(config, data, out, **settings)
        assert not out.exists()
        return caught.value

    for minutes in (0, -1, float("nan"), float("inf")):
        assert isinstance(refused(minutes=minutes), UsageError)
    assert isinstance(refused(tmp_path / "none.yaml"), ConfigError)
    assert "batch_sise" in refused(changed(batch_sise=3)).line()
    assert isinstance(refused(resume=True, overwrite=True), UsageError)
    assert isinstance(refused(changed(validation=3)), UsageError)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert "no 'cuda' device" in refused(device="cuda").line()


def test_a_model_folder_is_overwritten_only_when_asked(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    train(SMALL, data, out)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="exists"):
        train(SMALL, data, out)
    train(changed(epochs=1), data, out, overwrite=True)
    assert len(pd.read_csv(out / "curves.csv")) == 1 and (out / "notes.txt").exists()
    with pytest.raises(UsageError, match="did not write"):
        train(SMALL, data, data, overwrite=True)
    assert (data / "images" / "a.png").exists()


def stopped_after(steps: int, error: type[BaseException] = KeyboardInterrupt) -> Watch:
    """Stops a training after so many steps."""

    def step(progress: Any) -> None:
        if progress.step >= steps:
            raise error

    return Watch(on_step=step)


@pytest.mark.parametrize("steps", [1, 4])
def test_a_training_that_was_stopped_goes_on(steps: int, data: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole", tmp_path / "model"
    train(changed(epochs=6), data, whole)
    with pytest.raises(KeyboardInterrupt):
        train(changed(epochs=6), data, out, watch=stopped_after(steps))
    if steps > 1:
        assert load(out).card.validation["n"] == 1, "one validation has passed"
        assert (out / "curves.png").exists()
    train(changed(epochs=6), data, out, resume=True)
    assert (out / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    assert (out / "split.json").read_bytes() == (whole / "split.json").read_bytes()


def test_resuming_where_nothing_is_begins(data: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    train(SMALL, data, tmp_path / "model", resume=True)
    train(SMALL, data, tmp_path / "other", resume=True)
    (tmp_path / "other" / "checkpoint.pt").unlink()
    with pytest.raises(ModelError, match=r"no checkpoint to resume from.*--overwrite"):
        train(SMALL, data, tmp_path / "other", resume=True)
    with pytest.raises(UsageError, match="did not write"):
        train(SMALL, data, data, resume=True)


def test_only_the_limits_may_change(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    train(changed(epochs=1), data, out)
    before = (out / "weights.safetensors").read_bytes()
    with pytest.raises(UsageError, match=r"training\.batch_size was 2 and is 1 now"):
        train(changed(batch_size=1), data, out, resume=True)
    with pytest.raises(UsageError, match="seed was 0 and is 1 now"):
        train({**changed(epochs=1), "seed": 1}, data, out, resume=True)
    assert (out / "weights.safetensors").read_bytes() == before
    train(changed(epochs=3), data, out, resume=True)
    assert pd.read_csv(out / "curves.csv")["epoch"].tolist() == [1, 2, 3]
    (out / "configuration.yaml").write_text("{")
    with pytest.raises(ModelError, match="configuration of the earlier run"):
        train(changed(epochs=3), data, out, resume=True)


def test_images_that_came_later_take_no_part(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    train(changed(epochs=1), data, out)
    (data / "images" / "d.png").write_bytes((data / "images" / "a.png").read_bytes())
    notes: list[str] = []
    model = train(SMALL, data, out, resume=True, watch=Watch(on_note=notes.append))
    assert len(notes) == 1 and "1 image came after" in notes[0]
    assert model.card.training_data["images"] == 3
    (data / "images" / "b.png").unlink()
    (data / "points.csv").write_text("image,y,x\na.png,3,4\n")
    with pytest.raises(DataError, match=r"b\.png"):
        train(SMALL, data, out, resume=True)


def test_a_full_disk(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "model"
    replace = Path.replace

    def filling_up(self: Path, target: Path) -> Path:
        if Path(target).name == "curves.csv":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", filling_up)
        with pytest.raises(OutputError, match=r"No space left.*--resume"):
            train(SMALL, data, out)
    assert load(out).card.validation["n"] == 1
    train(SMALL, data, out, resume=True)
    assert (out / "curves.csv").exists()


def test_several_folders_share_the_crops(
    data: Path, data_folder: Path, tmp_path: Path, picture: Callable[..., Any]
) -> None:
    model = train(changed(epochs=1), [(data, 0.5), (data_folder, 0.5)])
    assert model.card.training_data["images"] == 9
    other = tmp_path / "other"
    (other / "images").mkdir(parents=True)
    (other / "images" / "a.png").write_bytes(imagecodecs.png_encode(picture(9)))
    (other / "points.csv").write_text("image,y,x\na.png,1,1\n")
    with pytest.raises(DataError, match=r"two data folders have an image 'a\.png'"):
        train(SMALL, [(data, 0.5), (other, 0.5)])
    with pytest.raises(DataError, match="has 3 channels, but"):
        imagecodecs.imwrite(other / "images" / "a.png", np.zeros((24, 32, 3), np.uint8))
        (other / "images" / "a.png").rename(other / "images" / "z.png")
        (other / "points.csv").write_text("image,y,x\nz.png,1,1\n")
        train(SMALL, [(data, 0.5), (other, 0.5)])


def counted(data: Path, *names: str, count: int = 2) -> None:
    (data / "counts.csv").write_text("".join(["image,count\n", *(f"{name}.png,{count}\n" for name in names)]))


def test_counts_alone_are_enough(data: Path, tmp_path: Path) -> None:
    (data / "points.csv").unlink()
    counted(data, *"abc")
    model = train(changed(steps=2), data, tmp_path / "model")
    assert model.card.training_data["cells"] == 6 and model.card.provenance["steps"] == 2
    assert load(tmp_path / "model").count(data / "images" / "a.png").count >= 0


def test_points_and_counts_may_be_mixed(data: Path) -> None:
    (data / "images.csv").write_text("image\na.png\n")
    counted(data, "b", "c", count=5)
    assert train(changed(epochs=1), data).card.training_data["cells"] == 2 + 5 + 5


def test_learning_from_counts_lowers_their_error(data_folder: Path) -> None:
    """Cells in drawn images, of which only the numbers are told: the brightest way to be right is to see the cells."""
    points = pd.read_csv(data_folder / "points.csv")
    counts = points.groupby("image").size().reindex([f"{number}.tif" for number in range(6)], fill_value=0)
    (data_folder / "points.csv").unlink()
    counts.rename("count").rename_axis("image").to_csv(data_folder / "counts.csv")
    options = {"channels": [8, 16], "normalisation": "batch"}
    training = {"crop": 64, "batch_size": 4, "learning_rate": 1e-2, "schedule": "cosine", "clip": 1.0, "averaging": 0.9}
    training |= {"validation": 2, "epochs": None, "steps": 150, "validate_every": 25}
    configuration = {**SMALL, "options": options, "training": training, "seed": 1}
    spread = np.abs(counts - counts.mean()).mean()
    assert train(configuration, data_folder).card.validation["mae"] < 0.4 * spread


def test_beginning_with_a_model(data: Path, tmp_path: Path) -> None:
    train(changed(steps=1), data, tmp_path / "first")
    still = changed(steps=1, learning_rate=1e-12)
    second = train(still, data, start=tmp_path / "first")
    for name, value in load(tmp_path / "first").network.named_parameters():
        assert dict(second.network.named_parameters())[name].detach().numpy() == pytest.approx(value.detach().numpy())
    assert second.card.provenance["start"]["name"] == "density"
    notes: list[str] = []
    train({**still, "input": {"channels": "all", "normalisation": "range"}}, data, start=tmp_path / "first",
          watch=Watch(on_note=notes.append))  # fmt: skip
    assert any("input.normalisation (foreground there, range here)" in note for note in notes)
    assert any("has seen the one validation image, the first" in note for note in notes)
    with pytest.raises(ModelError, match="another network"):
        train(
            {**still, "options": {**SMALL["options"], "channels": [2, 8]}},
            data,
            tmp_path / "no",
            start=tmp_path / "first",
        )
    with pytest.raises(CytallyError, match="nothing-such"):
        train(still, data, tmp_path / "no", start="nothing-such")
    assert not (tmp_path / "no").exists()


def test_a_range_of_too_few_images_is_that_of_the_model_begun_with(data: Path, tmp_path: Path) -> None:
    first = train(changed(steps=1), data, tmp_path / "first")
    assert first.card.training_range is None  # three images
    card = tmp_path / "first" / "model.json"
    usual = load("nuclei-fluorescence").card.training_range
    assert usual is not None
    card.write_text(json.dumps(json.loads(card.read_text()) | {"training_range": usual.model_dump(mode="json")}))
    assert train(changed(steps=1), data, start=tmp_path / "first").card.training_range == usual
    otherwise = {**changed(steps=1), "input": {"channels": "all", "normalisation": "range"}}
    assert train(otherwise, data, start=tmp_path / "first").card.training_range is None  # measured of other numbers


def test_a_method_that_cannot_learn_from_counts_says_so(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cytally.methods.density import Density

    monkeypatch.setattr(Density, "learns_from_counts", False)
    (data / "images.csv").write_text("image\na.png\nb.png\n")
    counted(data, "c")
    notes: list[str] = []
    assert train(changed(epochs=1), data, watch=Watch(on_note=notes.append)).card.training_data["images"] == 2
    assert any("1 of which only counts are known" in note for note in notes)
    (data / "points.csv").unlink()
    (data / "images.csv").unlink()
    with pytest.raises(DataError, match="no image has its cells marked"):
        train(SMALL, data)


def test_what_was_begun_with_is_remembered_and_resumed_with(data: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    train(changed(steps=1), data, first)
    train({**changed(steps=1), "seed": 1}, data, tmp_path / "other")
    train(changed(steps=1), data, second, start=first)
    resumed = train(changed(steps=2), data, second, resume=True)
    assert resumed.card.provenance["start"] == load(second).card.provenance["start"]
    train(changed(steps=3), data, second, start=first, resume=True)
    with pytest.raises(UsageError, match="not with the model that is given now"):
        train(changed(steps=4), data, second, start=tmp_path / "other", resume=True)
    with pytest.raises(UsageError, match="begun with random weights"):
        train(changed(steps=4), data, first, start=tmp_path / "other", resume=True)
    images = set(load(first).card.training_data["fingerprint"]["images"].values())
    assert set(resumed.card.training_data["earlier_images"]) == images
    third = train(changed(steps=1), data, start=second)
    assert set(third.card.training_data["earlier_images"]) == images


def test_evaluating_on_images_of_the_model_before_says_so(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "images").mkdir(parents=True)
    for number in range(2):
        picture = np.random.default_rng(number).integers(0, 200, (24, 32), dtype=np.uint8)
        (other / "images" / f"{number}.png").write_bytes(imagecodecs.png_encode(picture + np.uint8(9)))
    (other / "points.csv").write_text("image,y,x\n0.png,5,6\n1.png,5,6\n")
    train(changed(steps=1), data, tmp_path / "first")
    second = train(changed(steps=1), other, start=tmp_path / "first")
    notes: list[str] = []
    cytally.evaluate(second, data, watch=Watch(on_note=notes.append))
    assert any("trained on all 3 images" in note for note in notes)


def test_a_model_to_begin_with_that_does_not_fit_says_why(data: Path, tmp_path: Path) -> None:
    train(changed(steps=1), data, tmp_path / "grey")
    for path in (data / "images").iterdir():
        picture = np.zeros((24, 32, 3), np.uint8)
        path.write_bytes(imagecodecs.png_encode(picture + np.arange(32, dtype=np.uint8)[:, None]))
    with pytest.raises(ModelError, match="is 1, and that of these images 3"):
        train(changed(steps=1), data, start=tmp_path / "grey")


def test_counts_alone_take_the_width_of_the_model_before(data: Path, tmp_path: Path) -> None:
    train({**changed(steps=1), "options": {**SMALL["options"], "sigma": 2.25}}, data, tmp_path / "first")
    (data / "points.csv").unlink()
    counted(data, *"abc")
    assert train(changed(steps=1), data).card.configuration.options.sigma == 6
    assert train(changed(steps=1), data, start=tmp_path / "first").card.configuration.options.sigma == 2.25


def test_counts_of_enormous_images_are_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cytally.tasks.training_examples.MOST_COUNTED", 24 * 32 - 1)
    assert train(changed(steps=1), data).card.training_data["cells"] == 6, "points may be cropped"
    (data / "points.csv").unlink()
    counted(data, *"abc")
    with pytest.raises(DataError, match=r"24 × 32 pixels, too many to learn from a count alone.*input.downscale"):
        train(changed(steps=1), data)


def test_an_image_without_points_beside_its_count_is_told_of(data: Path) -> None:
    counted(data, "a", "b", "c")
    points = pd.read_csv(data / "points.csv")
    points[points["image"] != "c.png"].to_csv(data / "points.csv", index=False)
    notes: list[str] = []
    train(changed(steps=1), data, watch=Watch(on_note=notes.append))
    assert any("list those in images.csv" in note for note in notes)
