"""Weights of an EfficientNet from a file or a download, made to fit a network that counts."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from cytally.errors import ModelError

PICKLES = (b"\x80", b"PK")
"""How a pickle, or torch's zipped pickle, begins. A safetensors file begins with the length of its header."""
STEM, LAST = "_conv_stem.weight", ("_fc.weight", "_fc.bias")
STACK = re.compile(r"^(_blocks)\.\d+(\.\d+\.)")
"""Blocks are numbered through in the published weights; MONAI puts the number of their stack before."""
CURE = "give weights of this EfficientNet as safetensors or .pth, options.weights=imagenet to download them, or null"


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a table of tensors, as safetensors or as torch saves it. Nothing in the file is executed.

    Raises
    ------
    ModelError
        When the file is missing, broken, holds something else than tensors, or anything that would have to be run.
    """
    if not path.is_file():
        raise ModelError("there are no such weights", file=path, cure=CURE)
    with path.open("rb") as file:
        begin = file.read(9)
    pickled = begin.startswith(PICKLES) and begin[8:9] != b"{"
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True) if pickled else load_file(path)
    except pickle.UnpicklingError as error:
        raise ModelError(
            "holds more than tensors, which could run code when opened, and is refused", file=path, cure=CURE
        ) from error
    except (SafetensorError, OSError, EOFError, RuntimeError, ValueError, LookupError) as error:
        raise ModelError("is cut short, or no file of weights", file=path, cure=CURE) from error
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise ModelError("holds no plain table of tensors", file=path, cure=CURE)
    return dict(found)


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


def fit_weights(weights: Mapping[str, Tensor], network: nn.Module, source: str | Path) -> dict[str, Tensor]:
    """The state of `network` with everything from `weights` but a last layer of another size.

    A stem made for another number of channels is spread evenly: each channel gets the sum of the stem's weights over
    its channels, divided by the number of the new ones. An image in grey then gives what the same image in three equal
    colours gave.

    Raises
    ------
    ModelError
        When something is missing or of another shape; names it.
    """
    given = {STACK.sub(r"\1\2", name): value for name, value in weights.items()}
    state = dict(network.state_dict())
    for name, wanted in state.items():
        value = given.get(STACK.sub(r"\1\2", name))
        if name == STEM and value is not None and value.ndim == wanted.ndim:
            value = spread_over_channels(value, wanted.shape[1])
        if value is not None and value.shape == wanted.shape:
            state[name] = value.to(wanted.dtype)
        elif name not in LAST and not name.endswith("num_batches_tracked"):
            what = "lacks" if value is None else f"has another shape of {tuple(value.shape)} for"
            raise ModelError(f"{what} '{name}' {tuple(wanted.shape)}", file=source, cure=CURE)
    return state


def spread_over_channels(stem: Tensor, channels: int) -> Tensor:
    """The weights (out, C, k, k) of a first convolution for another number of channels.

    Examples
    --------
    >>> spread_over_channels(torch.tensor([1.0, 2.0, 6.0]).reshape(1, 3, 1, 1), 1).item()
    9.0
    """
    if stem.shape[1] == channels:
        return stem
    return (stem.sum(dim=1, keepdim=True) / channels).repeat(1, channels, 1, 1)
