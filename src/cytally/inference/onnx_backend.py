"""Running a network by ONNX Runtime on the processor, in float32 or in whole numbers of 8 bits."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cytally.errors import ModelError
from cytally.inference.agreement import ASKED_FOR, Trial, single
from cytally.inference.onnx_network import INPUT, onnxruntime, reported, write_onnx
from cytally.inference.sizes import Sizes, sizes_of
from cytally.inference.torch_backend import TorchBackend

CPU = torch.device("cpu")

Maps = NDArray[np.float32]


class OnnxBackend:
    """A trained network as a function from a normalised picture to its output, run by ONNX Runtime.

    A network that takes pictures of all sizes alike (`sizes_of`) is exported once; others for each shape of picture.

    Parameters
    ----------
    network
        The network; copied, so that training may go on with the original.
    sample
        A picture (C, Y, X) as the network will see, or a trial on several: torch and ONNX Runtime have to agree.
    threads
        How many cores to use; None: all.

    Raises
    ------
    UsageError
        When ONNX Runtime, or the package onnx, is not installed.
    ModelError
        When ONNX Runtime cannot run the network, or its output differs from torch's; the message says by how much.
    """

    name = "onnx"
    device = CPU
    dtype = torch.float32

    def __init__(self, network: nn.Module, sample: Maps | Trial, *, threads: int | None = None) -> None:
        trial = sample if isinstance(sample, Trial) else single(sample)
        self.network: nn.Module | None = copy.deepcopy(network).to(CPU).eval().requires_grad_(False)
        self._begin(trial.pictures[0].shape[0], sizes_of(self.network), threads)
        reference = TorchBackend(self.network, CPU, "float32")
        expected = [reference(picture) for picture in trial.pictures]
        self.agreement = trial.compare(expected, [self(picture) for picture in trial.pictures])
        if not self.agreement.holds:
            raise ModelError(
                f"ONNX Runtime does not give what torch gives: {self.agreement}, where {ASKED_FOR}",
                cure="use --backend torch",
            )

    @classmethod
    def read(cls, path: Path, channels: int, sizes: Sizes | None, *, threads: int | None = None) -> OnnxBackend:
        """The back end for an ONNX file: for pictures of these sizes, or of the one that it was made for.

        Raises
        ------
        UsageError
            When ONNX Runtime is not installed.
        ModelError
            When it cannot read the file.
        """
        made = cls.__new__(cls)
        made.network = None
        made._begin(channels, sizes, threads)
        made._sessions[None] = made._session(path)
        return made

    def _begin(self, channels: int, sizes: Sizes | None, threads: int | None) -> None:
        self._runtime, self._threads, self.channels, self.sizes = onnxruntime(), threads, channels, sizes
        self._sessions: dict[tuple[int, int] | None, Any] = {}

    def __call__(self, image: Maps) -> Maps:
        """Run one picture (C, Y, X) through the network: (K, Y, X), float32."""
        output: Maps = self.many(image[None])[0]
        return output

    def many(self, images: Maps) -> Maps:
        """Run a batch (N, C, Y, X) through the network: float32, N first."""
        if self.sizes is None:
            return self._run(np.ascontiguousarray(images, np.float32))
        return np.stack([self.sizes.run(lambda each: self._run(each[None])[0], image) for image in images])

    def prepare(self, shape: tuple[int, int]) -> None:
        """Make ready for pictures of one shape (Y, X), which they are at once; nothing is kept for other shapes."""
        self._session_for(shape)

    def _run(self, pictures: Maps) -> Maps:
        with reported():
            output: Maps = self._session_for((pictures.shape[-2], pictures.shape[-1])).run(None, {INPUT: pictures})[0]
        return output

    def _session_for(self, shape: tuple[int, int]) -> Any:
        if None in self._sessions:
            return self._sessions[None]
        key = None if self.sizes is not None else shape
        if key not in self._sessions:
            assert self.network is not None  # a file of one size was read as such
            traced = shape if self.sizes is None else (self.sizes.traced, self.sizes.traced)
            with tempfile.TemporaryDirectory(prefix="cytally-") as folder:
                path = Path(folder) / "network.onnx"
                write_onnx(self.network, self.channels, traced, path, any_size=self.sizes is not None)
                self._sessions.clear()  # each takes as much memory as its largest picture
                self._sessions[key] = self._session(path)
        return self._sessions[key]

    def _session(self, path: Path) -> Any:
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = self._threads or torch.get_num_threads()
        with reported():
            return self._runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
