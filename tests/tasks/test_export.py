"""Exported networks give what torch gives, say so, or are refused; and nothing is written then."""

import json

import numpy as np
import pytest
import tifffile
import torch

from cytally.errors import ModelError, UsageError
from cytally.inference.agreement import Agreement
from cytally.models.store import load
from cytally.tasks import export_network
from cytally.tasks.export import export
from cytally.tasks.export_pictures import calibration_pictures
from cytally.training.configuration import make_configuration

openvino = pytest.importorskip("openvino")
onnxruntime = pytest.importorskip("onnxruntime")

FILES = {"openvino": {"model.xml", "model.bin"}, "onnx": {"model.onnx"}}


def made(make_model, method: str, **options):
    seen = [0] if method == "efficient-cell-seg" else "all"
    configuration = make_configuration(
        {"method": method, "input": {"channels": seen, "normalisation": "none"}, "options": options}
    )
    torch.manual_seed(0)
    return make_model(configuration, configuration.build(1).network())


@pytest.mark.parametrize("to", ["openvino", "onnx"])
def test_a_density_model(tiny_model, tmp_path, to):
    summary = export(tiny_model, to, tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"model.json", "weights.safetensors", "export.json"} | FILES[to]
    told = json.loads((tmp_path / "out" / "export.json").read_text())
    assert told["agreement"]["count_difference"] <= 0.005
    assert summary.agreement.holds
    assert (told["input"]["name"], told["output"]["name"], told["output"]["scale"]) == ("image", "output", 100)
    assert told["sizes"] == {"multiple": 2, "least": 2}
    assert load(tmp_path / "out").card == tiny_model.card


def test_others_can_run_what_was_written(tiny_model, tmp_path):
    """By the libraries alone, with what export.json says."""
    picture = np.random.default_rng(0).random((1, 1, 32, 48), np.float32)
    with torch.inference_mode():
        expected = tiny_model.network(torch.from_numpy(picture)).numpy()
    export(tiny_model, "onnx", tmp_path / "onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "onnx" / "model.onnx"))
    (found,) = session.run(["output"], {"image": picture})
    assert found == pytest.approx(expected, abs=1e-4)
    export(tiny_model, "openvino", tmp_path / "openvino")
    compiled = openvino.Core().compile_model(
        str(tmp_path / "openvino" / "model.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    assert compiled({"image": picture})["output"].sum() == pytest.approx(expected.sum(), rel=5e-3)


@pytest.mark.parametrize("to", ["openvino", "onnx"])
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("nucleus-unet", {"filters": 2, "levels": 2}),
        ("twin-vae", {"channels": (4, 4, 4, 4), "hidden": 16, "latent": 8}),
    ],
)
def test_other_methods(make_model, tmp_path, to, method, options):
    model = made(make_model, method, **options)
    summary = export(model, to, tmp_path / "out")
    assert summary.agreement.holds
    loaded, image = load(tmp_path / "out"), np.random.default_rng(0).random((1, 128, 128), np.float32)
    loaded.use(to)
    assert loaded.run(image) == pytest.approx(model.run(image), abs=0.02)


def test_a_method_for_volumes(make_model, tmp_path):
    model = made(make_model, "efficient-cell-seg", encoder="b0", side=None, decoder=[4, 4, 4, 4])
    assert export(model, "openvino", tmp_path / "out").card.sizes.least == 32


def test_what_does_not_agree_is_refused_and_nothing_is_written(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(export_network.Trial, "compare", lambda *_: Agreement(None, 0.02, (100.0, 102.0)))
    with pytest.raises(ModelError, match=r"counts? .*2\.00%"):
        export(tiny_model, "onnx", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_method_without_a_network_is_refused(make_model, tmp_path):
    with pytest.raises(ModelError, match="the method 'watershed' has no network to export"):
        export(made(make_model, "watershed"), "onnx", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_exists_is_refused_or_replaced(tiny_model, tmp_path):
    export(tiny_model, "onnx", tmp_path / "out")
    with pytest.raises(UsageError, match="the model folder exists; add --overwrite"):
        export(tiny_model, "onnx", tmp_path / "out")
    export(tiny_model, "openvino", tmp_path / "out", overwrite=True)
    assert not (tmp_path / "out" / "model.onnx").exists()
    with pytest.raises(UsageError, match="is read by this run"):
        export(tmp_path / "out", "onnx", tmp_path / "out", overwrite=True)


# Eight bits


@pytest.fixture(scope="module")
def fields(draw, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fields")
    for number in range(5):
        tifffile.imwrite(folder / f"{number}.tif", draw(2 + number, seed=number).image[0])
    return folder


@pytest.mark.parametrize("to", ["openvino", "onnx"])
def test_eight_bits_tell_their_loss(tiny_model, fields, tmp_path, to, draw):
    if to == "openvino":
        pytest.importorskip("nncf")
    summary = export(tiny_model, to, tmp_path / "out", int8=[fields])
    told = json.loads((tmp_path / "out" / "export.json").read_text())
    assert told["precision"] == "int8"
    assert told["quantisation"]["calibrated_on"] == ["0.tif", "2.tif", "3.tif"]
    assert told["quantisation"]["held_back"] == ["1.tif", "4.tif"]
    assert told["quantisation"]["loss"]["count_difference"] == summary.agreement.difference
    assert summary.agreement.difference < 0.05
    model, image = load(tmp_path / "out"), draw(5, seed=9).image[0]
    model.use("auto")
    assert model.count(image).count == pytest.approx(tiny_model.count(image).count, rel=0.05)
    text = (tmp_path / "out" / ("model.xml" if to == "openvino" else "model.onnx")).read_bytes()
    assert b"FakeQuantize" in text or b"QuantizeLinear" in text


def test_one_image_is_too_few(tiny_model, fields):
    with pytest.raises(UsageError, match="8 bits need two images or more"):
        calibration_pictures(tiny_model, [fields / "0.tif"])


def test_pictures_fit_the_network(tiny_model, tmp_path):
    for number in range(2):
        tifffile.imwrite(tmp_path / f"{number}.tif", np.random.default_rng(number).random((33, 601), np.float32))
    found = calibration_pictures(tiny_model, sorted(tmp_path.glob("*.tif")))
    assert [picture.shape for picture in found.used + found.held_back] == [(1, 34, 512)] * 2
