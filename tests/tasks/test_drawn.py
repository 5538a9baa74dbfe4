"""Drawn images beside natural ones: what is drawn, and training on both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest

from cytally.datasets.folder import Sample
from cytally.errors import ConfigError, DataError
from cytally.models.store import load
from cytally.tasks.count import count
from cytally.tasks.drawn import drawn_examples
from cytally.tasks.evaluate import evaluate
from cytally.tasks.model_notes import model_notes
from cytally.tasks.synthesize import synthesize
from cytally.tasks.train import train
from cytally.tasks.watch import Watch
from cytally.training.configuration import make_configuration

SMALL: dict[str, Any] = {
    "method": "twin-vae",
    "input": {"channels": "one"},
    "options": {"channels": [4, 4, 4, 4], "hidden": 8, "latent": 4},
    "drawn": {"images": 6},
    "training": {"batch_size": 4, "epochs": 2},
}


def changed(**sections: dict[str, Any]) -> dict[str, Any]:
    return {key: {**SMALL.get(key, {}), **sections.get(key, {})} for key in {*SMALL, *sections} - {"method"}} | {
        "method": sections.get("method", SMALL["method"])
    }


@pytest.fixture
def natural(tmp_path: Path) -> Path:
    """Six images of 128 pixels; counts.csv speaks for the first four."""
    folder = tmp_path / "natural"
    (folder / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(6):
        picture = rng.integers(0, 200, (128, 128), dtype=np.uint8)
        (folder / "images" / f"{number}.png").write_bytes(imagecodecs.png_encode(picture))
    (folder / "counts.csv").write_text("image,count\n0.png,0\n1.png,3\n2.png,5\n3.png,3\n")
    return folder


def sample(tmp_path: Path, name: str, count: float | None, level: int) -> Sample:
    path = tmp_path / name
    path.write_bytes(imagecodecs.png_encode(np.full((128, 128), level, np.uint8)))
    return Sample(name, path, count=count)


def test_the_same_seed_draws_the_same_and_every_example_knows_its_cells() -> None:
    configuration = make_configuration(SMALL)
    first, again, other = (drawn_examples(configuration, 1, 3, seed) for seed in (4, 4, 5))
    assert all(np.array_equal(one.image, two.image) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0].image, other[0].image)
    for example in first:
        assert example.drawn and example.labelled and example.image.shape == (1, 128, 128)
        assert 1 <= example.count <= 30 and example.image.min() >= 0 and example.image.max() <= 1


def test_more_images_begin_with_the_same_ones() -> None:
    configuration = make_configuration(SMALL)
    assert np.array_equal(
        drawn_examples(configuration, 1, 2, 0)[1].image, drawn_examples(configuration, 1, 5, 0)[1].image
    )


def test_they_are_not_the_images_that_synthesize_draws_by_the_same_seed() -> None:
    """Whoever tests on a synthesized folder must not have trained on the same cells."""
    configuration = make_configuration(SMALL)
    known = synthesize({"preset": "cho-phase-contrast", "images": 3, "seed": 4})
    drawn = drawn_examples(configuration, 1, 3, 4)
    assert not any(np.array_equal(np.rint(one.image[0] * 255), each.image) for one in drawn for each in known)


def test_counts_and_background_are_learnt_from_natural_images(tmp_path: Path) -> None:
    """Natural images have 12 or 13 cells, a few more or fewer by smoothing; their mean is as bright as 48."""
    settings = {"counts": "natural", "background": "natural", "settings": {"noise": 0, "background_noise": 0}}
    configuration = make_configuration(changed(drawn=settings))
    samples = [sample(tmp_path, "a.png", 12, 77), sample(tmp_path, "b.png", 13, 20), sample(tmp_path, "c.png", None, 9)]
    drawn = drawn_examples(configuration, 1, 12, 0, natural=samples)
    assert {example.count for example in drawn} <= {11, 12, 13, 14}
    assert np.median([np.median(example.image) for example in drawn]) * 255 == pytest.approx(48.5, abs=6)
    alone = drawn_examples(configuration, 1, 12, 0)
    assert {example.count for example in alone} - {11, 12, 13, 14}, "without natural images the preset's law holds"


def test_a_preset_that_draws_its_own_background_takes_no_natural_one() -> None:
    configuration = make_configuration(changed(drawn={"preset": "fluorescent-nuclei", "background": "natural"}))
    with pytest.raises(ConfigError, match=r"'drawn.background' is natural.*; set drawn.background=preset"):
        drawn_examples(configuration, 1, 1, 0)


def test_a_preset_of_other_channels_is_refused() -> None:
    configuration = make_configuration(changed(drawn={"preset": "histology-nuclei"}, input={"channels": "all"}))
    with pytest.raises(ConfigError, match=r"histology-nuclei draws images of 3 channels, and the natural ones have 2"):
        drawn_examples(configuration, 2, 1, 0)


@pytest.mark.parametrize(
    ("drawn", "line"),
    [
        ({"preset": "mice"}, "'drawn.preset': there is no preset 'mice'; choose one of"),
        ({"ratio": 11}, "'drawn.ratio': input should be less than or equal to 10"),
        ({"colour": 1}, "'drawn.colour' is no setting"),
    ],
)
def test_settings_that_make_no_sense_are_refused(drawn: dict[str, Any], line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make_configuration(changed(drawn=drawn))
    assert line in str(caught.value)


def test_unlabelled_images_are_learnt_from_and_two_models_kept(natural: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    stages: list[str] = []
    train(SMALL, natural, out, watch=Watch(on_images=lambda stage, *_: stages.append(stage)))
    facts = json.loads((out / "model.json").read_text())["training_data"]
    assert (facts["train"], facts["validation"], facts["unlabelled"], facts["drawn"]) == (3, 1, 2, 6)
    assert len(facts["fingerprint"]["images"]) == 6
    assert "Drawing images" in stages
    for folder in (out, out / "most-accurate"):
        assert load(folder).count(natural / "images" / "5.png").count >= 0
    assert {"mae", "accuracy"} <= set(load(out / "most-accurate").card.validation)


def test_without_any_label_drawn_images_validate_and_the_user_is_told(natural: Path, tmp_path: Path) -> None:
    (natural / "counts.csv").unlink()
    notes: list[str] = []
    model = train(SMALL, natural, tmp_path / "model", watch=Watch(on_note=notes.append))
    assert any("counts are learnt from drawn images" in note and "drawn ones" in note for note in notes)
    facts = model.card.training_data
    assert (facts["images"], facts["train"], facts["unlabelled"]) == (6, 0, 6)
    summary = count([natural / "images"], tmp_path / "counts", tmp_path / "model")
    assert "The model learnt to count from drawn images alone" in summary.notes[0]
    assert "learnt to count from drawn images alone" in (tmp_path / "counts" / "report.html").read_text()
    assert model.card.validation["n"] == 1, "a tenth of six, at least one"


def test_without_any_label_and_without_drawn_images_nothing_can_be_learnt(natural: Path, tmp_path: Path) -> None:
    (natural / "counts.csv").unlink()
    with pytest.raises(DataError, match="holds no annotated image"):
        train(changed(drawn={"ratio": 0}), natural, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_images_that_came_after_the_run_was_begun_are_not_used(natural: Path, tmp_path: Path) -> None:
    """Labelled or not: a resumed run would otherwise see other pictures than it began with."""
    out, notes = tmp_path / "model", []
    train(SMALL, natural, out)
    (natural / "images" / "new.png").write_bytes((natural / "images" / "5.png").read_bytes())
    model = train(changed(training={"epochs": 3}), natural, out, resume=True, watch=Watch(on_note=notes.append))
    assert any("1 image came after the run was begun" in note for note in notes)
    assert model.card.training_data["unlabelled"] == 2


def test_contrast_unlike_the_drawn_images_is_told(natural: Path) -> None:
    """A 12-bit camera's images in 16 bits end at 0.06 of the range."""
    for path in (natural / "images").iterdir():
        pixels = imagecodecs.imread(path).astype(np.uint16)
        path.write_bytes(imagecodecs.png_encode(pixels * 3))
    notes: list[str] = []
    train(SMALL, natural, watch=Watch(on_note=notes.append))
    assert any("far fainter in contrast than the drawn ones" in note for note in notes)


def test_a_crowded_image_is_evaluated_though_its_cells_cannot_be_drawn(
    natural: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cytally.report.latent.LEAST_FOR_UMAP", float("inf"))  # it would compile for a while
    train(changed(drawn={"counts": "natural"}), natural, tmp_path / "model")
    crowded = tmp_path / "crowded"
    (crowded / "images").mkdir(parents=True)
    (crowded / "images" / "a.png").write_bytes(imagecodecs.png_encode(np.zeros((200, 200), np.uint8) + 9))
    (crowded / "counts.csv").write_text("image,count\na.png,900\n")
    notes: list[str] = []
    metrics = evaluate(tmp_path / "model", crowded, tmp_path / "out", watch=Watch(on_note=notes.append))
    assert metrics.counting["n"] == 1
    assert any("Drawn pictures are as the preset says" in note for note in notes)


def test_natural_images_alone(natural: Path) -> None:
    model = train(changed(drawn={"ratio": 0}), natural)
    assert not model_notes(model.card)
    assert model.card.training_data["drawn"] == 0


def test_a_count_of_an_image_that_would_be_cut_up_is_refused(natural: Path, tmp_path: Path) -> None:
    big = np.zeros((200, 200), np.uint8)
    for name in ("1.png", "2.png", "3.png"):
        (natural / "images" / name).write_bytes(imagecodecs.png_encode(big))
    with pytest.raises(DataError, match=r"[123].png: is larger than the 128 × 128 pixels .* options.larger=resize"):
        train(SMALL, natural)
    train(changed(options={"larger": "resize"}), natural)


def test_images_under_32_pixels_are_refused_by_name(natural: Path) -> None:
    (natural / "images" / "4.png").write_bytes(imagecodecs.png_encode(np.zeros((31, 90), np.uint8)))
    with pytest.raises(DataError, match=r"4.png: is 31 × 90 pixels, and the method needs 32 on each side"):
        train(SMALL, natural)


def test_maps_learn_from_drawn_images_too(data: Path) -> None:
    """A map method keeps no kinds apart: drawn images only take their share of the crops."""
    config = {
        "method": "density",
        "options": {"sigma": 2.0, "channels": [2, 4], "normalisation": "none"},
        "drawn": {"ratio": 2, "images": 3, "preset": "fluorescent-nuclei"},
        "training": {"batch_size": 2, "crop": 16, "steps": 2, "validation": 1},
    }
    assert train(config, data).card.training_data["drawn"] == 3


def test_resuming_sees_the_same_drawn_images(natural: Path, tmp_path: Path) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    four, two = ({"epochs": epochs, "batch_size": 4, "schedule": "constant"} for epochs in (4, 2))
    options = {"regressor_delay": 0}  # else a share of the run, which is twice as long, says when counts are learnt
    train(changed(training=four, options=options), natural, once)
    train(changed(training=two, options=options), natural, twice)
    train(changed(training=four, options=options), natural, twice, resume=True)
    first, second = (load(folder).count(natural / "images" / "5.png").count for folder in (once, twice))
    assert first == second
