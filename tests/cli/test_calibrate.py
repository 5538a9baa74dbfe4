"""`cytally calibrate`, as a user sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from typer.testing import Result

from cytally.models.model import Model
from cytally.models.store import load, save

Call = Callable[..., Result]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Nine images with counts."""
    (tmp_path / "data" / "images").mkdir(parents=True)
    for seed in range(9):
        noise = np.random.default_rng(seed).integers(0, 200, (24, 32), dtype=np.uint8)
        (tmp_path / "data" / "images" / f"{seed}.png").write_bytes(imagecodecs.png_encode(noise))
    rows = [f"{seed}.png,{seed}" for seed in range(9)]
    (tmp_path / "data" / "counts.csv").write_text("\n".join(["image,count", *rows, ""]))
    return tmp_path / "data"


def test_what_is_said(call: Call, data: Path, tiny_model: Model, tmp_path: Path) -> None:
    save(tiny_model, tmp_path / "model")
    result = call("calibrate", "--model", tmp_path / "model", "--data", data)
    assert result.exit_code == 0, result.output
    calibration = load(tmp_path / "model").card.calibration
    assert calibration is not None and "90 % intervals from 9 images" in result.stdout
    lower, upper = calibration.interval(100.0)
    assert f"An image with 100 cells counted: {lower:.1f} to {upper:.1f}" in result.stdout
    counted = call("count", data / "images", "-o", tmp_path / "out", "--model", tmp_path / "model")
    assert counted.exit_code == 0 and " at 90 %) in 9 images" in counted.stdout


def test_what_is_wrong_is_one_line(call: Call, data: Path, tmp_path: Path) -> None:
    result = call("calibrate", "--model", "nuclei-fluorescence", "--data", data)
    assert result.exit_code == 2 and "give -o with a folder for a calibrated copy" in result.output
    result = call(
        *("calibrate", "--model", "nuclei-fluorescence", "--data", data, "-o", tmp_path / "copy"),
        *("--coverage", 0.95),
    )
    assert result.exit_code == 2 and "needs 19 annotated images" in result.output
    assert not (tmp_path / "copy").exists()
