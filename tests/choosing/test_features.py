"""What the middle of a network sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from cytally.choosing.features import Tap, deepest_layer, plain_features, tapped
from cytally.networks.density_unet import DensityUNet


def test_the_deepest_layer_of_a_u_net_is_its_bottom() -> None:
    assert deepest_layer(DensityUNet(channels=(4, 8, 16)), 1) == "bottom.1.0"
    assert deepest_layer(nn.Sequential(nn.Flatten()), 1) is None


def test_means_and_deviations_over_tiles_are_those_of_the_whole() -> None:
    values = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 3, 8, 10)))
    whole, tiles = Tap(), Tap()
    whole.add(values)
    tiles.add(values[..., :4])
    tiles.add(values[..., 4:])
    expected = [*values.mean((0, 2, 3)).tolist(), *values.std((0, 2, 3), correction=0).tolist()]
    assert whole.features() == pytest.approx(expected) and tiles.features() == pytest.approx(expected)
    with pytest.raises(ValueError, match="nothing"):
        Tap().features()


def test_a_tap_listens_only_while_it_is_open() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1))
    with tapped(network, "0") as tap:
        network(torch.zeros(1, 1, 8, 8))
    network(torch.zeros(1, 1, 8, 8))
    assert tap.pixels == 64 and len(tap.features()) == 4


def test_plain_features_of_a_flat_picture() -> None:
    found = plain_features(np.full((1, 10, 10), 2.0, np.float32), None, 3.0)
    assert found.tolist() == [2.0, 0.0, 2.0, 2.0, 2.0, 2.0, 2.0, 0.0, 300.0, 0.0]
