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
from cytally.inference.openvino_backend import OpenVinoBackend, is_installed
from cytally.inference.torch_backend import Precision, TorchBackend

logger = logging.getLogger(__name__)

BackendName = Literal["auto", "torch", "openvino"]


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


def find_backend(
    name: BackendName,
    network: nn.Module,
    device: torch.device,
    precision: Precision = "auto",
    *,
    sample: NDArray[np.float32],
) -> Backend:
    """The back end called `name`, ready to run `network`.

    Parameters
    ----------
    name
        ``auto`` takes OpenVINO on a processor where it is installed and gives what torch gives, else torch; which and
        why is logged.
    network
        The network; copied.
    device
        Where to run it. OpenVINO runs on the processor alone.
    precision
        Number type of the convolutions, as the back ends take it.
    sample
        A picture (C, Y, X) as the network will see, best of the shape it will see most: OpenVINO is checked on it.
        `trial_picture` draws one where none is at hand.

    Raises
    ------
    UsageError
        When the back end asked for is not installed, or does not run on the device.
    ModelError
        When OpenVINO is asked for, and cannot run the network or gives something else than torch.
    """
    if name == "openvino" and device.type != "cpu":
        raise UsageError(
            f"the back end 'openvino' runs on the processor, not on '{device.type}'",
            cure="use --device cpu, or --backend torch",
        )
    if name == "openvino":
        return OpenVinoBackend(network, sample, precision)
    if name == "auto" and device.type == "cpu":
        if not is_installed():
            logger.info("runs by torch; several times faster after: pip install 'cytally[openvino]'")
        else:
            try:
                return OpenVinoBackend(network, sample, precision)
            except ModelError as error:
                logger.warning("runs by torch: %s", error.message)
    return TorchBackend(network, device, precision)


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
