"""Flags of the included models, and of one that was trained here."""

from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest

import cytally
from cytally.models.store import bundled_models, load
from cytally.report.words import SENTENCES, sentence
from cytally.tasks.train import train

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "src" / "cytally" / "samples" / "images"
NEW = ("empty", "too-dim", "out-of-focus", "cell-size", "crowded", "unlike-training")


@pytest.fixture(scope="module")
def sample() -> np.ndarray:
    return imagecodecs.imread(SAMPLES / "sparse.png")


@pytest.mark.parametrize("name", bundled_models())
def test_included_models_know_their_range(name: str) -> None:
    assert load(name).card.training_range is not None


def test_blur_and_noise_are_told_and_change_no_count(sample: np.ndarray) -> None:
    model = cytally.load("nuclei-fluorescence-lean")
    blurred = cv2.GaussianBlur(sample, (0, 0), 12)
    assert model.count(sample).flags == ()
    found = model.count(blurred)
    assert "out-of-focus" in found.flags
    noise = np.random.default_rng(0).normal(100, 5, (256, 256)).astype(np.uint8)
    assert "empty" in model.count(noise).flags
    without = load("nuclei-fluorescence-lean")
    without.card = without.card.model_copy(update={"training_range": None})
    plain = without.count(blurred)
    assert not set(NEW) & set(plain.flags)
    assert plain.count == found.count


@pytest.mark.parametrize("name", ["sparse", "dense", "touching", "small"])
@pytest.mark.parametrize("sigma", [5, 8])
def test_blurred_samples_are_out_of_focus_however_dense(name: str, sigma: int) -> None:
    picture = imagecodecs.imread(SAMPLES / f"{name}.png")
    found = cytally.load("nuclei-fluorescence-lean").count(cv2.GaussianBlur(picture, (0, 0), sigma))
    assert "out-of-focus" in found.flags


def test_large_blurred_images_are_looked_at_by_windows_without_their_seams() -> None:
    model = cytally.load("nuclei-fluorescence-lean")
    large = np.tile(imagecodecs.imread(SAMPLES / "dense.png"), (5, 5))
    sharp, away = (model.count(each).flags for each in (large, cv2.GaussianBlur(large, (0, 0), 5)))
    assert "out-of-focus" not in sharp and "out-of-focus" in away


def test_training_measures_its_images(data_folder: Path, tmp_path: Path) -> None:
    for number in range(6, 16):  # as many again and more, since eight that hold anything are needed
        name = f"{2 + number % 4}.tif"
        copied = data_folder / "images" / f"{number}.tif"
        copied.write_bytes((data_folder / "images" / name).read_bytes())
    settings = {"method": "density", "training": {"steps": 1, "crop": 32, "batch_size": 2, "validation": 2}}
    model = train(settings | {"options": {"sigma": 2.0, "channels": [4, 8]}}, data_folder, tmp_path / "model")
    found = load(tmp_path / "model").card.training_range
    assert found is not None and found == model.card.training_range
    assert found.images <= 14 and "density" in found.ends and found.defocus is not None


@pytest.mark.parametrize("flag", [*NEW, "saturated"])
def test_each_flag_has_its_sentence_in_the_documentation(flag: str) -> None:
    page = (ROOT / "docs" / "flags.md").read_text(encoding="utf-8")
    assert flag in SENTENCES
    assert f"| `{flag}` | {sentence(flag)} |" in page
