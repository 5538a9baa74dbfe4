"""`cytally synthesize` as a user sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from cytally.datasets.folder import read_folder

Call = Callable[..., Result]


@pytest.fixture
def drawing(tmp_path: Path) -> Path:
    path = tmp_path / "config" / "drawing.yaml"
    path.parent.mkdir()
    path.write_text("preset: cho-bright-field\nimages: 3\nseed: 1\nsettings:\n  shape: [40, 40]\n  radius: [3, 4]\n")
    return path


def counts(folder: Path) -> list[str]:
    return (folder / "counts.csv").read_text().splitlines()[1:]


def test_synthesize(drawing: Path, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "drawn"
    few = "settings.count={law: uniform, least: 2, most: 2}"
    result = call("synthesize", drawing, "-o", out, "--set", few)
    assert result.exit_code == 0, result.output
    assert result.stdout == f"Drawn: 3 images\nData folder: {out}\n"
    assert counts(out) == ["00000.png,2", "00001.png,2", "00002.png,2"]
    again = call("synthesize", drawing, "-o", out, "--set", few)
    assert again.exit_code == 2 and "--resume" in again.stderr
    more = call("synthesize", drawing, "-o", out, "--set", few, "--images", "5", "--resume")
    assert more.exit_code == 0 and len(counts(out)) == 5
    other = call("synthesize", drawing, "-o", out, "--seed", "2", "--overwrite")
    assert other.exit_code == 0 and len(counts(out)) == 3
    assert json.loads((out / "run.json").read_text())["seed"] == 2


def test_paths_are_relative_to_the_file_and_like_to_here(
    drawing: Path, data: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    drawing.write_text(drawing.read_text() + "counts: {from: ..}\n")  # two cells in each image
    assert call("synthesize", drawing, "-o", "a").exit_code == 0
    assert counts(tmp_path / "a") == ["00000.png,2", "00001.png,2", "00002.png,2"]
    words = ("synthesize", "config/drawing.yaml", "-o", "b", "--set", "counts=null", "--like", ".")
    assert call(*words).exit_code == 0
    assert counts(tmp_path / "b") == counts(tmp_path / "a")
    assert call(*words, "--overwrite", "--set", "background=natural").exit_code == 0
    assert json.loads((tmp_path / "b" / "run.json").read_text())["background_sha256"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--set", "preset=bacterium"), "bacteria"),
        (("--set", "settings.radios=[3, 4]"), "radius"),
        (("--set", "settings"), "key=value"),
        (("--set", "images.x=1"), "'images.x' is no setting"),
        (("--images", "0"), "'images'"),
        (("--images", "some"), "--images"),
        (("--seed", "-1"), "'seed'"),
        (("--set", "settings.count={law: uniform, least: 900, most: 900}"), "drawing.yaml"),
        (("--like", "nowhere"), "not a folder"),
    ],
)
def test_what_is_wrong_is_status_2(words: tuple[str, ...], says: str, drawing: Path, call: Call) -> None:
    out = drawing.parent / "out"
    result = call("synthesize", drawing, "-o", out, *words)
    assert result.exit_code == 2 and not out.exists()
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert says in line


def test_files_that_are_no_configuration(drawing: Path, call: Call, tmp_path: Path) -> None:
    for text, says in (("preset: [", "no valid YAML"), ("just text", "holds no settings"), (None, "no such")):
        drawing.unlink() if text is None else drawing.write_text(text)
        result = call("synthesize", drawing, "-o", tmp_path / "out")
        assert result.exit_code == 2 and says in result.stderr and str(drawing) in result.stderr.splitlines()[-1]


def test_ctrl_c_keeps_what_was_finished(
    drawing: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cytally.tasks.synthesis_plan import Plan

    draw = Plan.draw

    def interrupted(plan: Plan, number: int) -> object:
        if number == 2:
            raise KeyboardInterrupt
        return draw(plan, number)

    monkeypatch.setattr(Plan, "draw", interrupted)
    result = call("synthesize", drawing, "-o", tmp_path / "drawn")
    assert result.exit_code == 130 and "--resume goes on" in result.stderr
    assert len(read_folder(tmp_path / "drawn").annotated) == 2
    monkeypatch.undo()
    assert call("synthesize", drawing, "-o", tmp_path / "drawn", "--resume").exit_code == 0
    assert len(counts(tmp_path / "drawn")) == 3
