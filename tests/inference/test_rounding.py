"""Kernels rounded to fewer bits keep their sums."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cytally.inference.rounding import round_kernels, rounded_kernels


@given(st.integers(0, 2**32 - 1))
def test_sums_are_kept_but_for_the_smallest_weights_rounding(seed):
    weights = torch.from_numpy(np.random.default_rng(seed).normal(0, 0.1, (4, 3, 3, 3)).astype(np.float32))
    rounded = rounded_kernels(weights)
    assert torch.equal(rounded, rounded.bfloat16().float())
    apart = (rounded.double() - weights.double()).sum((2, 3)).abs()
    # the last to be rounded is the smallest, to which at most twice the rounding of the next was added
    least = weights.abs().flatten(2).sort().values[..., 1].double()
    assert bool((apart <= least * 2**-7).all())


def test_each_weight_stays_within_its_own_rounding_and_what_it_makes_good_for():
    weights = torch.randn(8, 8, 3, 3, generator=torch.Generator().manual_seed(0))
    plain, kept = weights.bfloat16().float(), rounded_kernels(weights)
    assert (kept - weights).abs().max() <= 3 * (plain - weights).abs().max()
    off = lambda each: (each.double() - weights.double()).sum((2, 3)).abs().mean()  # noqa: E731
    assert off(kept) < off(plain) / 10


def test_in_place_but_for_convolutions_of_one_pixel_and_linear_layers():
    network = nn.Sequential(nn.Conv2d(2, 2, 3), nn.Conv2d(2, 1, 1), nn.Linear(4, 4), nn.ConvTranspose2d(1, 1, 3))
    before = [layer.weight.clone() for layer in network]
    round_kernels(network)
    changed = [not torch.equal(layer.weight, earlier) for layer, earlier in zip(network, before, strict=True)]
    assert changed == [True, False, False, True]
    assert network[0].weight.requires_grad
    assert rounded_kernels(torch.zeros(1, 1, 3, 3)).sum().item() == pytest.approx(0)
