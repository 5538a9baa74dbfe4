"""The benchmarks of speed: clocks that are built in, turns, peers in processes of their own, and their page."""

from __future__ import annotations

import copy
import json
import sys
import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from cytally.inference.torch_backend import TorchBackend
from cytally.models.model import Model

Script = Callable[[str], ModuleType]


def test_stages_on_two_threads(script: Script) -> None:
    clock = script("stage_clock").StageClock()

    def write() -> None:
        with clock.stage("write"):
            time.sleep(0.1)

    other = threading.Thread(target=write)
    other.start()
    with clock.stage("network"):
        time.sleep(0.05)
        with clock.stage("compile"):
            time.sleep(0.05)
    other.join()
    busy = clock.busy()
    assert busy["write"] >= 0.1 and busy["network"] >= 0.05 and busy["compile"] >= 0.05
    assert busy["network"] < 0.1, "a stage within interrupts it"
    assert clock.covered(["network", "compile", "write"]) < sum(busy.values()) - 0.04, "what overlaps counts once"


def test_a_stage_that_fails_ends(script: Script) -> None:
    clock = script("stage_clock").StageClock()
    with pytest.raises(ValueError, match="no"), clock.stage("decode"):
        raise ValueError("no")
    with clock.stage("network"):
        pass
    assert clock.busy().keys() == {"decode", "network"}


def test_functions_are_replaced_wherever_they_are_known(script: Script) -> None:
    home, user = import_module("cytally.images.read"), import_module("cytally.models.model")
    before = home.read
    with script("stage_clock").replaced("cytally", {before: len}):
        assert home.read is len and user.read is len
    assert home.read is before and user.read is before


def test_small_images_are_counted_with_clocks_built_in(
    script: Script, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    module = script("small_images")
    monkeypatch.setattr(module, "RESULT", tmp_path / "small-images.json")
    (tmp_path / "work").mkdir()
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path / "work"))
    before = TorchBackend.__call__
    module.main(["--images", "5", "--side", "64", "--model", str(model_folder), "--backend", "torch"])
    assert TorchBackend.__call__ is before
    found = json.loads((tmp_path / "small-images.json").read_text())
    assert found["images"] == 5 and found["failures"] == 0 and found["backend"] == "torch"
    assert {"network", "decode", "normalise", "pictures", "maps", "tables", "report"} <= found["seconds_of"].keys()
    assert 0 < found["share"] <= found["share_with_normalising"] < 1
    assert 0 <= found["rest"] < found["seconds"]
    assert not list((tmp_path / "work").iterdir())


def test_every_class_of_a_back_end_is_found(script: Script) -> None:
    assert TorchBackend in script("small_images").backend_classes()


def test_repeated_images_are_copies(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = script("small_images")
    monkeypatch.setattr(module, "DIFFERENT", 4)
    module.draw(tmp_path, module.DIFFERENT + 2, 64)
    paths = sorted(tmp_path.iterdir())
    assert len(paths) == module.DIFFERENT + 2 and {path.suffix for path in paths} == {".png", ".tif"}
    assert paths[module.DIFFERENT].read_bytes() == paths[0].read_bytes() != paths[2].read_bytes()


@pytest.fixture
def measured(script: Script, tiny_model: Model) -> Any:
    """The tiny model as a network to measure."""
    networks = script("back_end_networks")
    rng = np.random.default_rng(0)
    pictures = [rng.random((1, 32, 32), np.float32) for _ in range(2)]
    calibration = [rng.integers(0, 200, (64, 64), np.uint8) for _ in range(3)]
    return networks.Measured(tiny_model, pictures, calibration, "tiny")


def test_back_ends_beside_plain_torch(script: Script, measured: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from cytally.errors import UsageError

    module = script("back_ends")

    def find(kind: Any, measured: Any) -> TorchBackend:
        if kind.backend != "torch":
            raise UsageError("is not installed", cure="install it")
        network = copy.deepcopy(measured.model.network)
        torch.nn.init.constant_(network.head.bias, 2.0)
        return TorchBackend(network, torch.device("cpu"), "float32")

    monkeypatch.setattr(module, "find", find)
    found = module.measure(measured, 2)
    assert found["rows"].keys() == {"plain float32", "torch bfloat16"}
    assert set(found["missing"].values()) == {"is not installed; install it"}
    plain, other = found["rows"].values()
    assert (plain["ratio"], plain["largest_count_difference"], plain["dice"]) == (1.0, 0.0, 1.0)
    assert other["largest_count_difference"] > 0.1 and len(other["seconds"]) == 2
    assert json.loads(json.dumps(found)) == found


def test_models_by_their_method(script: Script) -> None:
    from cytally.errors import UsageError

    module = script("back_ends")
    assert module.models(["density=a=b", "nucleus-unet=c"]) == {"density": "a=b", "nucleus-unet": "c"}
    for wrong in ("density", "watershed=a", "density="):
        with pytest.raises(UsageError):
            module.models([wrong])


def test_the_cores_of_a_benchmark(script: Script) -> None:
    from cytally.errors import UsageError

    module = script("cores")
    for wrong in (0, module.cores() + 1):
        with pytest.raises(UsageError, match="cores are asked for"):
            module.use_cores(wrong)


WORKER = """import json, sys, time
def answer(values):
    print("chatter")
    print("@" + json.dumps(values), flush=True)
if sys.argv[1] == "cellpose":
    answer({"error": "cellpose is not installed"}); sys.exit()
answer({"weights": "untrained", "read_out": False, "versions": {"stardist": "1"}})
for line in sys.stdin:
    seconds = {"network": 4.0, "network_processor": 2.0, "end_to_end": 5.0, "processor": 8.0}
    answer({**seconds, "megapixels": 2.0, "counts": [None]})
"""


def test_peers_take_turns_with_ours(
    script: Script, model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    module, page = script("peers"), script("speed_page")
    (tmp_path / "worker.py").write_text(WORKER)
    monkeypatch.setattr(module, "WORKER", tmp_path / "worker.py")
    monkeypatch.setattr(module, "RESULT", tmp_path / "peers.json")
    monkeypatch.setattr(module, "use_cores", lambda number: None)
    module.main(["--python", sys.executable, "--model", str(model_folder), "--side", "64", "--rounds", "2"])
    found = json.loads((tmp_path / "peers.json").read_text())
    assert "cellpose is not installed" in found["missing"]["cellpose"]
    star = found["rows"]["stardist"]
    assert star["network_seconds_per_megapixel"] == 2.0 and star["over_stardist_network"] == 1.25
    ours = found["rows"][str(model_folder)]
    assert 0 < ours["over_stardist_network"] < 1 and len(ours["rounds"]) == 2 and not ours["peer"]
    text = page.speed_texts(tmp_path)["peers"]
    assert "nothing being read from the maps" in text and "not measured: " in text and "| yes |" in text


def test_a_peer_that_dies_or_cannot_be_started(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = script("peers")
    (tmp_path / "worker.py").write_text("import sys; sys.exit(3)\n")
    monkeypatch.setattr(module, "WORKER", tmp_path / "worker.py")
    with (
        pytest.raises(module.PeerError, match="ended without an answer"),
        module.running(sys.executable, "stardist", [], 1, untrained=True) as turn,
    ):
        turn()
    with (
        pytest.raises(module.PeerError, match="could not be started"),
        module.running(str(tmp_path / "none"), "stardist", [], 1, untrained=True),
    ):
        pass


def test_the_worker_says_that_its_peer_is_not_installed(script: Script) -> None:
    module = script("peers")
    with module.running(sys.executable, "stardist", ["a.tif"], 1, untrained=True) as turn:
        assert turn()["error"].startswith("stardist is not installed")


def test_the_networks_that_are_trained_for_the_benchmark(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    module = script("back_end_networks")
    for name, value in {"SIDE": 128, "COMPARED": 1, "CALIBRATED": 3}.items():
        monkeypatch.setattr(module, name, value)
    read = module.read_configuration
    monkeypatch.setattr(module, "read_configuration", lambda path, given: read(path, [*given, "options.filters=2"]))
    found = module.NETWORKS["nucleus-unet"](None, 1)
    assert found.words == "from scratch, 1 steps" and not found.model.network.training
    assert [each.shape for each in found.pictures] == [(1, 128, 128)] and len(found.calibration) == 3
    assert {each.dtype for each in found.calibration} == {np.dtype(np.uint8)}
    shown, other = module.fields(12.0)
    assert not any(np.array_equal(one, two) for one in shown for two in other), "int8 sees other pictures"
    assert found.method.read(found.model.run(found.pictures[0])).count >= 0


def test_int8_is_what_the_export_writes(script: Script, measured: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module, asked = script("back_ends"), []

    def export(model: Model, to: str, out: Path, *, int8: list[Path]) -> None:
        asked.append((model, to, len(list(int8[0].iterdir()))))

    monkeypatch.setattr(module, "export", export)
    monkeypatch.setattr(module, "load", lambda folder: measured.model)
    monkeypatch.setattr(Model, "use", lambda self, name, device: self.to(device))
    found = module.find(module.Kind("openvino", "int8"), measured)
    assert found.name == "torch" and asked == [(measured.model, "openvino", 3)]
