"""Running a network with torch in the fastest setting that keeps the counts."""

from __future__ import annotations

import copy
import logging
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cytally.errors import UsageError

logger = logging.getLogger(__name__)

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "bfloat16"]


def find_device(name: Device = "auto") -> torch.device:
    """The device called `name`; ``auto`` takes CUDA, else Apple's MPS, else the CPU.

    Raises
    ------
    UsageError
        When the device asked for is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, present in there.items() if present))
    if not there[name]:
        raise UsageError(f"there is no '{name}' device on this machine", cure="use --device auto or --device cpu")
    return torch.device(name)


def fast_precision(device: torch.device) -> torch.dtype:
    """The number type the network runs fastest in on `device` without changing counts by more than 0.5 %.

    bfloat16 where the processor multiplies it natively (AVX-512 BF16 or AMX, CUDA since Ampere), else float32:
    emulated, bfloat16 is slower.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    if device.type == "cpu" and any(_cpu_has(feature) for feature in ("avx512_bf16", "amx_tile")):
        return torch.bfloat16
    return torch.float32


def _cpu_has(feature: str) -> bool:
    check = getattr(torch.cpu, f"_is_{feature}_supported", None)
    return bool(check()) if check is not None else False


class TorchBackend:
    """A trained network as a function from a normalised picture to its output.

    Parameters
    ----------
    network
        The network; copied, so that training may go on with the original.
    device
        Where to run it.
    precision
        ``auto`` is `fast_precision`. The weights stay in 32 bits; autocast converts where it is safe.
    """

    name = "torch"

    def __init__(self, network: nn.Module, device: torch.device, precision: Precision = "auto") -> None:
        self.device = device
        self.dtype = fast_precision(device) if precision == "auto" else getattr(torch, precision)
        self.network = copy.deepcopy(network).to(device).eval().requires_grad_(False)
        if self.dtype is not torch.float32 or device.type == "cuda":
            # plain float32 convolutions on the CPU choose their own layout just as well
            self.network = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def prepare(self, shape: tuple[int, int]) -> None:
        """Make ready for pictures of one shape (Y, X): torch is, for any."""

    def __call__(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run one picture (C, Y, X) through the network: (K, Y, X), float32."""
        output: NDArray[np.float32] = self.many(image[None])[0]
        return output

    def many(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run a batch (N, C, Y, X) through the network: float32, N first."""
        batch = torch.from_numpy(np.ascontiguousarray(images)).to(self.device)
        batch = batch.to(memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            output = self.network(batch).float().cpu()
        array: NDArray[np.float32] = output.numpy()
        return array
