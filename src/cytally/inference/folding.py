"""Folding batch norms into the convolutions before them, which changes nothing and saves a pass over the pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

Convolution = nn.Conv2d | nn.ConvTranspose2d


def fold_norms(network: nn.Module, picture: Tensor) -> int:
    """Fold every batch norm that takes a convolution's output, and nobody else does, into that convolution, in place.

    Which those are is found by watching one run, and that the output stays what it was by another: where it does not,
    as where something else takes the convolution's output too, nothing is folded.

    Parameters
    ----------
    network
        As it evaluates.
    picture
        (N, C, Y, X), small, as the network takes.

    Returns
    -------
    int
        How many norms were folded. None in the density U-Net, whose norms follow the leaky ReLU.
    """
    pairs = _pairs(network, picture)
    if not pairs:
        return 0
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.inference_mode():
        expected = network(picture)
    for convolution, norm in pairs:
        _fold(convolution, norm)
    with torch.inference_mode():
        same = torch.allclose(network(picture), expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
    if not same:
        for convolution, _ in pairs:
            if not any(name.endswith("bias") for name, _ in convolution.named_parameters()):
                convolution.bias = None
        network.load_state_dict(before, strict=False)
        return 0
    return len(pairs)


def _pairs(network: nn.Module, picture: Tensor) -> list[tuple[Convolution, nn.BatchNorm2d]]:
    """Convolutions whose output goes into a batch norm, each used once."""
    made_by: dict[int, Convolution] = {}
    kept: list[Tensor] = []  # so that no two outputs have the same identity
    pairs: list[tuple[Convolution, nn.BatchNorm2d]] = []
    calls: dict[nn.Module, int] = {}

    def after(module: nn.Module, _: object, output: Tensor) -> None:
        calls[module] = calls.get(module, 0) + 1
        if isinstance(module, Convolution):
            made_by[id(output)] = module
            kept.append(output)

    def before(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        convolution = made_by.get(id(inputs[0]))
        if convolution is not None and isinstance(module, nn.BatchNorm2d) and module.track_running_stats:
            pairs.append((convolution, module))

    hooks = []
    for module in network.modules():
        if isinstance(module, Convolution):
            hooks.append(module.register_forward_hook(after))
        elif isinstance(module, nn.BatchNorm2d):
            hooks += [module.register_forward_hook(after), module.register_forward_pre_hook(before)]
    try:
        with torch.inference_mode():
            network(picture)
    finally:
        for hook in hooks:
            hook.remove()
    return [pair for pair in pairs if all(calls.get(module) == 1 for module in pair)]


def _fold(convolution: Convolution, norm: nn.BatchNorm2d) -> None:
    """Scale and shift of the norm become the convolution's own; the norm passes on what it gets."""
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
    # y = x: no module is taken away, so that whoever calls it finds it
    norm.forward = lambda x: x  # type: ignore[method-assign]
