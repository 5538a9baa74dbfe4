"""OpenVINO gives what torch gives, for every network and shape, or is refused."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from cytally.errors import ModelError, UsageError
from cytally.inference import openvino_backend
from cytally.inference.agreement import Agreement, Trial
from cytally.inference.backend import find_backend, trial_picture
from cytally.inference.openvino_backend import OpenVinoBackend
from cytally.inference.torch_backend import TorchBackend
from cytally.networks.density_unet import DensityUNet
from cytally.networks.efficient_cell_seg import EfficientCellSeg, MaskAndCentres
from cytally.networks.nucleus_unet import NucleusUNet
from cytally.training.configuration import make_configuration

pytest.importorskip("openvino")

CPU = torch.device("cpu")


def unet() -> nn.Module:
    """A small network whose padding goes by the picture's shape, and whose map has both sides of 0.5."""
    torch.manual_seed(0)
    network = DensityUNet(2, (4, 8)).eval()
    with torch.no_grad():
        network.head.weight.mul_(5)
    return network


def picture(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, np.float32)


def plain(network: nn.Module, image: np.ndarray) -> np.ndarray:
    return TorchBackend(network, CPU, "float32")(image)


@pytest.fixture(scope="module")
def backend() -> OpenVinoBackend:
    return OpenVinoBackend(unet(), picture(2, 32, 32), "float32")


# What torch gives


@pytest.mark.parametrize(
    ("build", "channels"),
    [
        (lambda: DensityUNet(2, (4, 8), "layer"), 2),
        (lambda: NucleusUNet(1, 4, 2), 1),
        (lambda: EfficientCellSeg((8, 8, 4, 4), 64, "b0"), 3),
        (lambda: MaskAndCentres(*[EfficientCellSeg((4, 4, 4, 4), None, "b0") for _ in range(2)]), 3),
        (lambda: EfficientCellSeg((4, 4, 4, 4), 32, "b0"), 1),  # a lone slice, spread out inside
    ],
)
def test_every_kind_of_network(build, channels):
    torch.manual_seed(0)
    network, image = build().eval(), picture(channels, 52, 69)
    found = OpenVinoBackend(network, image, "float32")(image)
    assert found.dtype == np.float32
    assert found == pytest.approx(plain(network, image), abs=1e-4)


@pytest.mark.parametrize("method", ["twin-vae", "efficientnet-b0"])
def test_networks_that_count_pictures(method):
    torch.manual_seed(0)
    method = make_configuration({"method": method}).build(1)
    network, images = method.network().eval(), picture(3, 1, method.side, method.side)
    found = OpenVinoBackend(network, images[0], "float32").many(images)
    assert found.shape == (3, 1)
    assert found == pytest.approx(TorchBackend(network, CPU, "float32").many(images), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("shape", [(32, 32), (33, 50), (20, 7), (32, 31)])
def test_every_shape_is_padded_in_its_own_way(backend, shape):
    image = picture(2, *shape)
    assert backend(image) == pytest.approx(plain(unet(), image), abs=1e-4)


def test_pictures_may_lie_in_memory_as_they_like(backend):
    image = picture(2, 32, 32).astype(np.float64)[:, ::-1].transpose(0, 2, 1)
    assert backend(image) == pytest.approx(plain(unet(), image.astype(np.float32)), abs=1e-4)


def test_an_output_stays_what_it_is(backend):
    first = backend(picture(2, 32, 32))
    before = first.copy()
    backend(picture(2, 32, 32, seed=1))
    assert np.array_equal(first, before)


def test_the_network_is_copied_and_goes_on_training():
    network = unet().train()
    backend = OpenVinoBackend(network, picture(2, 32, 32), "float32")
    nn.init.zeros_(network.head.weight)
    image = picture(2, 16, 24)  # compiled only now
    assert backend(image) == pytest.approx(plain(unet(), image), abs=1e-4)
    assert network.training
    assert network.head.weight.requires_grad


def test_a_network_for_all_sizes_is_compiled_once(backend):
    for side in (16, 24, 33):
        backend(picture(2, side, side))
    assert list(backend._compiled) == [None]


def test_shapes_of_a_network_for_one_size_are_kept_by_their_pixels_and_the_one_used_least_recently_makes_room(
    monkeypatch,
):
    monkeypatch.setattr(openvino_backend, "KEPT_PIXELS", 300)
    backend = OpenVinoBackend(nn.Conv2d(1, 1, 1), picture(1, 10, 10), "float32")
    for side in (10, 9, 10, 12, 30, 5):
        image = picture(1, side, side)
        assert backend(image) == pytest.approx(plain(backend._network, image), abs=1e-5)
        assert (side, side) in backend._compiled
        assert len(backend._compiled) == 1 or sum(y * x for y, x in backend._compiled) <= 300
    backend = OpenVinoBackend(nn.Conv2d(1, 1, 1), picture(1, 10, 10), "float32")
    for side in (9, 10, 12):  # 10 was used after 9
        backend(picture(1, side, side))
    assert list(backend._compiled) == [(10, 10), (12, 12)]


def test_prepared_for_one_shape_alone(backend):
    backend(picture(2, 16, 16))
    backend.prepare((33, 40))
    assert list(backend._compiled) == [(34, 40)]
    for shape in ((33, 40), (16, 24)):
        image = picture(2, *shape)
        assert backend(image) == pytest.approx(plain(unet(), image), abs=1e-4)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_as_many_as_asked_for(threads):
    backend = OpenVinoBackend(unet(), picture(2, 16, 16), threads=threads)
    (compiled,) = backend._compiled.values()
    assert compiled.get_property("INFERENCE_NUM_THREADS") == threads


def test_nothing_is_reported_over_the_internet(monkeypatch):
    def report(*_, **__):
        raise AssertionError("usage reported")

    monkeypatch.setattr("openvino.tools.ovc.convert_impl.init_ovc_telemetry", report)
    OpenVinoBackend(unet(), picture(2, 16, 16))


# Checked at construction


class Otherwise(nn.Module):
    """0.9 in the first 100 rows, but in another number of them where it is traced."""

    def __init__(self, traced: int) -> None:
        super().__init__()
        self.traced = traced

    def forward(self, x):
        high = x.new_zeros(x.shape)
        above = self.traced if torch.jit.is_tracing() else 100
        high[..., :above, :] = 0.9
        return high + 0 * x


@pytest.mark.parametrize(("traced", "told"), [(98, "Dice 0.9899, sums 2.00% apart"), (0, "Dice 0.0000")])
def test_other_maps_are_refused_with_the_figure(traced, told):
    with pytest.raises(ModelError, match=rf"gives: {told}.*0\.995.*; use --backend torch"):
        OpenVinoBackend(Otherwise(traced), picture(1, 400, 8), "float32")


def test_what_openvino_does_not_know_is_refused():
    class Unknown(nn.Module):
        def forward(self, x):
            return torch.linalg.svdvals(x)

    with pytest.raises(ModelError, match="OpenVINO cannot run the network"):
        OpenVinoBackend(Unknown(), picture(1, 8, 8), "float32")


def test_fewer_bits_are_given_up_where_they_are_not_exact_enough(monkeypatch):
    monkeypatch.setattr(openvino_backend, "fast_precision", lambda device: torch.bfloat16)
    answers = iter([Agreement(0.99, 0.0), Agreement(1.0, 0.0)] * 2)
    monkeypatch.setattr(Trial, "compare", lambda *_: next(answers))
    trial = Trial((picture(2, 16, 16),))
    backend = OpenVinoBackend(unet(), trial)
    assert backend.dtype is torch.float32
    assert len(backend._compiled) == 1
    with pytest.raises(ModelError, match=r"Dice 0\.9900"):
        OpenVinoBackend(unet(), trial, "bfloat16")


# What fewer bits would shift


def flat_unet() -> nn.Module:
    """A network whose norms move its ground away from zero, where rounding shows."""
    torch.manual_seed(1)
    network = DensityUNet(1, (8, 16)).train()
    with torch.no_grad():
        for _ in range(20):
            network(torch.rand(2, 1, 32, 32) ** 4)
        network.head.weight.mul_(0.05)
        network.head.bias.fill_(1.003)
    return network.eval()


def test_counts_stay_in_bfloat16_where_nothing_but_ground_is_seen():
    network = flat_unet()
    pictures = tuple(np.full((1, 40, 40), level, np.float32) for level in (0.1, 0.15, 0.2))
    trial = Trial(pictures, count=lambda output: float(output.sum()) / 100)
    backend = OpenVinoBackend(network, trial, "bfloat16")
    assert backend.dtype is torch.bfloat16
    flat = np.full((1, 64, 64), 0.13, np.float32)
    expected = plain(network, flat).sum(dtype=float)
    assert backend(flat).sum(dtype=float) == pytest.approx(expected, rel=5e-4)


def test_the_last_layer_is_exact_in_bfloat16():
    """A lone layer whose weight bfloat16 rounds by 0.3 %."""
    head = nn.Conv2d(1, 1, 1)
    nn.init.constant_(head.weight, 1.003)
    nn.init.zeros_(head.bias)
    backend = OpenVinoBackend(head, np.ones((1, 8, 8), np.float32), "bfloat16")
    assert backend(np.ones((1, 8, 8), np.float32)) == pytest.approx(1.003, abs=1e-6)
    assert torch.tensor(1.003).bfloat16().item() != pytest.approx(1.003, abs=1e-3)


# By name


def test_auto_takes_openvino_on_the_processor():
    assert find_backend("auto", unet(), CPU, sample=picture(2, 16, 16)).name == "openvino"


def test_auto_says_why_it_takes_torch(monkeypatch, caplog):
    sample = picture(1, 400, 8)
    assert find_backend("auto", Otherwise(0), CPU, sample=sample).name == "torch"
    assert "runs by torch: OpenVINO does not give what torch gives: Dice 0.0000" in caplog.text
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with caplog.at_level("INFO"):
        assert find_backend("auto", unet(), CPU, sample=picture(2, 16, 16)).name == "torch"
    assert "pip install 'cytally[openvino]'" in caplog.text


def test_torch_is_torch():
    backend = find_backend("torch", unet(), CPU, "float32", sample=picture(2, 16, 16))
    assert isinstance(backend, TorchBackend)
    assert backend.dtype is torch.float32


def test_openvino_is_refused_where_it_is_not(monkeypatch):
    with pytest.raises(UsageError, match="runs on the processor, not on 'cuda'; use --device cpu"):
        find_backend("openvino", unet(), torch.device("cuda"), sample=picture(2, 16, 16))
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(UsageError, match=r"'openvino' is not installed; run: pip install 'cytally\[openvino\]'"):
        find_backend("openvino", unet(), CPU, sample=picture(2, 16, 16))


def test_a_trial_picture_shows_something():
    drawn = trial_picture(2, 96)
    assert drawn.dtype == np.float32
    assert (drawn.min() >= 0, drawn.max()) == (True, 1)
    assert 0.03 < (drawn > 0.5).mean() < 0.5
    assert np.array_equal(drawn, trial_picture(2, 96))
