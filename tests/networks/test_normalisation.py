import pytest
import torch
from torch import nn

from cytally.networks.normalisation import LayerNorm2d, normalisation_layer


def test_layer_norm_takes_each_pixel_by_itself():
    layer = LayerNorm2d(3)
    nn.init.uniform_(layer.weight)
    nn.init.uniform_(layer.bias)
    x = torch.rand(2, 3, 4, 5)
    slow = torch.empty_like(x)
    for n in range(2):
        for row in range(4):
            for column in range(5):
                pixel = x[n, :, row, column]
                centred = (pixel - pixel.mean()) / (pixel.var(unbiased=False) + 1e-5).sqrt()
                slow[n, :, row, column] = centred * layer.weight + layer.bias
    assert torch.allclose(layer(x), slow, atol=1e-5)
    assert torch.allclose(layer(x)[..., :2, :2], layer(x[..., :2, :2].contiguous()), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "layer"),
    [("batch", nn.BatchNorm2d), ("group", nn.GroupNorm), ("layer", LayerNorm2d), ("none", nn.Identity)],
)
def test_each_kind_is_its_layer(kind, layer):
    assert type(normalisation_layer(kind, 16)) is layer


@pytest.mark.parametrize(("channels", "groups"), [(32, 8), (8, 8), (4, 4), (12, 4), (5, 1)])
def test_groups_are_as_many_as_divide_the_channels(channels, groups):
    assert normalisation_layer("group", channels).num_groups == groups
