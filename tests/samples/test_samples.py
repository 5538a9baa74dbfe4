from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from skimage.io import imread

from cytally.samples import sample_folder

SCRIPT = Path(__file__).parents[2] / "scripts" / "draw_samples.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_samples", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_six_small_images_with_their_truth() -> None:
    files = sorted((sample_folder() / "images").glob("*.png"))
    counts = pd.read_csv(sample_folder() / "counts.csv").set_index("image")["count"]
    points = pd.read_csv(sample_folder() / "points.csv").groupby("image").size()
    assert len(files) == 6
    assert sum(file.stat().st_size for file in files) < 600_000
    assert sorted(counts.index) == [file.name for file in files]
    assert counts["empty.png"] == 0
    assert points.to_dict() == counts[counts > 0].to_dict()
    about = json.loads((sample_folder() / "samples.json").read_text(encoding="utf-8"))
    assert {entry["image"]: entry["count"] for entry in about} == counts.to_dict()
    assert all(imread(file).dtype == np.uint8 for file in files)


@pytest.mark.parametrize("name", ["sparse", "dense", "touching", "large", "small", "empty"])
def test_the_script_draws_what_the_package_holds(script: ModuleType, name: str) -> None:
    drawn = script.draw(name)
    kept = imread(sample_folder() / "images" / f"{name}.png")
    # Another processor may round the last bit of a float otherwise.
    assert np.abs(drawn.image.astype(int) - kept).max() <= 1
    assert drawn.count == pd.read_csv(sample_folder() / "counts.csv").set_index("image")["count"][f"{name}.png"]


def test_writing_twice_gives_the_same_bytes(script: ModuleType, tmp_path: Path) -> None:
    script.write(tmp_path / "one")
    script.write(tmp_path / "two")
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 9
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
