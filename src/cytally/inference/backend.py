"""What runs a trained network, by name."""

from __future__ import annotations

import logging
from typing import Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from cytally.errors import ModelError, UsageError
from cytally.inference import onnx_network, openvino_backend
from cytally.inference.agreement import Trial
from cytally.inference.fast_torch import fast_torch
from cytally.inference.onnx_backend import OnnxBackend
from cytally.inference.openvino_backend import OpenVinoBackend
from cytally.inference.torch_backend import Precision, fast_precision

logger = logging.getLogger(__name__)

BackendName = Literal["auto", "torch", "openvino", "onnx"]


class Backend(Protocol):
    """A trained network as a function from a normalised picture to its output."""

    name: str
    device: torch.device
    dtype: torch.dtype

    def __call__(self, image: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Run one picture (C, Y, X) through the network: (K, Y, X), float32."""
        ...

    def many(self, images: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Run a batch (N, C, Y, X) through the network: float32, N first."""
        ...

    def prepare(self, shape: tuple[int, int], /) -> None:
        """Make ready for many pictures of one shape (Y, X); others may follow."""
        ...


def find_backend(
    name: BackendName,
    network: nn.Module,
    device: torch.device,
    precision: Precision = "auto",
    *,
    sample: NDArray[np.float32] | Trial,
) -> Backend:
    """The back end called `name`, ready to run `network`.

    Parameters
    ----------
    name
        ``auto`` takes the fastest that is installed and gives what torch gives, and says in the log which, and why no
        other: OpenVINO on a processor; ONNX Runtime on one where bfloat16 would not be fast; torch else.
    network
        The network; copied.
    device
        Where to run it. OpenVINO and ONNX Runtime run on the processor alone.
    precision
        Number type of the convolutions, as the back ends take it. ONNX Runtime computes in float32.
    sample
        A picture (C, Y, X) as the network will see, or a trial on several: the others are checked against torch on it.
        `trial_picture` draws one where none is at hand.

    Raises
    ------
    UsageError
        When the back end asked for is not installed, or does not run on the device.
    ModelError
        When it cannot run the network, or gives something else than torch.
    """
    if name in ("openvino", "onnx"):
        refuse_other_device(name, device)
    if name == "openvino":
        return OpenVinoBackend(network, sample, precision)
    if name == "onnx":
        return OnnxBackend(network, sample)
    if name == "auto" and device.type == "cpu":
        found = _fastest(network, device, precision, sample)
        if found is not None:
            return found
    return fast_torch(network, device, precision, sample=sample)


def refuse_other_device(name: BackendName, device: torch.device) -> None:
    """Refuse a device that a back end does not run on.

    Raises
    ------
    UsageError
        When OpenVINO or ONNX Runtime shall run anywhere but on the processor.
    """
    if name in ("openvino", "onnx") and device.type != "cpu":
        raise UsageError(
            f"the back end '{name}' runs on the processor, not on '{device.type}'",
            cure="use --device cpu, or --backend torch",
        )


def _fastest(
    network: nn.Module, device: torch.device, precision: Precision, sample: NDArray[np.float32] | Trial
) -> Backend | None:
    """OpenVINO or ONNX Runtime where they serve; None where torch does."""
    try:
        if openvino_backend.is_installed():
            return OpenVinoBackend(network, sample, precision)
        exact = precision == "float32" or fast_precision(device) is torch.float32
        if exact and onnx_network.is_installed():
            return OnnxBackend(network, sample)
    except ModelError as error:
        logger.warning("runs by torch: %s", error.message)
        return None
    logger.info("runs by torch; several times faster after: pip install 'cytally[openvino]'")
    return None


def trial_picture(channels: int, side: int) -> NDArray[np.float32]:
    """A drawn picture (C, Y, X) from 0 to 1, the same every time: bright blobs on a dim, grainy ground.

    Examples
    --------
    >>> trial_picture(3, 64).shape
    (3, 64, 64)
    """
    rng = np.random.default_rng(0)
    size = max(2.0, side / 64)
    spots = ndimage.gaussian_filter(rng.random((channels, side, side)), (0, size, size))
    spots -= spots.min()
    picture = np.clip(2 * spots / spots.max() - 0.8, 0, 1) + 0.1 * rng.random(spots.shape)
    scaled: NDArray[np.float32] = (picture / picture.max()).astype(np.float32)
    return scaled
