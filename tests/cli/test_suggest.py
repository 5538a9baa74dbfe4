"""`cytally suggest` as a user sees it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
from typer.testing import Result

Call = Callable[..., Result]


def test_all_done_is_status_0(data_folder: Path, model_folder: Path, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = call("suggest", data_folder / "images", "--model", model_folder, "-o", out, "--number", "3")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("1. ") and "6 images ranked, " in result.stdout
    for name in ("suggestions.csv", "report.html"):
        assert str(out / name) in result.stdout and (out / name).exists()
    assert "Looking at 6 images" in result.stderr
    again = call("suggest", data_folder / "images", "--model", model_folder, "-o", out)
    assert again.exit_code == 2 and "--resume to go on" in again.stderr


def test_what_is_labelled_is_not_among_the_images_looked_at(
    data_folder: Path, model_folder: Path, call: Call, tmp_path: Path
) -> None:
    images = tmp_path / "more"
    shutil.copytree(data_folder / "images", images)
    for number, pixels in enumerate((np.full((64, 64), 9, np.uint8), np.arange(4096, dtype=np.uint8).reshape(64, 64))):
        (images / f"new{number}.png").write_bytes(imagecodecs.png_encode(pixels))
    result = call("suggest", images, "--model", model_folder, "-o", tmp_path / "out", "--labelled", data_folder)
    assert result.exit_code == 0, result.output
    assert "Looking at 2 images" in result.stderr and "2 images ranked, 6 labelled already" in result.stdout
    assert "1. new1.png" in result.stdout and "1 image is a copy of another, or empty" in result.stderr


def test_failures_and_wrong_calls(data_folder: Path, model_folder: Path, call: Call, tmp_path: Path) -> None:
    (data_folder / "images" / "bad.png").write_text("no image")
    result = call("suggest", data_folder / "images", "--model", model_folder, "-o", tmp_path / "out")
    assert result.exit_code == 1 and "bad.png" in result.stderr and "1 failed" in result.stdout
    assert call("suggest", data_folder / "images", "--model", "none-such", "-o", tmp_path / "x").exit_code == 2
    assert call("suggest", data_folder / "images", "-o", tmp_path / "x").exit_code == 2
    assert not (tmp_path / "x").exists()
