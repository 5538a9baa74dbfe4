"""The published lists of chambers become data folders: tested on a miniature in their form, drawn here."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import imagecodecs
import numpy as np
import pandas as pd
import pytest

from cytally.datasets.folder import read_folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Paths begin at the data set's root, or at the list itself."""
    folder = tmp_path / "root" / "data" / "128p_pc"
    (folder / "natural").mkdir(parents=True)
    for number in range(5):
        pixels = np.full((128, 128), number, np.uint8)
        (folder / "natural" / f"n{number}.png").write_bytes(imagecodecs.png_encode(pixels))
    (folder / "train.csv").write_text("./data/128p_pc/natural/n0.png,0\n./data/128p_pc/natural/n1.png,7\n")
    (folder / "test.csv").write_text("natural/n2.png,3\nnatural/n3.png,12\n")
    return folder


def test_a_zero_means_not_labelled(script: ModuleType, source: Path, tmp_path: Path) -> None:
    assert script.convert(source, tmp_path / "out") == {"train": (2, 1), "test": (2, 2)}
    counts = pd.read_csv(tmp_path / "out" / "train" / "counts.csv")
    assert counts.to_numpy().tolist() == [["00001.png", 7]]
    samples = read_folder(tmp_path / "out" / "train").samples
    assert [(sample.name, sample.count) for sample in samples] == [("00000.png", None), ("00001.png", 7)]
    copied = imagecodecs.imread(tmp_path / "out" / "test" / "images" / "00001.png")
    assert (copied == 3).all(), "the images are copied as they are"


def test_drawn_lists_are_converted_where_there_are_any(script: ModuleType, source: Path, tmp_path: Path) -> None:
    (source / "train_gen.csv").write_text("natural/n4.png,2\n")
    assert script.convert(source, tmp_path / "out")["drawn"] == (1, 1)


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        (lambda folder: (folder / "test.csv").unlink(), "has no test.csv; name the folder of one technique"),
        (lambda folder: (folder / "natural" / "n3.png").unlink(), "names natural/n3.png, which is not there"),
    ],
)
def test_what_is_missing_is_named(script: ModuleType, source: Path, tmp_path: Path, damage, line: str) -> None:
    damage(source)
    with pytest.raises(SystemExit, match=line):
        script.convert(source, tmp_path / "out")


def test_an_existing_folder_is_left_alone(script: ModuleType, source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(SystemExit, match="exists; give another folder"):
        script.convert(source, tmp_path / "out")
