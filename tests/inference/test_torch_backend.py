import numpy as np
import pytest
import torch
from torch import nn

from cytally.errors import UsageError
from cytally.inference.torch_backend import TorchBackend, fast_precision, find_device
from cytally.networks.density_unet import DensityUNet

CPU = torch.device("cpu")


def test_the_network_is_copied_and_does_not_train():
    network = DensityUNet(1, (4, 8)).train()
    backend = TorchBackend(network, CPU, "float32")
    image = np.ones((1, 16, 16), np.float32)
    before = backend(image)
    nn.init.zeros_(network.head.weight)
    nn.init.zeros_(network.head.bias)
    assert np.array_equal(backend(image), before)
    assert network.training
    assert network.head.weight.requires_grad
    assert not backend.network.training


def test_it_gives_what_the_plain_network_gives():
    network = DensityUNet(2, (4, 8), "layer").eval()
    image = np.random.default_rng(0).random((2, 19, 30), np.float32)[:, ::-1]  # not contiguous
    plain = network(torch.from_numpy(image.copy())[None])[0].detach().numpy()
    found = TorchBackend(network, CPU, "float32")(image)
    assert found.dtype == np.float32
    assert found == pytest.approx(plain, abs=1e-5)


def test_fewer_bits_hardly_change_the_sum():
    torch.manual_seed(0)
    network = DensityUNet(1, (8, 16, 16), "layer").eval()
    nn.init.constant_(network.head.bias, 2.0)
    image = np.random.default_rng(0).random((1, 64, 64), np.float32)
    full, fast = (TorchBackend(network, CPU, precision)(image) for precision in ("float32", "bfloat16"))
    assert not np.array_equal(full, fast)
    assert fast.sum() == pytest.approx(full.sum(), rel=0.005)


def test_precision_is_chosen_by_what_the_processor_has(monkeypatch):
    monkeypatch.setattr("cytally.inference.torch_backend._cpu_has", lambda feature: feature == "amx_tile")
    assert fast_precision(CPU) is torch.bfloat16
    monkeypatch.setattr("cytally.inference.torch_backend._cpu_has", lambda feature: False)
    assert fast_precision(CPU) is torch.float32
    assert fast_precision(torch.device("mps")) is torch.float32


def test_devices_are_found_by_name(monkeypatch):
    assert find_device("cpu") == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert find_device() == CPU
    with pytest.raises(UsageError, match="there is no 'cuda' device on this machine; use --device"):
        find_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_device() == torch.device("cuda")
