"""Networks in whole numbers of 8 bits: post-training quantisation on pictures of the user's.

What a layer takes and its weights are brought to whole numbers by scales that fit what the pictures showed. Three
convolutions stay as they are: the first two, which see the ground, whose few grey levels 8 bits would shift by
more than all cells of a sparse image amount to; and the last, whose output is the count.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import UsageError
from cytally.inference.onnx_network import INPUT
from cytally.inference.onnx_network import reported as reported_by_onnx
from cytally.inference.openvino_network import heads, reported

Maps = NDArray[np.float32]

FIRST = 2
"""Convolutions from the input on that stay as they are."""
KEPT_KINDS = ("Interpolate", "Concat", "Add", "Multiply", "PRelu")
"""Operations that take no longer in more bits."""


def quantise_openvino(model: Any, pictures: Sequence[Maps]) -> Any:
    """OpenVINO's model with its convolutions in 8 bits, by NNCF.

    Parameters
    ----------
    model
        For pictures (1, C, Y, X); not changed.
    pictures
        (C, Y, X), of sizes that the model takes: what it is calibrated on.

    Raises
    ------
    UsageError
        When NNCF is not installed.
    ModelError
        When it fails.
    """
    nncf = _nncf()
    convolutions = [node for node in model.get_ordered_ops() if node.get_type_name() in ("Convolution", "MatMul")]
    kept = {node.get_friendly_name() for node in (*convolutions[:FIRST], *heads(model))}
    advanced = import_module("nncf.quantization.advanced_parameters")
    settings = advanced.AdvancedQuantizationParameters(overflow_fix=advanced.OverflowFix.DISABLE)
    with reported():
        return nncf.quantize(
            model.clone(),
            nncf.Dataset(list(pictures), lambda picture: picture[None]),
            subset_size=len(pictures),
            preset=nncf.QuantizationPreset.MIXED,  # what a leaky ReLU gives lies on both sides of zero, not evenly
            ignored_scope=nncf.IgnoredScope(names=sorted(kept), types=list(KEPT_KINDS), validate=False),
            advanced_parameters=settings,
        )


def quantise_onnx(source: Path, pictures: Sequence[Maps], target: Path) -> None:
    """Write an ONNX file again with its convolutions in 8 bits, by ONNX Runtime's quantiser.

    Raises
    ------
    UsageError
        When ONNX Runtime is not installed.
    ModelError
        When it fails.
    """
    quantization, onnx = _library("onnxruntime.quantization", "onnx"), _library("onnx", "onnx")
    graph = onnx.load(str(source)).graph
    convolutions = [node.name for node in graph.node if node.op_type in ("Conv", "Gemm", "MatMul")]
    kept = [*convolutions[:FIRST], *convolutions[-1:]]
    waiting = iter(pictures)

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc, name-defined]  # has no types
        def get_next(self) -> dict[str, Maps] | None:
            picture = next(waiting, None)
            return None if picture is None else {INPUT: picture[None]}

    with reported_by_onnx():
        quantization.quantize_static(
            str(source),
            str(target),
            Reader(),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Gemm", "MatMul"],
            nodes_to_exclude=kept,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
        )


def _nncf() -> Any:
    """NNCF, told beforehand not to report its use over the internet."""
    quiet, before = "NNCF_CI", os.environ.get("NNCF_CI")
    os.environ[quiet] = "1"
    try:
        library = _library("nncf", "int8")
    finally:
        if before is None:
            del os.environ[quiet]
        else:
            os.environ[quiet] = before
    library.set_log_level(logging.ERROR)
    return library


def _library(name: str, extra: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise UsageError(
            f"what 8 bits need is not installed ({name} is missing)", cure=f"run: pip install 'cytally[{extra}]'"
        ) from error
