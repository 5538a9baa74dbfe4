"""Preparing a trained network for fewer bits: weights rounded so that what is flat in a picture stays as it is.

A count sums tens of thousands of pixels, most of them ground on which a convolution sees nine times the same. Rounded
one by one to bfloat16, the nine weights err by the root of nine times a rounding; rounded one after the other, each
making good for those before, by the rounding of the smallest alone. On the drawn samples that come with cytally this
takes the bundled model from 0.2 % off to 0.02 %, and costs nothing when the network runs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

Convolution = nn.Conv2d | nn.ConvTranspose2d


def round_kernels(network: nn.Module, dtype: torch.dtype = torch.bfloat16) -> None:
    """Round the weights of all convolutions in place to what `dtype` can hold, the sum of each kernel kept.

    Convolutions of one pixel are left as they are: there is nothing to make good on. The last of a network should run
    in 32 bits; those in between are rounded by whatever runs them.
    """
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, Convolution) and module.weight[0, 0].numel() > 1:
                module.weight.copy_(rounded_kernels(module.weight, dtype))


def rounded_kernels(weights: Tensor, dtype: torch.dtype = torch.bfloat16) -> Tensor:
    """Round kernels (O, I, Y, X) to what `dtype` can hold, the sum of each kept but for its smallest weight's rounding.

    From the largest weight to the smallest, what rounding took from those before is added to the next (error
    diffusion).

    Examples
    --------
    Each of three weights is rounded down; the sum is three roundings off, or none.

    >>> kernel = torch.tensor([1.003, 1.003, 1.003]).reshape(1, 1, 1, 3)
    >>> kernel.bfloat16().sum().item(), round(rounded_kernels(kernel).sum().item(), 4)
    (3.0, 3.0078)
    """
    flat = weights.detach().reshape(-1, weights[0, 0].numel()).double()
    order = flat.abs().argsort(dim=1, descending=True)
    exact = flat.gather(1, order)
    owed = torch.zeros(len(flat), dtype=torch.float64, device=flat.device)
    for place in range(flat.shape[1]):
        wanted = exact[:, place] + owed
        exact[:, place] = wanted.to(dtype).double()
        owed = wanted - exact[:, place]
    rounded = torch.empty_like(exact).scatter_(1, order, exact)
    return rounded.reshape(weights.shape).to(weights.dtype)
