"""What the examination of a machine finds."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from cytally.tasks import doctor
from cytally.tasks.doctor import Finding, examine


@pytest.fixture(autouse=True)
def bundled(model_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands for the bundled model."""
    monkeypatch.setattr(doctor, "DEFAULT_MODEL", str(model_folder))
    monkeypatch.setattr(doctor, "bundled_models", list)


def found(name: str) -> Finding:
    return next(finding for finding in examine() if name in finding.name)


def test_a_machine_that_has_all() -> None:
    findings = examine()
    assert all(finding.fine for finding in findings if finding.needed)
    assert {"python", "torch", "device", "memory", "method density"} <= {finding.name for finding in findings}
    assert found("torch").text == importlib.metadata.version("torch")


def test_what_is_optional_and_missing_has_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    nd2 = found("bioio_nd2")
    assert not nd2.fine and not nd2.needed and "pip install 'cytally[vendor]'" in nd2.text
    monkeypatch.setattr(doctor, "find_spec", lambda name: object())
    assert found("bioio_nd2").fine


def test_what_is_needed_and_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def version(name: str) -> str:
        if name == "scipy":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(doctor, "version", version)
    scipy = found("scipy")
    assert scipy.needed and not scipy.fine and "pip install scipy" in scipy.text
    monkeypatch.setattr(doctor, "DEFAULT_MODEL", str(tmp_path / "none"))
    model = found("none")
    assert model.needed and not model.fine and "install cytally again" in model.text


def test_little_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_MEMORY", 2**80)
    assert "close other programs" in found("memory").text
