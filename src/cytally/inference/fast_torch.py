"""Running a network by torch, faster and checked: batch norms folded, compiled on NVIDIA cards."""

from __future__ import annotations

import logging
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cytally.inference.agreement import Trial, single
from cytally.inference.folding import folded_for
from cytally.inference.torch_backend import Precision, TorchBackend

logger = logging.getLogger(__name__)

CPU = torch.device("cpu")


def fast_torch(
    network: nn.Module,
    device: torch.device,
    precision: Precision = "auto",
    *,
    sample: NDArray[np.float32] | Trial,
) -> TorchBackend:
    """Torch with batch norms folded into convolutions, and on NVIDIA cards compiled; plain torch where that disagrees.

    Parameters
    ----------
    network
        The network; copied.
    device
        Where to run it.
    precision
        Number type of the convolutions, as `TorchBackend` takes it.
    sample
        A picture (C, Y, X) as the network will see, or a trial on several: what comes of it has to agree with the plain
        network in 32 bits on the processor. Looked at only where there is something to fold or to compile.

    Notes
    -----
    Compiling takes seconds to minutes at the first picture and needs a C compiler and Triton beside torch; without them
    the network runs as it is, and the log says so.
    """
    trial = sample if isinstance(sample, Trial) else single(sample)
    reference = TorchBackend(network, CPU, "float32")
    changed = folded_for(reference.network, trial.pictures[0])
    if changed is reference.network and device.type != "cuda":
        return TorchBackend(network, device, precision)
    fast = TorchBackend(changed, device, precision)
    if device.type == "cuda":
        fast.network = cast(nn.Module, torch.compile(fast.network, dynamic=True))
    try:
        found = [fast(picture) for picture in trial.pictures]
    except (RuntimeError, ImportError, OSError) as error:
        logger.warning("torch cannot compile the network here, so it runs as it is: %s", str(error).partition("\n")[0])
        return TorchBackend(network, device, precision)
    agreement = trial.compare([reference(picture) for picture in trial.pictures], found)
    if agreement.holds:
        return fast
    logger.info("the network is not folded or compiled, for it would change results: %s", agreement)
    return TorchBackend(network, device, precision)
