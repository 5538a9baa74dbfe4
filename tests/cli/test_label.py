"""`cytally label` as a user sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage
from typer.testing import Result

Call = Callable[..., Result]


@pytest.fixture
def stains(tmp_path: Path) -> Path:
    """Two fields of discs."""
    folder = tmp_path / "stains"
    folder.mkdir()
    for number in range(2):
        dots = np.zeros((100, 100))
        for y, x in ((12, 20 + number), (15, 55), (20, 85), (45, 12), (40, 40), (52, 70), (80, 25), (72, 52), (85, 85)):
            dots[y, x] = 1
        discs = ndimage.distance_transform_edt(dots == 0) < 6
        noise = np.random.default_rng(number).normal(0, 4, dots.shape)
        pixels = np.clip(30 + 150 * ndimage.gaussian_filter(discs.astype(float), 1) + noise, 0, 255)
        tifffile.imwrite(folder / f"{number}.tif", pixels.astype(np.uint8))
    return folder


def test_all_done_is_status_0(stains: Path, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = call("label", stains, "-o", out)
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines() == [
        "Looking for images, labelling with the preset auto",
        "Labelling the nuclei in 2 images",
    ]
    assert "18 nuclei in 2 images, " in result.stdout and "For training: 2 kept, 0 to be skipped" in result.stdout
    for name in ("labels.csv", "labels", "contact.png", "report.html"):
        assert str(out / name) in result.stdout and (out / name).exists()
    again = call("label", stains, "-o", out)
    assert again.exit_code == 2 and "--resume to go on" in again.stderr and again.stdout == ""
    resumed = call("label", stains, "-o", out, "--resume")
    assert resumed.exit_code == 0 and "2 images, 2 of them done already" in resumed.stderr
    assert call("label", stains / "*.tif", "-o", out, "--preset", "thesis", "--overwrite").exit_code == 0


def test_a_refused_field_is_a_note_and_a_broken_one_a_failure(stains: Path, call: Call, tmp_path: Path) -> None:
    tifffile.imwrite(stains / "black.tif", np.zeros((64, 64), np.uint8))
    result = call("label", stains, "-o", tmp_path / "out")
    assert result.exit_code == 0 and "1 to be skipped" in result.stdout
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("note: ")]
    assert "black.tif" in line and "every pixel has the value 0" in line
    (stains / "broken.png").write_text("no image")
    result = call("label", stains, "-o", tmp_path / "broken")
    assert result.exit_code == 1 and "in 3 images, 1 failed" in result.stdout
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "broken.png" in line and "export the image again" in line
    assert (tmp_path / "broken" / "failures.csv").read_text().startswith("image,error\nbroken.png,")


def test_pairs_are_told(stains: Path, call: Call, tmp_path: Path) -> None:
    phases = tmp_path / "phases"
    phases.mkdir()
    for path in stains.iterdir():
        tifffile.imwrite(phases / path.name, 255 - tifffile.imread(path))
    result = call("label", stains, "-o", tmp_path / "out", "--phase", phases, "--skip-fewest", "0.5")
    assert result.exit_code == 0, result.output
    assert f"Pairs: {tmp_path / 'out' / 'pairs'}, 2 windows, 1 to be skipped" in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["none.tif"],
        [""],
        ["--pixel-size", "0"],
        ["--window", "3"],
        ["--skip-fewest", "2"],
        ["--axes", "QX"],
        ["--phase", "none"],
        ["--pattern", "{well}_{tile}_{channel}"],
        ["--pattern", "nothing"],
        ["--channel", "0", "--phase-channel", "0"],
    ],
)
def test_what_is_wrong_beforehand_is_status_2(words: list[str], stains: Path, call: Call, tmp_path: Path) -> None:
    inputs = [] if not words[0].startswith("--") else [stains]
    result = call("label", *inputs, *words, "-o", tmp_path / "out")
    assert result.exit_code == 2 and not (tmp_path / "out").exists() and result.stdout == ""
    assert len([line for line in result.stderr.splitlines() if line.startswith("error: ")]) == 1


def test_ctrl_c_is_status_130_and_is_gone_on_from(
    stains: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cytally.images.read import read

    def stopping(path: Path, **settings: object) -> object:
        if path.name == "1.tif":
            raise KeyboardInterrupt
        return read(path, **settings)  # type: ignore[arg-type]

    words = ("label", stains, "-o", tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr("cytally.tasks.label_input.read", stopping)
        result = call(*words)
    assert result.exit_code == 130 and result.stderr.splitlines()[-1].startswith("stopped; ")
    assert len((tmp_path / "out" / "labels.csv").read_text().splitlines()) == 2
    assert call(*words, "--resume").exit_code == 0
