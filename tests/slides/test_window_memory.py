"""What a network is expected to hold for a window, by its widest layer."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cytally.networks.density_unet import DensityUNet
from cytally.slides.window_memory import widest_layer, window_bytes


def test_the_widest_layer_of_the_density_network_by_hand() -> None:
    """The finest level's first convolution on the way up takes 2 × 32 channels and gives 32."""
    assert widest_layer(DensityUNet(), 1) == 32 + 64
    assert widest_layer(DensityUNet(channels=(16, 32, 64, 128)), 1) == 16 + 32
    assert widest_layer(DensityUNet(in_channels=3, channels=(4, 8)), 3) == 8 + 4


def test_coarser_layers_count_by_their_pixels() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3, stride=4, padding=1), nn.Conv2d(2, 64, 1))
    assert widest_layer(network, 1) == pytest.approx((2 + 64) / 16)


def test_the_network_stays_as_it_is() -> None:
    network = DensityUNet(channels=(4, 8)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    widest_layer(network, 1)
    assert network.training and not any(module._forward_hooks for module in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    ("backend", "dtype", "measured"),
    [
        ("torch", torch.float32, 860),
        ("torch", torch.bfloat16, 481),
        ("openvino", torch.bfloat16, 334),
    ],
)
def test_a_little_more_than_was_measured(backend: str, dtype: torch.dtype, measured: float) -> None:
    assert measured < window_bytes(DensityUNet(), 1, backend, dtype) < 1.12 * measured


def test_half_the_filters_take_half() -> None:
    half, whole = DensityUNet(channels=(16, 32, 64, 128)), DensityUNet()
    taken = [window_bytes(network, 1, "torch", torch.float32) for network in (half, whole)]
    assert taken[0] == taken[1] / 2


def test_what_was_not_measured_is_taken_for_float32() -> None:
    """An int8 network's activations are not all of one byte."""
    float32 = window_bytes(DensityUNet(), 1, "torch", torch.float32)
    for backend, dtype in (("openvino", torch.float32), ("openvino", torch.int8), ("onnx", torch.float32)):
        assert window_bytes(DensityUNet(), 1, backend, dtype) > float32
