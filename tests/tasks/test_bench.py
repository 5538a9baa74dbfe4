"""Measuring back ends: every one that works, beside torch as it comes, in turns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import ImageError, ModelError, UsageError
from cytally.inference.torch_backend import TorchBackend
from cytally.models.model import Model
from cytally.tasks import bench as module
from cytally.tasks.bench import BenchOptions, backend_names, bench, names_for
from cytally.tasks.bench_pass import Pass, PlainTorch, TimedBackend, add, run_pass
from cytally.tasks.bench_result import BackendTimes, BenchResult
from cytally.training.configuration import make_configuration

QUICK = BenchOptions(side=64, rounds=2, device="cpu")
Find = Callable[..., Any]


class Doubled(TorchBackend):
    """A back end whose maps are all twice too large."""

    name = "doubled"

    def __call__(self, image: np.ndarray) -> np.ndarray:
        return 2 * super().__call__(image)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three back ends: torch, one that counts twice, and one that is not there. Which were asked for, in order."""
    asked = []

    def use(self: Model, name: str, device: torch.device) -> None:
        asked.append(name if self.exported is None else f"{name}, exported")
        if name == "absent":
            raise UsageError("the back end 'absent' is not installed", cure="run: pip install absent")
        self.run = (Doubled if name == "doubled" else TorchBackend)(self.network, device, "float32")

    monkeypatch.setattr(Model, "use", use)
    monkeypatch.setattr(module, "backend_names", lambda: ["torch", "absent", "doubled"])
    return asked


def test_every_name_is_tried_and_the_rest_is_told(model: Model, found: list[str], tmp_path: Path) -> None:
    shares = []
    result = bench(model, options=QUICK, on_share=lambda text, share: shares.append(share))
    assert found == ["torch", "absent", "doubled", "auto"]
    assert {each.name for each in result.backends} == {"torch", "doubled"}
    assert result.missing == (("absent", "the back end 'absent' is not installed; run: pip install absent"),)
    assert result.auto == "torch" and result.reference.name == "plain"
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    assert model.run.name == "torch", "the caller's model is left as it was"
    written = json.loads(json.dumps(result.as_dict()))
    rows = {row["name"]: row for row in written["backends"]}
    assert rows["torch"]["largest_count_difference_percent"] == pytest.approx(0, abs=0.01)
    assert rows["doubled"]["largest_count_difference_percent"] == pytest.approx(100, abs=0.01)
    assert written["reference"]["network_times_faster"] == 1.0
    assert written["machine"]["threads"] == torch.get_num_threads() and "versions" in written["machine"]
    assert written["megapixels"] == pytest.approx(2 * 64 * 64 / 1e6) == pytest.approx(written["seen_megapixels"])
    assert all(len(row["seconds_of_rounds"]) == 2 for row in (*rows.values(), written["reference"]))


def test_an_exported_network_has_a_row_of_its_own(model: Model, found: list[str]) -> None:
    model.exported = SimpleNamespace(card=SimpleNamespace(to="doubled", precision="int8"))  # type: ignore[assignment]
    result = bench(model, options=QUICK)
    assert found == ["torch", "absent", "doubled", "doubled, exported", "auto, exported"]
    assert result.auto == "torch", "which is not what was exported"
    rows = {row["name"]: row["precision"] for row in result.as_dict()["backends"]}
    assert rows == {"torch": "float32", "doubled": "float32", "doubled exported": "int8"}


def test_a_method_without_a_network_is_measured_once(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(model.method), "has_weights", False)
    assert names_for(model) == ["torch"]


def test_the_parts_add_up(model: Model, found: list[str]) -> None:
    result = bench(model, options=QUICK)
    for times in (result.reference, *result.backends):
        for each in times.rounds:
            assert min(each.decode, each.normalise, each.network, each.read_out) > 0
            assert each.seconds == pytest.approx(each.decode + each.normalise + each.network + each.read_out)


def test_a_back_end_that_breaks_while_it_is_measured(
    model: Model, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def breaks(self: Doubled, image: np.ndarray) -> np.ndarray:
        calls.append(image)
        if len(calls) > 3:
            raise RuntimeError("out of\nluck")
        return TorchBackend.__call__(self, image)

    monkeypatch.setattr(Doubled, "__call__", breaks)
    result = bench(model, options=QUICK)
    assert [each.name for each in result.backends] == ["torch"]
    assert dict(result.missing)["doubled"] == "failed (RuntimeError: out of luck)"


def test_images_of_the_user(model: Model, images: Path, found: list[str]) -> None:
    (images / "b.png").write_text("no image")
    lines: list[str] = []
    result = bench(model, [images], QUICK, on_failure=lines.append)
    assert result.images == ("a.png", "c.png") and result.megapixels == pytest.approx(2 * 24 * 32 / 1e6)
    assert len(lines) == 1 and "b.png" in lines[0] and dict(result.failures) == {"b.png": lines[0]}
    for name in ("a.png", "c.png"):
        (images / name).unlink()
    with pytest.raises(ImageError, match="no image could be counted"):
        bench(model, [images], QUICK)


def test_nothing_is_left_in_the_temporary_folder(
    model: Model, found: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module.tempfile, "tempdir", str(tmp_path))

    def stopped(*_: object) -> Pass:
        assert list(tmp_path.rglob("*.tif"))
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run_pass", stopped)
    with pytest.raises(KeyboardInterrupt):
        bench(model, options=QUICK)
    assert not list(tmp_path.iterdir())


def test_wrong_calls() -> None:
    for wrong in ({"side": 8}, {"side": 10**6}, {"rounds": 0}):
        with pytest.raises(UsageError):
            BenchOptions(**wrong)
    with pytest.raises(ModelError):
        bench("no such model")


def test_every_back_end_of_the_code_has_a_name() -> None:
    assert {"torch", "openvino"} <= set(backend_names()) and "auto" not in backend_names()


def passes(*seconds: float) -> tuple[Pass, ...]:
    """Rounds over 2 megapixels in which the network takes so many seconds, and the rest 1 second."""
    return tuple(Pass(0.25, 0.25, each, 0.5, 2 * each + 2, 2 * each, 3.0, 2.0, 1.0) for each in seconds)


def test_figures_by_hand() -> None:
    plain = BackendTimes("plain", "float32", 1.0, passes(8, 10, 60), (10.0, 0.2, 200.0))
    fast = BackendTimes("fast", "int8", 1.0, passes(2, 5, 6), (10.1, 0.4, 199.0))
    assert fast.per_megapixel("network") == 2.5 and fast.per_megapixel("seconds") == 3.0
    assert fast.times_faster(plain, "network") == 4.0, "the median of 4, 2 and 10, not the ratio of the medians"
    assert fast.times_faster(plain, "seconds") == 3.0, "the median of 9/3, 11/6 and 61/7"
    assert fast.largest_difference(plain) == pytest.approx(1.0), "an image without cells says nothing"
    assert BackendTimes("fast", "int8", 1.0, passes(1), (0.0,)).largest_difference(
        BackendTimes("plain", "float32", 1.0, passes(1), (0.0,))
    ) is None  # fmt: skip
    assert BackendTimes("none", "float32", 1.0, passes(0), (1.0,)).times_faster(plain_once(), "network") is None


def plain_once() -> BackendTimes:
    return BackendTimes("plain", "float32", 1.0, passes(1), (1.0,))


def test_a_result_without_any_back_end_is_written_too() -> None:
    result = BenchResult("m", "density", "cpu", ("a",), plain_once(), (), (("torch", "no"),), None, (), {"load": None})
    assert result.as_dict()["backends"] == [] and result.as_dict()["missing"] == [{"name": "torch", "why": "no"}]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=5))
def test_passes_add_up(seconds: list[float]) -> None:
    total = add(list(passes(*seconds)))
    assert total.network == pytest.approx(sum(seconds)) and total.megapixels == 2.0 * len(seconds)
    assert total.count == 3.0 * len(seconds)


def test_the_plain_reference_gives_what_the_network_gives(model: Model) -> None:
    image = np.random.default_rng(0).random((1, 40, 24), np.float32)
    with torch.inference_mode():
        expected = model.network(torch.from_numpy(image)[None])[0].numpy()
    plain = PlainTorch(model.network, torch.device("cpu"))
    np.testing.assert_array_equal(plain(image), expected)
    assert plain.network is not model.network and plain.dtype == torch.float32


def test_the_timed_back_end_counts_pixels(model: Model) -> None:
    timed = TimedBackend(PlainTorch(model.network, torch.device("cpu")))
    assert timed.first is None and timed.precision == "float32"
    timed(np.zeros((1, 16, 24), np.float32))
    timed.many(np.ones((3, 1, 16, 16), np.float32))
    assert timed.pixels == 16 * 24 + 3 * 16 * 16 and timed.seconds > 0
    timed.begin()
    assert (timed.seconds, timed.pixels, timed.first) == (0.0, 0, None)


METHODS = {
    "nucleus-unet": {"filters": 2, "nucleus_area": 40},
    "twin-vae": {"channels": [4, 4, 4, 4], "hidden": 8, "latent": 4},
    "efficient-cell-seg": {"encoder": "b0", "side": None, "cell_diameter": 6, "split": "components"},
    "watershed": {
        **{"crop": 0, "kernel": 1, "polarity": "bright", "threshold": 0.5, "factor": 1.0},
        **{"separation": 0, "least_area": 1, "subtract": 0, "diameter": 8.0},
    },
}


@pytest.mark.parametrize("method", METHODS)
def test_every_kind_of_method(method: str, make_model: Callable[..., Model], tmp_path: Path) -> None:
    configuration = make_configuration({"method": method, "options": METHODS[method]})
    torch.manual_seed(0)
    model = make_model(configuration, configuration.build(1).network())
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.random.default_rng(0).integers(0, 200, (96, 96), np.uint8))
    timed = TimedBackend(PlainTorch(model.network, torch.device("cpu")))
    found = run_pass(model, timed, path)
    assert found.network > 0 and found.seen_megapixels >= found.megapixels
    assert found.megapixels == pytest.approx(96 * 96 / 1e6) and found.count >= 0


def test_a_volume_is_stood_for_by_its_middle_slice(make_model: Callable[..., Model], tmp_path: Path) -> None:
    configuration = make_configuration({"method": "efficient-cell-seg", "options": METHODS["efficient-cell-seg"]})
    model = make_model(configuration, configuration.build(1).network())
    path = tmp_path / "volume.tif"
    tifffile.imwrite(path, np.zeros((5, 64, 64), np.uint8), metadata={"axes": "ZYX"}, imagej=True)
    found = run_pass(model, TimedBackend(PlainTorch(model.network, torch.device("cpu"))), path)
    assert found.megapixels == pytest.approx(64 * 64 / 1e6)
