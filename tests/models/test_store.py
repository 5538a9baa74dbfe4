"""Model folders: what is written comes back, and everything else is refused without being run."""

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from cytally.errors import ModelError
from cytally.models import store
from cytally.models.store import CARD, WEIGHTS, bundled_folder, bundled_models, load, read_card, save


@pytest.fixture
def folder(tiny_model, tmp_path) -> Path:
    save(tiny_model, tmp_path / "model")
    return tmp_path / "model"


def refused(folder) -> str:
    with pytest.raises(ModelError) as caught:
        load(folder)
    assert caught.value.cure
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edit(folder, **changes) -> None:
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps({**card, **changes}))


def test_it_holds_two_files_and_predicts_as_before(tiny_model, folder, draw):
    assert sorted(path.name for path in folder.iterdir()) == [CARD, WEIGHTS]
    image = draw(5).image[0]
    before, after = tiny_model.count(image), load(folder).count(image)
    assert after.count == before.count > 1
    assert np.array_equal(after.density, before.density)
    assert load(str(folder)).card == tiny_model.card


def test_loading_does_not_train(folder):
    assert not load(folder).network.training


def test_half_precision_halves_the_weights_and_keeps_whole_numbers(tiny_model, make_model, tmp_path, draw):
    configuration = tiny_model.card.configuration
    batch = configuration.model_copy(
        update={"options": configuration.options.model_copy(update={"normalisation": "batch"})}
    )
    network = batch.build(1).network()
    network(torch.rand(2, 1, 16, 16))  # running statistics and a counter of one
    torch.nn.init.constant_(network.head.bias, 1.0)
    model = make_model(batch, network)
    save(model, tmp_path / "half", half=True)
    stored = load_file(tmp_path / "half" / WEIGHTS)
    assert stored["head.weight"].dtype == torch.float16
    assert stored["bottom.0.2.num_batches_tracked"] == 1
    again = load(tmp_path / "half")
    assert {value.dtype for value in again.network.state_dict().values()} == {torch.float32, torch.int64}
    image = draw(5).image[0]
    assert again.count(image).count == pytest.approx(model.count(image).count, rel=0.005)


def test_saving_again_replaces_whole_files(tiny_model, folder, monkeypatch):
    before = (folder / WEIGHTS).read_bytes()

    def full_disk(path, data):
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space"):
        save(tiny_model, folder)
    assert (folder / WEIGHTS).read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == [CARD, WEIGHTS]


# Refusals


@pytest.mark.parametrize("name", ["none", "a/b", "nuclei-fluorescenc"])
def test_a_model_that_is_not_there(tmp_path, name):
    assert "there is no such model; give a model folder or a bundled name (" in refused(tmp_path / name)


def test_a_file_is_no_model(folder):
    assert "there is no such model" in refused(folder / WEIGHTS)


def test_a_folder_without_a_card(folder):
    (folder / CARD).unlink()
    assert "is no model folder, it has no model.json; give the folder that 'cytally train' wrote" in refused(folder)


def test_a_card_that_is_cut_short_anywhere(folder):
    text = (folder / CARD).read_bytes()
    for length in (0, 1, 10, len(text) // 2, len(text) - 3):
        (folder / CARD).write_bytes(text[:length])
        assert "model.json: is cut short or no JSON; train or copy the model again" in refused(folder)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01", b"{'single': 1}", b"[" * 100_000])
def test_a_card_that_is_no_json(folder, content):
    (folder / CARD).write_bytes(content)
    assert "model.json: is cut short or no JSON" in refused(folder)


@pytest.mark.parametrize(("content", "version"), [("[]", None), ("{}", None), ('{"format": 2}', 2), ("3", None)])
def test_another_version(folder, content, version):
    (folder / CARD).write_text(content)
    assert f"model.json: has format {version}, this version of cytally reads format 1; use the" in refused(folder)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"input_channels": 0}, "'input_channels': Input should be greater than or equal to 1"),
        ({"surprise": 1}, "'surprise': Extra inputs are not permitted"),
        ({"configuration": None}, "'configuration': "),
        ({"configuration": {"method": "densty"}}, "there is no method 'densty'; choose one of"),
        ({"configuration": {"method": "density", "options": {"sigmaa": 1}}}, "'configuration.options.sigmaa': Extra"),
        ({"configuration": {"method": "density", "training": {"steps": 0}}}, "'configuration.training.steps': Input"),
    ],
    ids=str,
)
def test_a_card_that_does_not_make_sense(folder, changes, complaint):
    edit(folder, **changes)
    assert f"model.json: {complaint}" in refused(folder)


def test_a_card_that_lacks_something(folder):
    card = json.loads((folder / CARD).read_text())
    del card["configuration"]
    (folder / CARD).write_text(json.dumps(card))
    assert "'configuration': Field required" in refused(folder)


def test_missing_weights(folder):
    (folder / WEIGHTS).unlink()
    assert f"{WEIGHTS}: the weights are missing" in refused(folder)


def test_weights_that_are_cut_short_or_mangled_anywhere(folder):
    data = (folder / WEIGHTS).read_bytes()
    rng = np.random.default_rng(0)
    broken = [data[:length] for length in (0, 4, 8, 9, 100, len(data) // 2, len(data) - 1)]
    broken += [rng.bytes(200), b"\x00" * 100, b"\xff" * 100, b"words", data[:8] + b"[" + data[9:]]
    for content in broken:
        (folder / WEIGHTS).write_bytes(content)
        assert f"{WEIGHTS}: is cut short or no safetensors file; train or copy" in refused(folder)


class Payload:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return open, (str(self.mark), "w")


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5, "zip", "legacy"])
def test_a_pickle_for_weights_is_refused_and_never_run(folder, tmp_path, protocol):
    mark = tmp_path / "ran"
    if protocol in ("zip", "legacy"):
        torch.save(Payload(mark), folder / WEIGHTS, _use_new_zipfile_serialization=protocol == "zip")
    else:
        (folder / WEIGHTS).write_bytes(pickle.dumps(Payload(mark), protocol))
    line = refused(folder)
    assert not mark.exists()
    if protocol in (0, 1):  # which begin like any text
        assert "no safetensors file" in line
    else:
        assert "is a pickle, which could run code when opened, and is refused; use weights saved as safetensors" in line


def test_weights_of_another_network(folder):
    weights = load_file(folder / WEIGHTS)
    wrong = [
        {**weights, "head.weight": torch.zeros(1, 5, 1, 1)},
        {**weights, "surplus": torch.zeros(1)},
        {name: value for name, value in weights.items() if name != "head.bias"},
        {},
    ]
    for content in wrong:
        save_file(content, folder / WEIGHTS)
        assert f"{WEIGHTS}: the weights do not fit the network that model.json describes" in refused(folder)


# Bundled models


@pytest.fixture
def bundle(folder, tmp_path, monkeypatch) -> Path:
    root = tmp_path / "bundled"
    for name in ("b", "a"):
        shutil.copytree(folder, root / name)
    (root / "unfinished").mkdir()
    monkeypatch.setattr(store, "bundled_folder", lambda: root)
    return root


def test_bundled_models_are_listed_and_loaded_by_name(bundle, tmp_path, monkeypatch):
    assert bundled_models() == ["a", "b"]
    monkeypatch.chdir(tmp_path)
    assert load("a").method.name == "density"
    with pytest.raises(ModelError, match=r"c: there is no such model; give a model folder or a bundled name \(a, b\)"):
        load("c")


def test_every_model_in_the_package_can_be_loaded():
    assert bundled_models() == sorted(path.parent.name for path in bundled_folder().glob("*/model.json"))
    for name in bundled_models():
        assert read_card(bundled_folder() / name).name == name
        assert (bundled_folder() / name / WEIGHTS).stat().st_size < 10_000_000


def test_a_training_that_was_stopped_early_is_told_apart_from_no_model(tmp_path):
    (tmp_path / "checkpoint.pt").write_bytes(b"")
    with pytest.raises(ModelError, match=r"holds a training that was stopped.*--resume"):
        load(tmp_path)
