"""`cytally segment` as a user sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from threshold_network import Threshold, threshold_configuration
from typer.testing import Result

from cytally.images.volume import open_volumes
from cytally.models.model import Model

Call = Callable[..., Result]


@pytest.fixture(autouse=True)
def volume_model(make_model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> None:
    """`--model threshold` is a model of the method for volumes, whose network is a threshold."""
    from cytally.tasks import called_model

    made = make_model(threshold_configuration(), Threshold())
    load = called_model.load
    monkeypatch.setattr(called_model, "load", lambda name: made if name == "threshold" else load(name))


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    """A folder with two volumes, and one picture between them."""
    folder = tmp_path / "volumes"
    folder.mkdir()
    volume = np.full((3, 16, 16), 10, np.uint8)
    volume[:, 2:6, 2:6] = volume[:, 9:14, 9:14] = 200
    voxel = {"axes": "ZYX", "spacing": 2, "unit": "um"}
    for name in ("a.tif", "c.tif"):
        tifffile.imwrite(folder / name, volume, imagej=True, resolution=(2, 2), metadata=voxel)
    tifffile.imwrite(folder / "b.tif", volume[0])
    return folder


def errors(result: Result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("error: ")]


def test_failures_are_lines_and_status_1(volumes: Path, call: Call, tmp_path: Path) -> None:
    result = call("segment", volumes, "--model", "threshold", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[:2] == [
        "Looking for volumes, segmenting with threshold",
        "Segmenting the cells in 3 images",
    ]
    (line,) = errors(result)
    assert "b.tif" in line and "one picture" in line and ";" in line
    assert (tmp_path / "out" / "failures.csv").read_text().startswith("image,error\nb.tif,")
    assert "4 objects in 2 volumes, 1 failed" in result.stdout
    assert str(tmp_path / "out" / "labels") in result.stdout and str(tmp_path / "out" / "report.html") in result.stdout


def test_all_done_is_status_0(volumes: Path, call: Call, tmp_path: Path) -> None:
    (volumes / "b.tif").unlink()
    words = ("segment", volumes / "*.tif", "--model", "threshold", "-o", tmp_path / "out")
    result = call(*words, "--backend", "torch")
    assert result.exit_code == 0 and "4 objects in 2 volumes, " in result.stdout and "note" not in result.stderr
    again = call(*words)
    assert again.exit_code == 2 and "--resume to go on" in again.stderr and again.stdout == ""
    resumed = call(*words, "--resume")
    assert resumed.exit_code == 0 and "2 images, 2 of them done already" in resumed.stderr
    assert call(*words, "--resume", "--channel", "0").exit_code == 2
    anew = ("--overwrite", "--axes", "ZYX", "--pixel-size", "0.5", "--z-spacing", "1", "--channel", "0")
    assert call(*words, *anew, "--device", "cpu").exit_code == 0
    assert (tmp_path / "out" / "counts.csv").read_text().splitlines()[1].endswith(",3,2")


def test_an_assumed_voxel_size_is_a_note(volumes: Path, call: Call, tmp_path: Path) -> None:
    tifffile.imwrite(volumes / "a.tif", tifffile.imread(volumes / "a.tif"), photometric="minisblack")
    result = call("segment", volumes / "a.tif", "--model", "threshold", "-o", tmp_path / "out")
    assert result.exit_code == 0 and "note: 1 volume flagged as unusual, the first a.tif" in result.stderr


def test_a_model_for_pictures_is_refused_with_the_cure(
    volumes: Path, model_folder: Path, call: Call, tmp_path: Path
) -> None:
    result = call("segment", volumes, "--model", model_folder, "-o", tmp_path / "out")
    (line,) = errors(result)
    assert result.exit_code == 2 and not (tmp_path / "out").exists()
    assert "density" in line and "cytally count" in line


@pytest.mark.parametrize(
    "words",
    [
        ["none.tif"],
        [""],
        ["--pixel-size", "0"],
        ["--z-spacing", "-1"],
        ["--axes", "TYX"],
        ["--challenge"],
        ["--resume", "--overwrite"],
    ],
)
def test_what_is_wrong_beforehand_is_status_2(words: list[str], volumes: Path, call: Call, tmp_path: Path) -> None:
    inputs = [] if not words[0].startswith("--") else [volumes]
    result = call("segment", *inputs, *words, "--model", "threshold", "-o", tmp_path / "out")
    assert result.exit_code == 2 and not (tmp_path / "out").exists() and len(errors(result)) == 1


def test_a_model_has_to_be_named(volumes: Path, call: Call, tmp_path: Path) -> None:
    result = call("segment", volumes, "-o", tmp_path / "out")
    assert result.exit_code == 2 and "--model" in errors(result)[0]


def test_ctrl_c_is_status_130_and_is_gone_on_from(
    volumes: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopping(path: Path, **settings: object) -> object:
        if path.name == "c.tif":
            raise KeyboardInterrupt
        return open_volumes(path, **settings)  # type: ignore[arg-type]

    (volumes / "b.tif").unlink()
    words = ("segment", volumes, "--model", "threshold", "-o", tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr("cytally.tasks.segment.open_volumes", stopping)
        result = call(*words)
    assert result.exit_code == 130 and result.stderr.splitlines()[-1].startswith("stopped; ")
    assert len((tmp_path / "out" / "counts.csv").read_text().splitlines()) == 2
    assert (tmp_path / "out" / "labels" / "a.tif").exists() and call(*words, "--resume").exit_code == 0
