"""Counting by another back end, and by an exported network."""

import pytest
import torch

from cytally.errors import ModelError, UsageError
from cytally.models.exported import EXPORT, weights_digest
from cytally.models.store import load
from cytally.tasks.export import export
from cytally.training.configuration import make_configuration

pytest.importorskip("openvino")
pytest.importorskip("onnxruntime")


@pytest.fixture
def model(model_folder):
    return load(model_folder)


@pytest.mark.parametrize("backend", ["openvino", "onnx", "auto"])
def test_counts_are_torchs(model, tiny_model, draw, backend):
    image = draw(5).image[0]
    model.use(backend)
    assert model.run.name == ("openvino" if backend == "auto" else backend)
    assert model.count(image).count == pytest.approx(tiny_model.count(image).count, rel=5e-3)


def test_torch_is_made_when_it_is_first_asked_for(model, monkeypatch):
    made = []
    backend = __import__("cytally.models.model", fromlist=["TorchBackend"]).TorchBackend
    monkeypatch.setattr("cytally.models.model.TorchBackend", lambda *given: made.append(given[1:]) or backend(*given))
    model.to(torch.device("cpu"))
    assert not made
    assert model.run is model.run
    assert made == [(torch.device("cpu"), "auto")]
    model.use("torch")
    assert model.run.name == "torch" and len(made) == 1


def test_a_model_that_wants_float32_runs_in_float32(tiny_model, make_model):
    configuration = tiny_model.card.configuration
    counting = configuration.counting.model_copy(update={"precision": "float32"})
    model = make_model(configuration.model_copy(update={"counting": counting}), tiny_model.network)
    model.use("openvino")
    assert model.run.dtype is torch.float32


def test_another_device_is_refused(model):
    for backend in ("openvino", "onnx"):
        with pytest.raises(UsageError, match=f"'{backend}' runs on the processor, not on 'cuda'"):
            model.use(backend, torch.device("cuda"))


def test_methods_without_a_network_stay_as_they_are(make_model):
    configuration = make_configuration({"method": "watershed"})
    model = make_model(configuration, configuration.build(1).network())
    model.use("auto")
    assert model.run.name == "torch"


# An exported network


@pytest.fixture(scope="module", params=["openvino", "onnx"])
def exported(request, tiny_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / request.param
    export(tiny_model, request.param, folder)
    return folder


def test_it_is_taken_where_it_fits(exported, tiny_model, draw):
    model, image = load(exported), draw(5).image[0]
    model.use("auto")
    assert model.run.name == exported.name
    assert model.count(image).count == pytest.approx(tiny_model.count(image).count, rel=5e-3)
    assert not hasattr(model.run, "agreement")  # read, not made
    model.use("torch")
    assert model.run.name == "torch"


def test_other_weights_are_seen(exported, caplog):
    model = load(exported)
    with torch.no_grad():
        model.network.head.bias.add_(1)
    with pytest.raises(ModelError, match="made of other weights; export the model again"):
        model.use(exported.name)
    model.use("auto")
    assert "exported network is left out: it was made of other weights" in caplog.text
    assert hasattr(model.run, "agreement")  # made anew


def test_a_changed_file_is_seen(tiny_model, tmp_path):
    export(tiny_model, "onnx", tmp_path / "m")
    with (tmp_path / "m" / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelError, match=r"model\.onnx is missing or not what was exported"):
        load(tmp_path / "m").use("onnx")


def test_a_broken_description_is_refused(tiny_model, tmp_path):
    export(tiny_model, "onnx", tmp_path / "m")
    (tmp_path / "m" / EXPORT).write_text("{")
    with pytest.raises(ModelError, match="no description of an exported network; export the model again"):
        load(tmp_path / "m")


def test_auto_does_without_what_is_not_installed(exported, monkeypatch, caplog):
    model = load(exported)
    monkeypatch.setattr("cytally.inference.openvino_backend.is_installed", lambda: False)
    monkeypatch.setattr("cytally.inference.onnx_network.is_installed", lambda: False)
    model.use("auto")
    assert model.run.name == "torch"
    assert f"{exported.name} is not installed" in caplog.text


def test_weights_are_told_apart_by_what_they_count_with(tiny_model):
    assert weights_digest(tiny_model.network) == weights_digest(tiny_model.network)
    changed = make_configuration({"method": "density", "options": {"channels": [2, 4]}}).build(1).network()
    assert weights_digest(changed) != weights_digest(tiny_model.network)
