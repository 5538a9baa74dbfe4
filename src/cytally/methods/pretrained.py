"""Weights to begin with: read from a file as data, and made to fit a network."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from cytally.errors import ModelError

PICKLES = (b"\x80", b"PK")
"""How a pickle, or torch's zipped pickle, begins. A safetensors file begins with the length of its header."""


def read_weights(path: Path, cure: str) -> dict[str, Tensor]:
    """Read a table of tensors, as safetensors or as torch saves it. Nothing in the file is executed.

    Parameters
    ----------
    path
        The file, whatever it is called.
    cure
        What to do when it cannot be used.

    Raises
    ------
    ModelError
        When the file is missing, broken, holds something else than tensors, or anything that would have to be run.
    """
    if not path.is_file():
        raise ModelError("there are no such weights", file=path, cure=cure)
    try:
        with path.open("rb") as file:
            begin = file.read(9)
        pickled = begin.startswith(PICKLES) and begin[8:9] != b"{"
        found: Any = torch.load(path, map_location="cpu", weights_only=True) if pickled else load_file(path)
    except pickle.UnpicklingError as error:
        raise ModelError(
            "holds more than tensors, which could run code when opened, and is refused", file=path, cure=cure
        ) from error
    except (SafetensorError, OSError, EOFError, RuntimeError, ValueError, LookupError) as error:
        raise ModelError("is cut short, or no file of weights", file=path, cure=cure) from error
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise ModelError("holds no plain table of tensors", file=path, cure=cure)
    return dict(found)


def fit_weights(
    weights: Mapping[str, Tensor], network: nn.Module, source: str | Path, cure: str, *, own: Collection[str] = ()
) -> dict[str, Tensor]:
    """The state of `network` with everything from `weights`, whatever else these hold.

    Parameters
    ----------
    weights
        Tensors under the names that `network` has for them.
    network
        The network that is to begin with them.
    source, cure
        Where they come from, and what to do when they do not fit.
    own
        Names of those that the network keeps its own of where `weights` have none of their shape, as a last layer.

    Raises
    ------
    ModelError
        When something is missing or of another shape; names it.
    """
    state = dict(network.state_dict())
    for name, wanted in state.items():
        value = weights.get(name)
        if value is not None and value.shape == wanted.shape:
            state[name] = value.to(wanted.dtype)
        elif name not in own and not name.endswith("num_batches_tracked"):
            what = "lacks" if value is None else f"has another shape of {tuple(value.shape)} for"
            raise ModelError(f"{what} '{name}' {tuple(wanted.shape)}", file=source, cure=cure)
    return state
