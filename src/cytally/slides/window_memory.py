"""How much memory a network needs for the window that it sees."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

SMALL = 64
"""Side of the window that a network is looked into with."""
FACTORS = {("torch", torch.float32): 2.3, ("torch", torch.bfloat16): 2.6, ("openvino", torch.bfloat16): 1.9}
LARGEST_FACTOR = 2.4
"""Peak memory over that of the widest layer in its number type, see `window_bytes`; of others in float32."""


def widest_layer(network: nn.Module, channels: int) -> float:
    """Values that the layer with the most takes and gives together, for each pixel of the window.

    Parameters
    ----------
    network
        Any network of pictures; it is copied and run once on a small window.
    channels
        Channels of its input.

    Examples
    --------
    A convolution from 3 to 8 channels takes 3 values for each pixel and gives 8; one of stride 2 gives a quarter.

    >>> widest_layer(nn.Conv2d(3, 8, 3, padding=1), 3), widest_layer(nn.Conv2d(3, 8, 3, stride=2, padding=1), 3)
    (11.0, 5.0)
    """
    looked_into, most = copy.deepcopy(network).cpu().float().eval(), 0

    def look(_layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal most
        most = max(most, sum(each.numel() for each in given) + output.numel())

    for layer in looked_into.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(look)
    with torch.inference_mode():
        looked_into(torch.zeros(1, channels, SMALL, SMALL))
    return most / SMALL**2


def window_bytes(network: nn.Module, channels: int, backend: str, dtype: torch.dtype) -> float:
    """Bytes of memory that a network takes for each pixel of its window, on the processor, at its peak.

    Parameters
    ----------
    network, channels
        As for `widest_layer`.
    backend
        ``torch``, ``openvino`` or ``onnx``.
    dtype
        Number type of its convolutions.

    References
    ----------
    Measured by benchmarks/window_memory.py on two cores with AVX-512 bfloat16 (torch 2.13, OpenVINO), as the slope of
    peak resident memory over windows of 512 to 1,280 pixels a side of the density network with 32, 64, 128, 256
    filters, whose widest layer takes and gives 96 values: torch 860 bytes in float32 and 481 in bfloat16, OpenVINO 334
    in bfloat16. Over 96 values times their bytes that is 2.24, 2.51 and 1.74. The factors here are a little larger.

    Examples
    --------
    >>> round(window_bytes(nn.Conv2d(32, 64, 3, padding=1), 32, "torch", torch.bfloat16))
    499
    """
    factor, size = FACTORS.get((backend, dtype)), dtype.itemsize
    if factor is None:
        factor, size = LARGEST_FACTOR, torch.float32.itemsize
    return factor * size * widest_layer(network, channels)
