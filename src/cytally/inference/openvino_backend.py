"""Running a network by OpenVINO on the processor, several times faster than torch, checked against torch."""

from __future__ import annotations

import copy
import logging
import time
import warnings
from collections import OrderedDict
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cytally.errors import ModelError, UsageError
from cytally.inference.torch_backend import Precision, TorchBackend, fast_precision

logger = logging.getLogger(__name__)

LEAST_DICE = 0.995
"""Of the maps above 0.5, torch's and OpenVINO's."""
LARGEST_DIFFERENCE = 0.005
"""Of the outputs' sums, as a share: counts stay as they are."""
KEPT_SHAPES = 9
"""How many input shapes are kept compiled: tiles at the corners, at the edges and inside of an image are nine."""

CPU = torch.device("cpu")
DECODER = "openvino.frontend.pytorch.ts_decoder"
HINTS = {torch.float32: "f32", torch.bfloat16: "bf16"}

Maps = NDArray[np.float32]


class OpenVinoBackend:
    """A trained network as a function from a normalised picture to its output, run by OpenVINO.

    The network is converted and compiled once for every shape of picture it meets, which takes some seconds each:
    networks decide by the shape how to pad, and compiled for one shape they run faster.

    Parameters
    ----------
    network
        The network; copied, so that training may go on with the original.
    sample
        A picture (C, Y, X) as the network will see: torch and OpenVINO have to agree on it.
    precision
        Number type of the convolutions. ``auto`` is `fast_precision`, and float32 where that is not exact enough on
        the sample.
    threads
        How many cores to use; None: all.

    Attributes
    ----------
    dtype
        Number type of the convolutions.
    agreement
        How well the outputs for the sample agree.

    Raises
    ------
    UsageError
        When OpenVINO is not installed.
    ModelError
        When OpenVINO cannot run the network, or its output differs from torch's; the message says by how much.
    """

    name = "openvino"
    device = CPU

    def __init__(
        self, network: nn.Module, sample: Maps, precision: Precision = "auto", *, threads: int | None = None
    ) -> None:
        self._openvino = _installed()
        self._core = self._openvino.Core()
        self._threads = threads
        self._compiled: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self.network = copy.deepcopy(network).to(CPU).eval().requires_grad_(False)
        expected = TorchBackend(self.network, CPU, "float32")(sample)
        for self.dtype in _number_types(precision):
            self._compiled.clear()
            self.agreement = agreement(expected, self(sample))
            if self.agreement.holds:
                return
            logger.info("OpenVINO in %s differs from torch: %s", str(self.dtype).removeprefix("torch."), self.agreement)
        raise ModelError(
            f"OpenVINO does not give what torch gives: {self.agreement}, where a Dice of {LEAST_DICE} and "
            f"{LARGEST_DIFFERENCE:.1%} are asked for",
            cure="use --backend torch",
        )

    def __call__(self, image: Maps) -> Maps:
        """Run one picture (C, Y, X) through the network: (K, Y, X), float32."""
        output: Maps = self.many(image[None])[0]
        return output

    def many(self, images: Maps) -> Maps:
        """Run a batch (N, C, Y, X) through the network, picture by picture: float32, N first."""
        run = self._compiled_for(images.shape[1:])
        return np.concatenate([run(np.ascontiguousarray(image[None], np.float32))[0] for image in images])

    def _compiled_for(self, shape: tuple[int, ...]) -> Any:
        """The network for pictures of one shape (C, Y, X); the one used least recently makes room."""
        if shape not in self._compiled:
            started = time.perf_counter()
            if len(self._compiled) >= KEPT_SHAPES:
                self._compiled.popitem(last=False)
            self._compiled[shape] = self._compile((1, *shape))
            logger.info("compiled for pictures of %s in %.1f s", shape, time.perf_counter() - started)
        self._compiled.move_to_end(shape)
        return self._compiled[shape]

    def _compile(self, shape: tuple[int, ...]) -> Any:
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": HINTS[self.dtype], "PERFORMANCE_HINT": "LATENCY"}
        if self._threads is not None:
            settings["INFERENCE_NUM_THREADS"] = self._threads
        frontend = self._openvino.frontend
        try:
            return self._core.compile_model(_converted(self._openvino, self.network, shape), "CPU", settings)
        except (
            RuntimeError,
            frontend.GeneralFailure,
            frontend.NotImplementedFailure,
            frontend.OpConversionFailure,
            frontend.OpValidationFailure,
        ) as error:
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise ModelError(f"OpenVINO cannot run the network ({reason})", cure="use --backend torch") from error


@dataclass(frozen=True)
class Agreement:
    """How well two outputs agree: `dice` of what lies above 0.5, and the `difference` of their sums as a share."""

    dice: float
    difference: float

    @property
    def holds(self) -> bool:
        """Whether one may stand for the other."""
        return self.dice >= LEAST_DICE and self.difference <= LARGEST_DIFFERENCE

    def __str__(self) -> str:
        return f"Dice {self.dice:.4f}, sums {self.difference:.2%} apart"


def agreement(expected: Maps, found: Maps) -> Agreement:
    """Compare two outputs of one shape.

    Dice is 2 |A ∩ B| / (|A| + |B|), 1 where nothing is above 0.5 in either. The sums' difference is a share of the sum
    of the absolute values expected.

    Examples
    --------
    >>> agreement(np.array([0.9, 0.6, 0.5], np.float32), np.array([0.9, 0.4, 0.6], np.float32))
    Agreement(dice=0.5, difference=0.05)
    >>> agreement(np.zeros(3, np.float32), np.zeros(3, np.float32)).holds
    True
    """
    above, also = expected > 0.5, found > 0.5
    both = int(above.sum()) + int(also.sum())
    dice = 2 * int((above & also).sum()) / both if both else 1.0
    apart = abs(float(found.sum(dtype=np.float64) - expected.sum(dtype=np.float64)))
    whole = float(np.abs(expected).sum(dtype=np.float64))
    return Agreement(round(dice, 6), round(apart / whole, 6) if whole else apart)


def is_installed() -> bool:
    """Whether OpenVINO is there."""
    try:
        _installed()
    except UsageError:
        return False
    return True


def _installed() -> Any:
    try:
        import_module(DECODER)
        return import_module("openvino")
    except ImportError as error:
        raise UsageError(
            "the back end 'openvino' is not installed",
            cure="run: pip install 'cytally[openvino]', or use --backend torch",
        ) from error


def _number_types(precision: Precision) -> list[torch.dtype]:
    """What to try, in order."""
    if precision != "auto":
        return [getattr(torch, precision)]
    return list(dict.fromkeys([fast_precision(CPU), torch.float32]))


def _converted(openvino: Any, network: nn.Module, shape: tuple[int, ...]) -> Any:
    """OpenVINO's model of a network for one input shape (N, C, Y, X).

    By its front end for torch and not by `openvino.convert_model`, which reports usage over the internet unasked, and
    takes ten times as long.
    """
    example = torch.zeros(shape)
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a trace that holds for one shape alone, which is what is wanted
        traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
        decoder = import_module(DECODER).TorchScriptPythonDecoder(traced, example_input=example)
        frontend = openvino.frontend.FrontEndManager().load_by_framework("pytorch")
        loaded = frontend.load(decoder)
        (place,) = loaded.get_inputs()
        loaded.set_partial_shape(place, openvino.PartialShape(list(shape)))
        loaded.set_element_type(place, openvino.Type.f32)
        return frontend.convert(loaded)
