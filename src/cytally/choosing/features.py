"""What a picture is like, in numbers: what the middle of a network sees of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Features = NDArray[np.float64]


def deepest_layer(network: nn.Module, in_channels: int, side: int = 64) -> str | None:
    """Name of the convolution that sees most of the picture at once: the last of those with the smallest output.

    Outputs of a single pixel are passed over: they are weights of channels, as of squeeze and excitation.

    Parameters
    ----------
    network
        Any network of (N, C, Y, X); it is run once on an empty picture.
    in_channels
        C.
    side
        Of the picture, in pixels.

    Returns
    -------
    str or None
        None where the network has no convolution of two dimensions, as one without weights.
    """
    sizes: dict[str, int] = {}

    def note(name: str, output: Tensor) -> None:
        sizes.pop(name, None)  # a layer that runs again moves to the end
        sizes[name] = output.shape[-2] * output.shape[-1]

    convolutions = [(name, module) for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
    if not convolutions:
        return None
    hooks = [
        module.register_forward_hook(lambda _module, _given, output, name=name: note(name, output))
        for name, module in convolutions
    ]
    there = next(network.parameters())
    try:
        with torch.inference_mode():
            network(torch.zeros(1, in_channels, side, side, device=there.device, dtype=there.dtype))
    finally:
        for hook in hooks:
            hook.remove()
    wide = {name: size for name, size in sizes.items() if size > 1}
    if not wide:
        return None
    least = min(wide.values())
    return [name for name, size in wide.items() if size == least][-1]


@dataclass
class Tap:
    """Sums over all pixels that a layer put out, by channel."""

    pixels: int = 0
    sums: list[Tensor] = field(default_factory=list)

    def add(self, output: Tensor) -> None:
        """Take in an output (N, K, Y, X)."""
        values = output.detach().double() if output.device.type != "mps" else output.detach().float().cpu().double()
        self.pixels += output.shape[0] * output.shape[-2] * output.shape[-1]
        self.sums.append(torch.stack([values.sum((0, 2, 3)), (values**2).sum((0, 2, 3))]).cpu())

    def features(self) -> Features:
        """Mean and standard deviation of each channel (2 K,) over all that went through, be it in tiles."""
        if not self.pixels:
            raise ValueError("nothing went through the layer")
        sums, squares = torch.stack(self.sums).sum(0).numpy() / self.pixels
        return np.concatenate([sums, np.sqrt(np.maximum(0.0, squares - sums**2))])


@contextmanager
def tapped(network: nn.Module, layer: str) -> Iterator[Tap]:
    """Listen to what `layer` puts out while the network runs."""
    tap = Tap()
    hook = network.get_submodule(layer).register_forward_hook(lambda _module, _given, output: tap.add(output))
    try:
        yield tap
    finally:
        hook.remove()


def plain_features(image: NDArray[np.float32], density: NDArray[np.float32] | None, count: float) -> Features:
    """What a picture (C, Y, X) is like, where the method has no network to ask.

    Returns
    -------
    numpy.ndarray
        Of each channel the mean, the standard deviation, five percentiles, and the mean step between neighbours; then
        the count per 10,000 pixels, and the standard deviation of the map over its mean (0 without a map).
    """
    values: list[float] = []
    for channel in image:
        steps = [np.abs(np.diff(channel, axis=axis)).mean() if channel.shape[axis] > 1 else 0.0 for axis in (0, 1)]
        values += [channel.mean(), channel.std(), *np.percentile(channel, (5, 25, 50, 75, 95)), sum(steps) / 2]
    uneven = 0.0 if density is None or density.mean() <= 0 else float(density.std() / density.mean())
    return np.array([*values, 10_000 * count / image[0].size, uneven], np.float64)
