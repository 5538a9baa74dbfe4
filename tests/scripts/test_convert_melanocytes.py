"""The melanocyte data set becomes data folders: tested on a miniature of it, drawn here."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from skimage.io import imsave

CELLS = {
    "set1": {"image_0.png": [(3, 5), (10, 2)], "image_1.png": []},
    "set2": {"image_0.png": [(0, 0), (0, 1), (15, 19)]},
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "database_melanocytes_trp1"
    for name, images in CELLS.items():
        for file, cells in images.items():
            label = np.zeros((16, 20), np.uint8)
            for y, x in cells:
                label[y, x] = 255
            for kind, pixels in (("images", np.full((16, 20, 3), 7, np.uint8)), ("labels", label)):
                (folder / name / kind).mkdir(parents=True, exist_ok=True)
                imsave(folder / name / kind / file, pixels, check_contrast=False)
    return folder


def test_each_white_pixel_becomes_one_point(
    script: ModuleType, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "melanocytes"
    assert script.main([str(source), "-o", str(out)]) == 0
    for name, images in CELLS.items():
        points = pd.read_csv(out / name / "points.csv")
        assert list(points.columns) == ["image", "y", "x"]
        expected = [(file, y, x) for file, cells in images.items() for y, x in cells]
        assert list(points.itertuples(index=False, name=None)) == expected
        for file in images:
            copy, original = out / name / "images" / file, source / name / "images" / file
            assert copy.read_bytes() == original.read_bytes()
    assert "set1: 2 images, 2 cells" in capsys.readouterr().out


def test_labels_in_colour_are_read_as_one(script: ModuleType, source: Path) -> None:
    label = np.zeros((16, 20, 4), np.uint8)
    label[..., 3] = 255  # an opaque alpha channel says nothing
    label[4, 6, :3] = 255
    imsave(source / "colour.png", label, check_contrast=False)
    assert script.centres(source / "colour.png", (16, 20)).tolist() == [[4, 6]]


@pytest.mark.parametrize(
    ("label", "complaint"),
    [
        (np.full((16, 20), 9, np.uint8), "other than 0 and 255"),
        (np.zeros((8, 10), np.uint8), "its image"),
    ],
)
def test_labels_that_are_not_as_published_are_refused(
    script: ModuleType,
    source: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    label: np.ndarray,
    complaint: str,
) -> None:
    imsave(source / "set1" / "labels" / "image_0.png", label, check_contrast=False)
    assert script.main([str(source), "-o", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert complaint in error and "image_0.png" in error and error.count("\n") == 1


def test_a_missing_label_a_wrong_folder_and_an_existing_target_are_refused(
    script: ModuleType, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main([str(source / "set1"), "-o", str(tmp_path / "a")]) == 2
    assert "holds no images" in capsys.readouterr().err
    assert script.main([str(source), "-o", str(source)]) == 2
    assert "exists already" in capsys.readouterr().err
    (source / "set2" / "labels" / "image_0.png").unlink()
    assert script.main([str(source), "-o", str(tmp_path / "b")]) == 2
    assert "no label image" in capsys.readouterr().err
    assert not (tmp_path / "a").exists() and not (tmp_path / "b").exists()
