"""Tiles give what the whole image gives, for any tile and any image."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.inference.tiles import is_tileable, run_in_tiles, run_network, tile_grid
from cytally.inference.torch_backend import TorchBackend
from cytally.networks.density_unet import DensityUNet


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 70), st.sampled_from([1, 2, 4, 8]), st.integers(0, 3))
def test_tiles_cover_every_pixel_once_and_see_their_halo(rows, columns, size, stride, halos):
    halo, covered = halos * stride, np.zeros((rows, columns), int)
    for tile in tile_grid((rows, columns), size, halo, stride):
        covered[tile.core] += 1
        for core, window, inner, length in zip(
            tile.core, tile.window, tile.core_in_window, (rows, columns), strict=True
        ):
            assert window.start % stride == 0
            assert window.start == max(0, core.start - halo)
            assert window.stop == min(length, core.stop + halo)
            assert range(window.start, window.stop)[inner] == range(core.start, core.stop)
    assert (covered == 1).all()


def test_a_halo_off_the_grid_is_refused():
    with pytest.raises(ValueError, match="no multiple"):
        list(tile_grid((8, 8), 4, 3, 2))


@cache
def network(normalisation: str, channels: tuple[int, ...]) -> DensityUNet:
    """Random weights and, as after training, running statistics of their own; the map is above zero."""
    torch.manual_seed(1)
    built = DensityUNet(1, channels, normalisation).eval()
    for name, value in built.state_dict().items():
        if "running" in name:
            value.uniform_(0.5, 1.5)
    torch.nn.init.uniform_(built.head.weight, -0.5, 0.5)
    torch.nn.init.constant_(built.head.bias, 1.0)
    return built


def both(normalisation, channels, shape, size, precision="float32", seed=0):
    built = network(normalisation, channels)
    run = TorchBackend(built, torch.device("cpu"), precision)
    image = np.random.default_rng(seed).random((1, *shape), np.float32)
    return run(image), run_in_tiles(run, image, size=size, halo=built.halo, stride=built.stride)


@settings(max_examples=20)
@given(
    st.sampled_from(["batch", "layer", "none"]),
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.integers(1, 70),
    st.integers(0, 9),
)
def test_any_tile_size_gives_the_whole_image(normalisation, shape, size, seed):
    whole, tiled = both(normalisation, (4, 4, 4), shape, size, seed=seed)
    assert tiled.shape == whole.shape == (1, *shape)
    assert np.abs(tiled - whole).max() <= 2e-5 * np.abs(whole).max()
    assert tiled.sum(dtype=float) == pytest.approx(whole.sum(dtype=float), rel=1e-3, abs=1e-3 * whole.size)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("size", [50, 96])
def test_three_levels_too_in_either_precision(precision, size):
    whole, tiled = both("layer", (4, 4, 4, 4), (101, 170), size, precision)
    assert whole.sum(dtype=float) > 1000
    assert tiled.sum(dtype=float) == pytest.approx(whole.sum(dtype=float), rel=1e-3)


def test_a_halo_that_is_too_small_would_show():
    built = network("layer", (4, 4, 4))
    run = TorchBackend(built, torch.device("cpu"), "float32")
    image = np.random.default_rng(0).random((1, 64, 64), np.float32)
    tiled = run_in_tiles(run, image, size=16, halo=4, stride=4)
    assert np.abs(tiled - run(image)).max() > 1e-3


def test_group_norm_sees_the_whole_image_so_its_tiles_differ():
    whole, tiled = both("group", (4, 4, 4), (80, 80), 16)
    assert np.abs(tiled - whole).max() > 1e-3


def test_outputs_of_several_channels_are_put_together():
    image = np.random.default_rng(0).random((2, 9, 7), np.float32)
    tiled = run_in_tiles(lambda x: np.concatenate([x, -x]), image, size=4, halo=0, stride=1)
    assert np.array_equal(tiled, np.concatenate([image, -image]))


def test_a_network_that_does_not_tell_its_reach_is_run_in_one_piece():
    network = torch.nn.Conv2d(1, 1, 5, padding=2)
    shapes = []

    def run(image):
        shapes.append(image.shape)
        return image

    run_network(run, network, np.zeros((1, 40, 40), np.float32), size=16)
    assert not is_tileable(network)
    assert shapes == [(1, 40, 40)]
