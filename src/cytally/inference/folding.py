"""Folding batch norms into the convolutions before them, which changes nothing and saves a pass over the pixels."""

from __future__ import annotations

import copy
from collections import Counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from cytally.inference.sizes import sizes_of

Convolution = nn.Conv2d | nn.ConvTranspose2d
Pair = tuple[Convolution, nn.BatchNorm2d]


def folded(network: nn.Module, picture: Tensor) -> nn.Module:
    """A copy of a network with every batch norm folded whose input is a convolution's output; itself where none is.

    Which those are is found by watching one run, and that the output stays what it was by another: where it does not,
    as where something else takes a convolution's output too, nothing is folded. Nothing can be in the density U-Net,
    whose norms follow the leaky ReLU and precede convolutions that pad with zeros: their shifts would be missing there.

    Parameters
    ----------
    network
        As it evaluates.
    picture
        (N, C, Y, X), small, as the network takes.

    Examples
    --------
    >>> network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU()).eval()
    >>> [type(layer).__name__ for layer in folded(network, torch.ones(1, 1, 8, 8))]
    ['Conv2d', 'Identity', 'ReLU']
    """
    changed = copy.deepcopy(network)
    pairs, expected = _watched(changed, picture)
    if not pairs:
        return network
    for convolution, norm in pairs:
        _fold(convolution, norm)
    norms = {norm for _, norm in pairs}
    for parent in list(changed.modules()):
        for name, child in parent.named_children():
            if child in norms:
                setattr(parent, name, nn.Identity())
    with torch.inference_mode():
        found = changed(picture)
    return changed if torch.allclose(found, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max())) else network


def folded_for(network: nn.Module, picture: NDArray[np.float32]) -> nn.Module:
    """`folded`, watched on the corner of a picture (C, Y, X) where the network takes a smaller one alike."""
    sizes = sizes_of(network)
    side = max(picture.shape) if sizes is None else sizes.traced
    return folded(network, torch.from_numpy(np.ascontiguousarray(picture[None, :, :side, :side])))


def _watched(network: nn.Module, picture: Tensor) -> tuple[list[Pair], Tensor]:
    """Convolutions and the batch norms that take their output, each time they run; and the network's output."""
    made_by: dict[tuple[int, int], Convolution] = {}  # what changes a tensor in place gives it another version
    kept: list[Tensor] = []  # so that no two outputs have the same identity
    calls: Counter[nn.Module] = Counter()
    pairs: Counter[Pair] = Counter()

    def watch(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        calls[module] += 1
        if isinstance(module, Convolution):
            made_by[id(output), output._version] = module
            kept.append(output)
        elif isinstance(module, nn.BatchNorm2d) and module.track_running_stats:
            convolution = made_by.get((id(inputs[0]), inputs[0]._version))
            if convolution is not None:
                pairs[convolution, module] += 1

    watched = [module for module in network.modules() if isinstance(module, Convolution | nn.BatchNorm2d)]
    hooks = [module.register_forward_hook(watch) for module in watched]
    try:
        with torch.no_grad():  # in inference mode tensors have no versions
            output = network(picture)
    finally:
        for hook in hooks:
            hook.remove()
    return [pair for pair, times in pairs.items() if all(calls[module] == times for module in pair)], output


def _fold(convolution: Convolution, norm: nn.BatchNorm2d) -> None:
    """Scale and shift of the norm become the convolution's own."""
    assert norm.running_mean is not None and norm.running_var is not None  # it keeps statistics
    convolution.weight, convolution.bias = fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
        transpose=isinstance(convolution, nn.ConvTranspose2d),
    )
