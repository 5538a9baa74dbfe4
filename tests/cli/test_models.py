"""`cytally models show` of models that came from others; the rest is in test_others.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import Result

from cytally.models.model import Model
from cytally.models.store import save
from cytally.training.configuration import make_configuration

Call = Callable[..., Result]


def link(name: str, strategy: str | None = None) -> dict[str, Any]:
    return {"name": name, "created": "2026-01-02T03:04:05+00:00", "weights": "aa", "data": None, "strategy": strategy}


@pytest.fixture
def shown(call: Call, make_model: Callable[..., Model], tmp_path: Path) -> Callable[..., list[str]]:
    """What `models show` prints of a density model with this provenance."""

    def show(transfer: dict[str, Any] | None = None, **provenance: Any) -> list[str]:
        values = {"method": "density", "options": {"sigma": 2.0, "channels": [2, 2]}, "transfer": transfer}
        configuration = make_configuration(values)
        model = make_model(configuration, configuration.build(1).network(), provenance=provenance)
        save(model, tmp_path / "model")
        result = call("models", "show", tmp_path / "model")
        assert result.exit_code == 0 and yaml.safe_load(result.stdout)["method"] == "density"
        return result.stdout.splitlines()

    return show


def test_a_model_of_its_own_has_no_chain(shown: Callable[..., list[str]]) -> None:
    assert shown()[0] == "format: 1"


def test_a_chain_is_one_line_before_all_else(shown: Callable[..., list[str]]) -> None:
    chain = [link("phase-contrast"), link("bright [field]", "frozen-core"), link("a" * 300, "thaw")]
    first, second, *_ = shown({"strategy": "simultaneous"}, start={"name": "density", "chain": chain})
    long = "a" * 300
    assert first == (
        f"Chain: phase-contrast -> bright [field] (frozen-core) -> {long} (thaw) -> this model (simultaneous)"
    )
    assert second == "format: 1"


def test_a_model_that_was_begun_with_another_was_not_transferred(shown: Callable[..., list[str]]) -> None:
    assert shown(start={"name": "density", "chain": [link("drawn")]})[0] == "Chain: drawn -> this model"


def test_a_model_of_before_chains_were_kept_names_its_source(shown: Callable[..., list[str]]) -> None:
    assert (
        shown(start={"name": "nuclei-fluorescence", "created": None})[0] == "Chain: nuclei-fluorescence -> this model"
    )


def test_a_model_is_exported_and_its_agreement_told(call: Call, model_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    result = call("models", "export", model_folder, "--to", "onnx", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "Agreement with PyTorch in float32 on the sample images: counts 0.00% apart" in result.stdout
    assert f"Network: {tmp_path / 'out' / 'model.onnx'} (float32)" in result.stdout
    again = call("models", "export", model_folder, "--to", "onnx", "-o", tmp_path / "out")
    assert again.exit_code == 2 and "exists; add --overwrite" in again.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere", "--to", "onnx"), "there is no such model"),
        (("MODEL", "--to", "tensorrt"), "'tensorrt' is not one of 'onnx', 'openvino'"),
        (("MODEL", "--to", "onnx", "--int8", "nowhere.tif"), "nowhere.tif: does not exist"),
    ],
)
def test_what_cannot_be_exported(
    call: Call, model_folder: Path, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    words = [str(model_folder) if word == "MODEL" else word for word in arguments]
    result = call("models", "export", *words, "-o", tmp_path / "out")
    assert result.exit_code == 2 and told in result.output
    assert not (tmp_path / "out").exists()
