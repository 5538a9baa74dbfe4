"""`cytally models`, `cytally doctor` and `cytally demo` as a user sees them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import Result

from cytally.tasks import doctor
from cytally.tasks.doctor import Finding

Call = Callable[..., Result]


@pytest.fixture
def bundled(model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model stands for the bundled one."""
    shutil.copytree(model_folder, tmp_path / "bundled" / "nuclei-fluorescence")
    monkeypatch.setattr("cytally.models.store.bundled_folder", lambda: tmp_path / "bundled")


@pytest.mark.usefixtures("bundled")
def test_models(call: Call, model_folder: Path) -> None:
    listed = call("models", "list")
    assert listed.exit_code == 0 and listed.stdout.startswith("nuclei-fluorescence: ")
    assert call("models").stdout == listed.stdout
    for model in ("nuclei-fluorescence", model_folder):
        shown = yaml.safe_load(call("models", "show", model).stdout)
        assert shown["method"] == "density" and shown["configuration"]["options"]["sigma"] == 2.0
    missing = call("models", "show", "none")
    assert missing.exit_code == 2 and "nuclei-fluorescence" in missing.stderr


def test_no_bundled_model_is_told(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cytally.models.store.bundled_folder", lambda: tmp_path)
    result = call("models", "list")
    assert result.exit_code == 0 and "no model is bundled" in result.stderr


def test_doctor(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [Finding("a", "1.0", needed=True), Finding("b", "pip install b", fine=False)]
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    result = call("doctor")
    assert result.exit_code == 0 and result.stdout == "ok   a: 1.0\n-    b: pip install b\n"
    findings.append(Finding("c", "pip install c", fine=False, needed=True))
    result = call("doctor")
    assert result.exit_code == 1 and "MISS c: pip install c" in result.stdout


@pytest.mark.usefixtures("bundled")
def test_demo_twice(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        result = call("demo")
        assert result.exit_code == 0, result.output
        assert "sparse.png" in result.stdout and str(tmp_path / "cytally-demo" / "report.html") in result.stdout
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    assert call("demo", "-o", "mine").exit_code == 2 and (tmp_path / "mine" / "notes.txt").exists()
