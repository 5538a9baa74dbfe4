"""`cytally suggest` as a user sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

Call = Callable[..., Result]


def test_all_done_is_status_0(data_folder: Path, model_folder: Path, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = call("suggest", data_folder / "images", "--model", model_folder, "-o", out, "--number", "3")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("1. ") and "6 images ranked, " in result.stdout
    for name in ("suggestions.csv", "report.html"):
        assert str(out / name) in result.stdout and (out / name).exists()
    again = call("suggest", data_folder / "images", "--model", model_folder, "-o", out)
    assert again.exit_code == 2 and "--resume to go on" in again.stderr


def test_failures_and_wrong_calls(data_folder: Path, model_folder: Path, call: Call, tmp_path: Path) -> None:
    (data_folder / "images" / "bad.png").write_text("no image")
    result = call("suggest", data_folder / "images", "--model", model_folder, "-o", tmp_path / "out")
    assert result.exit_code == 1 and "bad.png" in result.stderr and "1 failed" in result.stdout
    assert call("suggest", data_folder / "images", "--model", "none-such", "-o", tmp_path / "x").exit_code == 2
    assert call("suggest", data_folder / "images", "-o", tmp_path / "x").exit_code == 2
    assert not (tmp_path / "x").exists()
