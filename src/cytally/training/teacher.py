"""A trained network whose maps a smaller one learns: distillation."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cytally.inference.torch_backend import TorchBackend
from cytally.methods.map_method import MapMethod

Maps = NDArray[np.float32]


class Teacher:
    """A trained network that says what another one should say of the very crops that it is shown.

    Every crop is shown to both, varied alike ("consistent" teaching of Beyer et al. 2022), so that nothing has to be
    kept between two sittings: the same crop has the same targets.

    Parameters
    ----------
    method, network
        What teaches; the network is copied.
    device
        Where it runs.

    References
    ----------
    Hinton et al. 2015, *Distilling the knowledge in a neural network*. Beyer et al. 2022, *Knowledge distillation: a
    good teacher is patient and consistent*.
    """

    def __init__(self, method: MapMethod, network: nn.Module, device: torch.device) -> None:
        self.method = method
        self.run = TorchBackend(network, device)

    def mix(self, student: MapMethod, images: Maps, targets: Maps, shares: Maps) -> Maps:
        """The targets of a batch of crops, with the teacher's in their place as far as its `shares` go.

        Parameters
        ----------
        student
            Who learns: its units are what the result is in.
        images
            The crops (N, C, Y, X).
        targets
            What the annotation says of them (N, K, Y, X).
        shares
            The teacher's share (N, 1, Y, X): 1 where nothing is annotated.

        Raises
        ------
        ConfigError
            When the student cannot learn from what the teacher says.
        """
        taught = student.taught_by(self.method, self.run.many(images))
        return (targets + shares * (taught - targets)).astype(np.float32, copy=False)
