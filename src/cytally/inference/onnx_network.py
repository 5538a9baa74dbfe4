"""A torch network as an ONNX file."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from cytally.errors import ModelError, UsageError

INPUT, OUTPUT = "image", "output"
"""Names of what goes in and what comes out, as in files of OpenVINO."""
OPSET = 17
"""Version of ONNX's set of operations: read by ONNX Runtime since 1.12 (2022)."""


def onnxruntime() -> Any:
    """The library that runs ONNX files.

    Raises
    ------
    UsageError
        When it is not installed.
    """
    return _library("onnxruntime")


def is_installed() -> bool:
    """Whether what writes ONNX files is there, and what runs them."""
    return find_spec("onnx") is not None and find_spec("onnxruntime") is not None


def write_onnx(network: nn.Module, channels: int, shape: tuple[int, int], path: Path, *, any_size: bool) -> None:
    """Write a network as an ONNX file: ``image`` (N, C, Y, X) to ``output``.

    Parameters
    ----------
    network
        On the processor, as it evaluates.
    channels, shape
        C and (Y, X) of the picture that it is traced with.
    path
        Where to.
    any_size
        Whether it takes pictures of other sizes too: multiples of the network's stride, as `shape` has to be.

    Raises
    ------
    UsageError
        When the package onnx is not installed.
    ModelError
        When the network has what ONNX has not.
    """
    _library("onnx")
    axes = {0: "batch", 2: "y", 3: "x"} if any_size else {0: "batch"}
    with torch.inference_mode(), reported(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a trace that holds for such shapes alone, which is what is wanted
        torch.onnx.export(
            network,
            (torch.zeros((1, channels, *shape)),),
            str(path),
            dynamo=False,  # in a tenth of the time, and without a lambda of torch's own in the file
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: axes, OUTPUT: axes},
            opset_version=OPSET,
        )


def adjust_outputs(path: Path, offsets: Sequence[float], gain: float, dimensions: int) -> None:
    """Add a number to each channel (K) of an ONNX file's output (N, K, ...), and multiply by `gain`, in place."""
    onnx = _library("onnx")
    model = onnx.load(str(path))
    shape = [1, len(offsets), *[1] * (dimensions - 2)]
    numbers = {"offsets": np.array(offsets, np.float32).reshape(shape), "gain": np.array(gain, np.float32)}
    for node in model.graph.node:
        for place, name in enumerate(node.output):
            if name == OUTPUT:
                node.output[place] = "raw"
    model.graph.initializer.extend(onnx.numpy_helper.from_array(value, name) for name, value in numbers.items())
    model.graph.node.append(onnx.helper.make_node("Add", ["raw", "offsets"], ["shifted"]))
    model.graph.node.append(onnx.helper.make_node("Mul", ["shifted", "gain"], [OUTPUT]))
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


@contextmanager
def reported() -> Iterator[None]:
    """Turn what ONNX or its runtime complain of into a `ModelError`."""
    try:
        yield
    except Exception as error:
        told = isinstance(error, RuntimeError | ValueError | TypeError) or type(error).__module__.startswith(
            ("torch.onnx", "onnx")
        )
        if not told:
            raise
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(f"ONNX cannot hold the network ({reason})", cure="use --backend torch") from error


def _library(name: str) -> Any:
    try:
        library = import_module(name)
    except ImportError as error:
        raise UsageError(
            f"the back end 'onnx' is not installed ({name} is missing)",
            cure="run: pip install 'cytally[onnx]', or use --backend torch",
        ) from error
    if name == "onnxruntime":
        library.set_default_logger_severity(3)  # of what is no error, the user need not know
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    return library
