"""How many multiply-adds a network needs, and how many this machine does in a second at its best."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE, MATRIX, ROUNDS = 64, 2048, 7
TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def multiply_adds(network: nn.Module, channels: int = 1) -> float:
    """Multiply-adds of all convolutions of a network, for each pixel of its input.

    Examples
    --------
    >>> multiply_adds(nn.Conv2d(3, 8, 3, padding=1), 3), 9 * 3 * 8
    (216.0, 216)
    """
    looked_into, total = copy.deepcopy(network).cpu().float().eval(), 0

    def look(layer: nn.Module, _given: object, output: Tensor) -> None:
        nonlocal total
        assert isinstance(layer, nn.Conv2d)
        rows, columns = layer.kernel_size
        total += output.numel() * layer.in_channels // layer.groups * rows * columns

    for layer in looked_into.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(look)
    with torch.inference_mode():
        looked_into(torch.zeros(1, channels, SIDE, SIDE))
    return total / SIDE**2


def best_of(run: Callable[[], object], done: float) -> float:
    """Multiply-adds a second of the fastest of some rounds, of which each does so many."""
    run()
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return done / min(seconds)


def peak_speeds(threads: int) -> dict[str, float]:
    """Most multiply-adds a second by number type: of a large product of matrices or a convolution, whichever is faster.

    The convolution is one of 128 to 128 channels, 3 × 3, on 256 × 256 pixels, channels last.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    found = {}
    try:
        with torch.inference_mode():
            for name, kind in TYPES.items():
                matrix = torch.rand(MATRIX, MATRIX).to(kind)
                picture = torch.rand(1, 128, 256, 256).to(kind).to(memory_format=torch.channels_last)
                weights = torch.rand(128, 128, 3, 3).to(kind).to(memory_format=torch.channels_last)
                product = best_of(lambda matrix=matrix: matrix @ matrix, MATRIX**3)  # type: ignore[misc]
                convolution = best_of(
                    lambda picture=picture, weights=weights: functional.conv2d(picture, weights, padding=1),  # type: ignore[misc]
                    128 * 128 * 9 * 256**2,
                )
                found[name] = max(product, convolution)
    finally:
        torch.set_num_threads(before)
    return found
