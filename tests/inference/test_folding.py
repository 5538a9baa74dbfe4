"""Batch norms are folded where that changes nothing, and nowhere else."""

import pytest
import torch
from torch import nn

from cytally.inference.folding import folded
from cytally.networks.density_unet import DensityUNet
from cytally.networks.efficient_cell_seg import EfficientCellSeg
from cytally.networks.nucleus_unet import NucleusUNet


def trained(network: nn.Module, channels: int) -> nn.Module:
    """Norms with statistics that are not those of a new network."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 2)
    return network.eval()


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize(
    ("build", "channels", "left"),
    [
        (lambda: NucleusUNet(1, 4, 2), 1, 0),
        (lambda: EfficientCellSeg((4, 4, 4, 4), None, "b0"), 3, 0),  # one convolution of which runs twice
        (lambda: DensityUNet(1, (4, 8)), 1, 7),  # behind the leaky ReLU
    ],
)
def test_networks(build, channels, left):
    network, picture = trained(build(), channels), torch.rand(1, channels, 32, 48)
    before = norms(network)
    found = folded(network, torch.rand(1, channels, 32, 32))
    assert (norms(network), norms(found)) == (before, left)
    with torch.inference_mode():
        assert torch.allclose(found(picture), network(picture), rtol=1e-4, atol=1e-5)


class Skip(nn.Module):
    """A convolution whose output is taken by a norm and added behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)

    def forward(self, x):
        y = self.convolution(x)
        return self.norm(y) + y


def test_what_others_take_as_well_is_left():
    network = trained(Skip(), 1)
    assert folded(network, torch.rand(1, 1, 8, 8)) is network
    assert norms(network) == 1


def test_a_norm_behind_an_activation_in_place_is_left():
    # its statistics are those of no change, so that folding it would go unnoticed here
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.LeakyReLU(0.2, inplace=True), nn.BatchNorm2d(2)).eval()
    assert folded(network, torch.ones(1, 1, 8, 8)) is network
