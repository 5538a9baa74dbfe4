"""Training with a teacher: what is refused before anything is read, what model.json tells, and going on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cytally.errors import ConfigError, ModelError
from cytally.models.store import load
from cytally.tasks.train import train

SMALL: dict[str, Any] = {
    "method": "density",
    "input": {"channels": "all"},
    "options": {"sigma": 3.0, "channels": [2, 4], "normalisation": "layer"},
    "training": {"batch_size": 2, "crop": 16, "epochs": 2, "validation": 1},
}


def student(teacher: object, **sections: Any) -> dict[str, Any]:
    given = {**SMALL, "options": {**SMALL["options"], "channels": [2, 2], "stem_stride": 2}, **sections}
    return {**given, "training": {**SMALL["training"], "teacher": str(teacher), **sections.get("training", {})}}


@pytest.fixture
def teacher(data: Path, tmp_path: Path) -> Path:
    train(SMALL, data, tmp_path / "teacher")
    return tmp_path / "teacher"


def test_the_card_names_the_teacher_and_what_it_has_seen(data: Path, teacher: Path, tmp_path: Path) -> None:
    model = train(student(teacher), data, tmp_path / "student")
    card = json.loads((tmp_path / "student" / "model.json").read_text())
    told = card["provenance"]["teacher"]
    assert (told["name"], told["created"]) == ("density", load(teacher).card.provenance["created"])
    assert len(told["weights"]) == 16
    seen = load(teacher).card.training_data["fingerprint"]["images"].values()
    assert set(seen) <= set(card["training_data"]["earlier_images"])
    assert card["configuration"]["training"]["teacher"] == str(teacher)
    assert model.parameters < load(teacher).parameters


def test_images_without_annotation_are_learnt_from_with_a_teacher_alone(
    data: Path, teacher: Path, tmp_path: Path
) -> None:
    (data / "images.csv").write_text("image\na.png\nb.png\n")
    (data / "points.csv").write_text(
        "\n".join(line for line in (data / "points.csv").read_text().splitlines() if not line.startswith("c.png"))
        + "\n"
    )
    alone = train(SMALL, data)
    taught = train(student(teacher), data)
    assert [each.card.training_data["unlabelled"] for each in (alone, taught)] == [0, 1]


def test_a_stopped_run_goes_on_to_the_same_weights(data: Path, teacher: Path, tmp_path: Path) -> None:
    whole = train(student(teacher, training={"epochs": 4}), data, tmp_path / "whole")
    train(student(teacher, training={"epochs": 2}), data, tmp_path / "parts")
    parts = train(student(teacher, training={"epochs": 4}), data, tmp_path / "parts", resume=True)
    for name, value in whole.network.state_dict().items():
        assert value.equal(parts.network.state_dict()[name]), name


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"input": {"channels": "all", "downscale": 2}}, r"its input.downscale is 1.0; set input.downscale"),
        ({"options": {"sigma": 2.0, "channels": [2, 2]}}, r"other maps.*options.sigma=3"),
    ],
    ids=["input", "maps"],
)
def test_a_teacher_that_cannot_teach_is_refused(
    data: Path, teacher: Path, tmp_path: Path, sections: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        train(student(teacher, **sections), data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_methods_without_maps_have_no_teacher(data: Path, teacher: Path) -> None:
    with pytest.raises(ConfigError, match="twin-vae learns from no teacher"):
        train({"method": "twin-vae", "training": {"teacher": str(teacher)}}, data)
    with pytest.raises(ConfigError, match="nucleus-unet learns from no teacher"):
        train({"method": "nucleus-unet", "training": {"teacher": str(teacher)}}, data)


def test_a_teacher_that_is_not_there(data: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        train(student("nowhere"), data)
