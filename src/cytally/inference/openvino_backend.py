"""Running a network by OpenVINO on the processor, several times faster than torch, checked against torch."""

from __future__ import annotations

import copy
import logging
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cytally.errors import ModelError
from cytally.inference.agreement import ASKED_FOR, Trial, single
from cytally.inference.agreement import Agreement as Agreement
from cytally.inference.agreement import agreement as agreement
from cytally.inference.correction import ground_difference
from cytally.inference.folding import folded_for
from cytally.inference.openvino_network import (
    adjust_outputs,
    converted,
    keep_heads_exact,
    name_ends,
    openvino,
    reported,
)
from cytally.inference.openvino_network import is_installed as is_installed
from cytally.inference.rounding import round_kernels
from cytally.inference.sizes import Sizes, sizes_of
from cytally.inference.torch_backend import Precision, TorchBackend, fast_precision

logger = logging.getLogger(__name__)

KEPT_PIXELS = 4 * 2**20
"""Of a network that is compiled for every shape as many are kept as have so many pixels together, but at least one."""

CPU = torch.device("cpu")
HINTS = {torch.float32: "f32", torch.bfloat16: "bf16"}

Maps = NDArray[np.float32]
Shape = tuple[int, int]


class OpenVinoBackend:
    """A trained network as a function from a normalised picture to its output, run by OpenVINO.

    A network that takes pictures of all sizes alike (`sizes_of`) is compiled once for all of them, and takes the memory
    of the largest it has met. Others are compiled for every shape of picture, which takes some seconds each.

    Parameters
    ----------
    network
        The network; copied, so that training may go on with the original.
    sample
        A picture (C, Y, X) as the network will see, or a trial on several: torch and OpenVINO have to agree.
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

    Notes
    -----
    In bfloat16 three things would shift the ground, and so counts by up to 18 % of an image with few cells: rounded
    weights (`round_kernels`), the rounded weights of the last layer (`keep_heads_exact`), and rounded biases. What is
    left of the latter is the median difference from torch over the pixels of the sample, which is taken off.
    """

    name = "openvino"
    device = CPU

    def __init__(
        self,
        network: nn.Module,
        sample: Maps | Trial,
        precision: Precision = "auto",
        *,
        threads: int | None = None,
    ) -> None:
        trial = sample if isinstance(sample, Trial) else single(sample)
        plain = copy.deepcopy(network).to(CPU).eval().requires_grad_(False)
        self._begin(trial.pictures[0].shape[0], sizes_of(plain), threads)
        self._sampled = (trial.pictures[0].shape[-2], trial.pictures[0].shape[-1])
        reference = TorchBackend(plain, CPU, "float32")
        expected = [reference(picture) for picture in trial.pictures]
        for self.dtype in _number_types(precision):
            self.agreement = self._try(_prepared(plain, trial.pictures[0], self.dtype), trial, expected)
            if self.agreement.holds:
                return
            logger.info("OpenVINO in %s differs from torch: %s", str(self.dtype).removeprefix("torch."), self.agreement)
        raise ModelError(
            f"OpenVINO does not give what torch gives: {self.agreement}, where {ASKED_FOR}", cure="use --backend torch"
        )

    @classmethod
    def read(
        cls, path: Path, channels: int, sizes: Sizes | None, dtype: torch.dtype, *, threads: int | None = None
    ) -> OpenVinoBackend:
        """The back end for a network that was written by `save`, or made of it.

        Parameters
        ----------
        path
            The file that ends in .xml.
        channels, sizes, dtype
            Of the network's pictures; and the number type of the convolutions that are not in 8 bits.

        Raises
        ------
        UsageError
            When OpenVINO is not installed.
        ModelError
            When it cannot read the file.
        """
        made = cls.__new__(cls)
        made._begin(channels, sizes, threads)
        made.dtype = dtype
        with reported():
            made.model = made._core.read_model(str(path))
        return made

    def _begin(self, channels: int, sizes: Sizes | None, threads: int | None) -> None:
        self._core, self._threads, self.channels, self.sizes = openvino().Core(), threads, channels, sizes
        self._network: nn.Module | None = None
        self._model: Any = None
        self._forget()

    def _try(self, network: nn.Module, trial: Trial, expected: list[Maps]) -> Agreement:
        """Run a network from now on; its ground is put right by what is `expected`, where counts are read from it."""
        self._network, self._model = network, None
        if self.sizes is not None:
            self._model = self._converted((self.sizes.traced, self.sizes.traced))
        self._forget()
        found = [self(picture) for picture in trial.pictures]
        if self._model is not None and self.dtype is not torch.float32 and trial.count is not None:
            offsets = ground_difference(expected, found)
            adjust_outputs(self._model, offsets)
            self._forget()
            found = [output + np.reshape(offsets, (-1, 1, 1)).astype(np.float32) for output in found]
        return trial.compare(expected, found)

    def _forget(self) -> None:
        self._compiled: OrderedDict[Shape | None, Any] = OrderedDict()

    def __call__(self, image: Maps) -> Maps:
        """Run one picture (C, Y, X) through the network: (K, Y, X), float32."""
        if self.sizes is not None:
            return self.sizes.run(self._run, image)
        return self._run(np.ascontiguousarray(image, np.float32))

    def many(self, images: Maps) -> Maps:
        """Run a batch (N, C, Y, X) through the network, picture by picture: float32, N first."""
        return np.stack([self(image) for image in images])

    def prepare(self, shape: Shape) -> None:
        """Compile for pictures of one shape (Y, X) alone and forget all others, which takes the least memory.

        Pictures of another shape may follow; they are compiled for when they come.
        """
        rows, columns = shape if self.sizes is None else (self.sizes.fitting(side) for side in shape)
        self._forget()
        self._compile((rows, columns))

    def save(self, path: Path) -> None:
        """Write the network as OpenVINO keeps networks: `path` (.xml) and a file with the weights (.bin) beside it."""
        model = self.model
        name_ends(model)
        openvino().save_model(model, str(path), compress_to_fp16=False)

    @property
    def model(self) -> Any:
        """OpenVINO's model, for all sizes, or for that of the sample alone; another may be put in its place."""
        return self._model if self._model is not None else self._converted(self._sampled)

    @model.setter
    def model(self, model: Any) -> None:
        self._model = model
        self._forget()

    def _run(self, picture: Maps) -> Maps:
        output: Maps = self._compiled_for((picture.shape[-2], picture.shape[-1]))(picture[None])[0][0]
        return output.copy()  # what OpenVINO gives is its own memory

    def _compiled_for(self, shape: Shape) -> Any:
        """The network for pictures of one shape; of those for one shape alone the least recently used make room."""
        any_size = self._model is not None and shape not in self._compiled
        key = None if any_size else shape
        if key not in self._compiled:
            self._compile(key)
        self._compiled.move_to_end(key)
        return self._compiled[key]

    def _compile(self, shape: Shape | None) -> None:
        """Compile for one shape, or for all of them."""
        started = time.perf_counter()
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": HINTS[self.dtype], "PERFORMANCE_HINT": "LATENCY"}
        if self._threads is not None:
            settings["INFERENCE_NUM_THREADS"] = self._threads
        if self._model is None:
            assert shape is not None  # it does not take all
            model = self._converted(shape)
        else:
            model = self._model
            if shape is not None:
                model = model.clone()
                model.reshape([1, self.channels, *shape])
        with reported():
            made = self._core.compile_model(model, "CPU", settings)
        self._make_room(0 if shape is None else shape[0] * shape[1])
        self._compiled[shape] = made
        told = "any size" if shape is None else f"{shape[0]} × {shape[1]} pixels"
        logger.info("compiled for pictures of %s in %.1f s", told, time.perf_counter() - started)

    def _make_room(self, pixels: int) -> None:
        while self._compiled and pixels + sum(key[0] * key[1] for key in self._compiled if key) > KEPT_PIXELS:
            self._compiled.popitem(last=False)

    def _converted(self, shape: Shape) -> Any:
        assert self._network is not None  # there is one wherever there is no model
        model = converted(self._network, self.channels, shape, any_size=self.sizes is not None)
        if self.dtype is not torch.float32:
            keep_heads_exact(model)
        return model


def _number_types(precision: Precision) -> list[torch.dtype]:
    """What to try, in order."""
    if precision != "auto":
        return [getattr(torch, precision)]
    return list(dict.fromkeys([fast_precision(CPU), torch.float32]))


def _prepared(plain: nn.Module, picture: Maps, dtype: torch.dtype) -> nn.Module:
    """The network, with weights that lose nothing that matters by being rounded."""
    if dtype is torch.float32:
        return plain
    network = copy.deepcopy(folded_for(plain, picture))
    round_kernels(network)
    return network
