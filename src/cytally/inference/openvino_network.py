"""A torch network as OpenVINO's: converted, its heads kept exact, its ground level put right."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cytally.errors import ModelError, UsageError

INPUT, OUTPUT = "image", "output"
DECODER = "openvino.frontend.pytorch.ts_decoder"
HEADS = ("Convolution", "MatMul")
BEHIND_HEADS = frozenset(
    {"Add", "Subtract", "Multiply", "Divide", "Reshape", "Slice", "StridedSlice", "Squeeze", "Unsqueeze", "Convert"}
    | {"Sigmoid", "Concat", "Interpolate", "Transpose", "Clamp", "Relu"}
)
"""What may lie between a network's last layer with weights and its output."""
PARTS = 3
"""Of 8 bits each: the 24 of a float32."""


def openvino() -> Any:
    """The library.

    Raises
    ------
    UsageError
        When it is not installed.
    """
    try:
        import_module(DECODER)
        return import_module("openvino")
    except ImportError as error:
        raise UsageError(
            "the back end 'openvino' is not installed",
            cure="run: pip install 'cytally[openvino]', or use --backend torch",
        ) from error


def is_installed() -> bool:
    """Whether OpenVINO is there."""
    try:
        openvino()
    except UsageError:
        return False
    return True


def converted(network: nn.Module, channels: int, shape: tuple[int, int], *, any_size: bool) -> Any:
    """OpenVINO's model of a network.

    By its front end for torch and not by `openvino.convert_model`, which reports usage over the internet unasked, and
    takes ten times as long.

    Parameters
    ----------
    network
        On the processor, as it evaluates.
    channels, shape
        C and (Y, X) of the picture that it is traced with.
    any_size
        Whether the model takes pictures of other sizes too: multiples of the network's stride, as `shape` has to be.

    Raises
    ------
    ModelError
        When OpenVINO cannot run the network.
    """
    library, example = openvino(), torch.zeros((1, channels, *shape))
    with torch.inference_mode(), warnings.catch_warnings(), reported():
        warnings.simplefilter("ignore")  # of a trace that holds for such shapes alone, which is what is wanted
        traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
        decoder = import_module(DECODER).TorchScriptPythonDecoder(traced, example_input=example)
        frontend = library.frontend.FrontEndManager().load_by_framework("pytorch")
        loaded = frontend.load(decoder)
        (place,) = loaded.get_inputs()
        sides = [-1, -1] if any_size else list(shape)
        loaded.set_partial_shape(place, library.PartialShape([1, channels, *sides]))
        loaded.set_element_type(place, library.Type.f32)
        return frontend.convert(loaded)


@contextmanager
def reported() -> Iterator[None]:
    """Turn what OpenVINO complains of into a `ModelError`."""
    frontend = openvino().frontend
    failures = (
        frontend.GeneralFailure,
        frontend.NotImplementedFailure,
        frontend.OpConversionFailure,
        frontend.OpValidationFailure,
    )
    try:
        yield
    except (RuntimeError, *failures) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ModelError(f"OpenVINO cannot run the network ({reason})", cure="use --backend torch") from error


def heads(model: Any) -> list[Any]:
    """The last operations with weights of their own before each of a model's outputs."""
    found: dict[str, Any] = {}
    waiting = [result.input_value(0).get_node() for result in model.get_results()]
    seen: set[str] = set()
    while waiting:
        node = waiting.pop()
        if node.get_name() in seen:
            continue
        seen.add(node.get_name())
        if node.get_type_name() in HEADS:
            found[node.get_name()] = node
        elif node.get_type_name() in BEHIND_HEADS:
            waiting += [value.get_node() for value in node.input_values()]
    return list(found.values())


def keep_heads_exact(model: Any) -> None:
    """Let the last layers run as if in 32 bits whatever the number type, each as a sum of layers of 8-bit weights.

    What flows into a last layer may be rounded, which evens out over the pixels; its weights may not: rounded to
    bfloat16 they shift all pixels of the ground alike. A weight of 24 bits is the sum of three of 8, which bfloat16
    holds exactly, and the processor adds up products in 32 bits.
    """
    library = openvino()
    ops = library.opset13
    for node in heads(model):
        weights = _constant(node.input_value(1).get_node())
        if weights is None:
            continue
        layers = [_like(node, ops.constant(part, library.Type.f32)) for part in eight_bit_parts(weights)]
        total = layers[0]
        for layer in layers[1:]:
            total = ops.add(total, layer)
        node.output(0).replace(total.output(0))
    model.validate_nodes_and_infer_types()


def eight_bit_parts(weights: NDArray[Any]) -> list[NDArray[np.float32]]:
    """Numbers that bfloat16 holds exactly, whose sum is `weights` as float32.

    Examples
    --------
    >>> parts = [float(part[0]) for part in eight_bit_parts(np.array([1.001]))]
    >>> parts[0], round(sum(parts), 7)
    (1.0, 1.001)
    """
    remainder, parts = np.asarray(weights, np.float32), []
    for _ in range(PARTS):
        parts.append(torch.from_numpy(remainder).bfloat16().float().numpy())
        remainder = remainder - parts[-1]
    return parts


def name_ends(model: Any) -> None:
    """Call what goes in ``image`` and what comes out ``output``."""
    model.inputs[0].get_tensor().set_names({INPUT})
    model.outputs[0].get_tensor().set_names({OUTPUT})


def adjust_outputs(model: Any, offsets: Sequence[float], gain: float = 1.0) -> None:
    """Add a number to each channel (K) of a model's output (1, K, Y, X), and multiply by `gain`, in place."""
    library = openvino()
    ops = library.opset13
    (result,) = model.get_results()
    value = result.input_value(0)
    shape = [1, len(offsets), *[1] * (len(value.get_partial_shape()) - 2)]
    added = ops.add(value, ops.constant(np.array(offsets, np.float32).reshape(shape), library.Type.f32))
    if gain != 1:
        added = ops.multiply(added, ops.constant(np.float32(gain), library.Type.f32))
    result.input(0).replace_source_output(added.output(0))
    model.validate_nodes_and_infer_types()


def _like(node: Any, weights: Any) -> Any:
    """The same operation on the same input with other weights."""
    ops, settings, given = openvino().opset13, node.get_attributes(), node.input_value(0)
    if node.get_type_name() == "MatMul":
        return ops.matmul(given, weights, settings["transpose_a"], settings["transpose_b"])
    names = ("strides", "pads_begin", "pads_end", "dilations")
    return ops.convolution(given, weights, *(settings[name] for name in names), auto_pad=settings["auto_pad"])


def _constant(node: Any) -> NDArray[Any] | None:
    """What a chain of constants, converted and reshaped, holds."""
    if node.get_type_name() == "Constant":
        data: NDArray[Any] = np.array(node.data)
        return data
    if node.get_type_name() in ("Convert", "Reshape", "Transpose"):
        library = openvino()
        whole = library.Model([node.output(0)], [])
        answer: NDArray[Any] = library.Core().compile_model(whole, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([])[0]
        return answer
    return None
