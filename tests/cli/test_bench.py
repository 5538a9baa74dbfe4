"""`cytally bench` as a user sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from cytally.cli import bench
from cytally.models.model import Model
from cytally.tasks import bench as task

Call = Callable[..., Result]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, model_folder: Path) -> Call:
    """``call(words)``: `cytally bench` of the tiny model, with torch alone."""
    monkeypatch.setattr(task, "backend_names", lambda: ["torch"])
    monkeypatch.setattr(Model, "use", lambda self, name, device: self.to(device))
    app = typer.Typer()
    app.command("bench")(bench.command)

    def run(*words: object) -> Result:
        quick = ["--model", model_folder, "--side", 64, "--rounds", 1, "--device", "cpu"]
        result = CliRunner().invoke(app, [str(word) for word in (*words, *quick)])
        assert "Traceback" not in result.output
        return result

    return run


def test_a_table_and_a_file(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "new" / "bench.json"
    result = call("-o", out)
    assert result.exit_code == 0, result.output
    head, units, *rows = result.stdout.splitlines()
    assert head.startswith("back end") and units.split()[0] == "s/MP"
    assert [row.split()[0] for row in rows[:2]] == ["torch", "plain"]
    assert "--backend auto takes torch" in result.stdout and "threads" in result.stdout and "numpy" in result.stdout
    assert len({len(line) for line in (head, rows[0], rows[1])}) == 1, "columns stand below each other"
    written = json.loads(out.read_text())
    assert written["reference"]["name"] == "plain" and written["backends"][0]["name"] == "torch"
    assert str(out) in result.stdout


def test_a_file_that_is_there_is_kept(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    out.write_text("mine")
    refused = call("-o", out)
    assert refused.exit_code == 2 and "--overwrite" in refused.stderr and out.read_text() == "mine"
    assert len(refused.stderr.strip().splitlines()) == 2, "what it does, and one line of error"
    assert call("-o", tmp_path).exit_code == 2
    assert call("-o", out / "deeper.json").exit_code == 2
    assert call("-o", out, "--overwrite").exit_code == 0 and json.loads(out.read_text())["rounds"] == 1


def test_images_that_fail(call: Call, images: Path) -> None:
    result = call(images)
    assert result.exit_code == 1 and "b.png" in result.stderr and "2 images" in result.stdout
    assert call(images / "none.png").exit_code == 2


def test_ctrl_c(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(task, "run_pass", stopped)
    result = call("-o", tmp_path / "bench.json")
    assert result.exit_code == 130 and "nothing was written" in result.stderr
    assert not (tmp_path / "bench.json").exists()


def test_what_cannot_be_measured_is_listed(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from cytally.errors import ModelError

    def fails(*_: object, **__: object) -> None:
        raise ModelError("does not give what torch gives", cure="use --backend torch")

    monkeypatch.setattr(Model, "use", fails)
    result = call()
    assert result.exit_code == 0, "a machine with torch alone is fine"
    assert "torch: not measured, does not give what torch gives; use --backend torch" in result.stdout
