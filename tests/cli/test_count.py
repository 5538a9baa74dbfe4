"""`cytally count` as a user sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from cytally.images.read import read

Call = Callable[..., Result]


def test_failures_are_lines_and_status_1(images: Path, model_folder: Path, call: Call, tmp_path: Path) -> None:
    result = call("count", images, "-o", tmp_path / "out", "--model", model_folder)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[:2] == [
        f"Looking for images, counting with {model_folder}",
        "Counting the cells in 3 images",
    ]
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert "b.png" in line and "export the image again" in line
    assert (tmp_path / "out" / "failures.csv").read_text().startswith("image,error\nb.png,")
    assert "in 2 images, 1 failed" in result.stdout and str(tmp_path / "out" / "report.html") in result.stdout


def test_all_done_is_status_0(images: Path, model_folder: Path, call: Call, tmp_path: Path) -> None:
    (images / "b.png").unlink()
    result = call("count", images / "*.png", "-o", tmp_path / "out", "--model", model_folder, "--backend", "torch")
    assert result.exit_code == 0 and "cells in 2 images, " in result.stdout
    again = call("count", images, "-o", tmp_path / "out", "--model", model_folder)
    assert again.exit_code == 2 and "--resume to go on" in again.stderr and again.stdout == ""
    resumed = call("count", images, "-o", tmp_path / "out", "--model", model_folder, "--resume")
    assert resumed.exit_code == 0 and "2 images, 2 of them done already" in resumed.stderr
    other = ("--border", "exclude", "--resume")
    assert call("count", images, "-o", tmp_path / "out", "--model", model_folder, *other).exit_code == 2
    anew = ("--border", "exclude", "--overwrite", "--pixel-size", "0.5", "--channel", "0", "--device", "cpu")
    assert call("count", images, "-o", tmp_path / "out", "--model", model_folder, *anew).exit_code == 0


@pytest.mark.parametrize("option", ["--backend", "--device", "--border"])
def test_a_word_that_is_not_among_the_choices(option: str, images: Path, call: Call, tmp_path: Path) -> None:
    result = call("count", images, "-o", tmp_path / "out", option, "foo")
    (line,) = [line for line in result.output.splitlines() if line.startswith("error: ")]
    assert result.exit_code == 2 and f"Invalid value for '{option}': 'foo' is not one of" in line


def test_more_memory_than_the_machine_has(images: Path, call: Call, tmp_path: Path) -> None:
    result = call("count", images, "-o", tmp_path / "out", "--memory", "1e6", "--model", "none")
    assert "note: --memory is 1e+06 GiB, and this machine has" in result.stderr


def test_flagged_images_are_no_failures(images: Path, model_folder: Path, call: Call, tmp_path: Path) -> None:
    import imagecodecs
    import numpy as np

    (images / "b.png").write_bytes(imagecodecs.png_encode(np.zeros((24, 32), np.uint8)))
    result = call("count", images, "-o", tmp_path / "out", "--model", model_folder)
    assert result.exit_code == 0 and "note: 1 image flagged as unusual, the first b.png" in result.stderr


@pytest.mark.parametrize(
    "words", [["none.png"], [""], ["--model", "none"], ["--pixel-size", "0"], ["--roi", "none"], ["--samples", "none"]]
)
def test_what_is_wrong_beforehand_is_status_2(words: list[str], images: Path, call: Call, tmp_path: Path) -> None:
    inputs = [] if not words[0].startswith("--") else [images]
    result = call("count", *inputs, *words, "-o", tmp_path / "out")
    assert result.exit_code == 2 and not (tmp_path / "out").exists()
    assert len([line for line in result.stderr.splitlines() if line.startswith("error: ")]) == 1


def test_a_full_disk_is_one_line_and_status_1(
    images: Path, model_folder: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def filling_up(self: Path, target: Path) -> Path:
        if Path(target).name == "c.tif":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    (images / "b.png").unlink()
    words = ("count", images, "-o", tmp_path / "out", "--model", model_folder)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", filling_up)
        result = call(*words)
    assert result.exit_code == 1 and result.stderr.splitlines()[2:] == [
        f"error: {tmp_path / 'out'}: can no longer be written to (No space left on device); "
        "make room, then go on with --resume"
    ]
    resumed = call(*words, "--resume")
    assert resumed.exit_code == 0 and "1 of them done already" in resumed.stderr


def test_ctrl_c_is_status_130_and_is_gone_on_from(
    images: Path, model_folder: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopping(path: Path, **settings: object) -> object:
        if path.name == "c.png":
            raise KeyboardInterrupt
        return read(path, **settings)  # type: ignore[arg-type]

    (images / "b.png").unlink()
    words = ("count", images, "-o", tmp_path / "out", "--model", model_folder)
    with monkeypatch.context() as patch:
        patch.setattr("cytally.tasks.count_input.read", stopping)
        result = call(*words)
    assert result.exit_code == 130 and result.stderr.splitlines()[-1].startswith("stopped; ")
    assert len((tmp_path / "out" / "counts.csv").read_text().splitlines()) == 2
    assert call(*words, "--resume").exit_code == 0
