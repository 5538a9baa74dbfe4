"""`cytally rerun` on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
from typer.testing import Result

Call = Callable[..., Result]


def test_a_count_is_repeated_and_its_outcome_is_the_exit_status(
    call: Call, images: Path, model_folder: Path, tmp_path: Path
) -> None:
    a, b, c, d = (tmp_path / name for name in "abcd")
    assert call("count", images, "-o", a, "--model", model_folder, "--backend", "torch").exit_code == 1, "b.png fails"
    result = call("rerun", a / "run.json", "-o", b)
    assert result.exit_code == 0, result.output
    assert "The same to the digit" in result.output
    assert (a / "counts.csv").read_bytes() == (b / "counts.csv").read_bytes()

    assert call("rerun", a / "run.json", "-o", b).exit_code == 2
    (a / "counts.csv").write_text((a / "counts.csv").read_text().replace("a.png,", "a.png,9"))
    result = call("rerun", a / "run.json", "-o", c)
    assert result.exit_code == 1 and "Not the same: counts.csv: row 1 (a.png), column count" in result.output
    (images / "a.png").write_bytes(imagecodecs.png_encode(np.zeros((24, 32), np.uint8)))
    result = call("rerun", a / "run.json", "-o", d)
    assert result.exit_code == 2 and "a.png: is not what it was" in result.output
    assert not d.exists()


def test_exports_are_asked_for_by_name(call: Call, images: Path, model_folder: Path, tmp_path: Path) -> None:
    words = ("count", images / "a.png", "--model", model_folder, "--backend", "torch")
    assert call(*words, "-o", tmp_path / "a", "--export", "imagej", "--export", "qupath").exit_code == 0
    assert (tmp_path / "a" / "imagej" / "a.zip").is_file() and (tmp_path / "a" / "qupath" / "a.geojson").is_file()
    assert call(*words, "-o", tmp_path / "b", "--export", "paint").exit_code == 2
