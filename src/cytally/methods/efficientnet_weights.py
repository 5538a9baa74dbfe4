"""Published weights of an EfficientNet, from a file or a download, made to fit a network that counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from cytally.errors import ModelError
from cytally.methods.pretrained import fit_weights, read_weights

STEM, LAST = "_conv_stem.weight", ("_fc.weight", "_fc.bias")
STACK = re.compile(r"^(_blocks)\.\d+(\.\d+\.)")
"""Blocks are numbered through in the published weights; MONAI puts the number of their stack before."""
CURE = "give weights of this EfficientNet as safetensors or .pth, options.weights=imagenet to download them, or null"


def find_weights(given: str, name: str) -> dict[str, Tensor]:
    """Those of the EfficientNet of that `name` for `options.weights`: `imagenet`, or the path of a file.

    Raises
    ------
    ModelError
        When they cannot be had.
    """
    return download_weights(name) if given == "imagenet" else read_weights(Path(given), CURE)


def download_weights(name: str) -> dict[str, Tensor]:
    """The ImageNet weights that MONAI names for an EfficientNet, downloaded once and then kept by torch.

    Raises
    ------
    ModelError
        When they cannot be had.
    """
    from monai.networks.nets.efficientnet import EfficientNetBN  # takes seconds to import

    try:
        network = EfficientNetBN(name, pretrained=True, progress=False)
    except (OSError, RuntimeError) as error:  # no network, or a download that is cut short
        raise ModelError(
            f"the ImageNet weights of {name} cannot be downloaded ({error})",
            cure="go online once, give a file with options.weights=FILE, or train without: options.weights=null",
        ) from error
    return dict(network.state_dict())


def fit_efficientnet(weights: Mapping[str, Tensor], network: nn.Module, source: str) -> dict[str, Tensor]:
    """The state of `network` with everything from `weights` but a last layer of another size.

    A stem made for another number of channels is spread evenly: each channel gets the sum of the stem's weights over
    its channels, divided by the number of the new ones. An image in grey then gives what the same image in three equal
    colours gave.

    Raises
    ------
    ModelError
        When something is missing or of another shape; names it.
    """
    given = {_numbered_through(name): value for name, value in weights.items()}
    state = network.state_dict()
    ours = {name: given[_numbered_through(name)] for name in state if _numbered_through(name) in given}
    if STEM in ours and ours[STEM].ndim == state[STEM].ndim:
        ours[STEM] = spread_over_channels(ours[STEM], state[STEM].shape[1])
    return fit_weights(ours, network, source, CURE, own=LAST)


def spread_over_channels(stem: Tensor, channels: int) -> Tensor:
    """The weights (out, C, k, k) of a first convolution for another number of channels.

    Examples
    --------
    >>> import torch
    >>> spread_over_channels(torch.tensor([1.0, 2.0, 6.0]).reshape(1, 3, 1, 1), 1).item()
    9.0
    """
    if stem.shape[1] == channels:
        return stem
    return (stem.sum(dim=1, keepdim=True) / channels).repeat(1, channels, 1, 1)


def _numbered_through(name: str) -> str:
    return STACK.sub(r"\1\2", name)
