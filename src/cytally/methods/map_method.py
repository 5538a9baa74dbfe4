"""Methods whose network turns an image of any size into a map as large, from which the cells are read."""

from __future__ import annotations

import math
from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from cytally.datasets.example import Example
from cytally.methods.method import Method
from cytally.results import Prediction


class MapMethod(Method):
    """A method whose network turns (N, C, Y, X) into maps (N, K, Y, X).

    It is trained on crops in which every cell is marked and, where it `learns_from_counts`, on whole images of which
    only the number of cells is known. Large images are counted in tiles.
    """

    @abstractmethod
    def targets(self, example: Example) -> NDArray[np.float32]:
        """What the network should say of `example`: (K, Y, X)."""

    @abstractmethod
    def loss(self, output: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """How far `output` (N, K, Y, X) is from `targets` of the same shape, one number to minimise.

        `weights` (N, 1, Y, X) are 0 where a crop does not show enough to judge by, else 1. In training a network may
        give further channels behind the first K, as coarser guesses; what they are for is this function's to know.
        """

    def count_loss(self, output: Tensor, counts: Tensor, weights: Tensor) -> Tensor:
        """How far `output` (N, K, Y, X) is from the `counts` (N,) of whole images; `weights` are 0 beyond an image."""
        raise NotImplementedError(f"{self.name} cannot learn from counts alone")

    def taught_by(self, teacher: MapMethod, output: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the `output` (N, K, Y, X) of a trained network of the method `teacher` says as targets of this one.

        Of methods that `learns_from_teacher`.

        Raises
        ------
        ConfigError
            When it says nothing that this method could learn.
        """
        raise NotImplementedError(f"{self.name} learns from no teacher")

    @abstractmethod
    def read(self, output: NDArray[np.float32]) -> Prediction:
        """Read a prediction from the network's whole-image output (K, Y, X)."""

    @property
    def part_margin(self) -> int:
        """Pixels of the map around a part that decide on what `read_part` finds in it: a cell's diameter."""
        return math.ceil(self.cell_diameter)

    def read_part(
        self, output: NDArray[np.float32], core: tuple[slice, slice]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Read part of a picture from an output (K, Y, X) that shows more around it.

        What is read this way part by part adds up to what is read of the whole, but for cells that are parted in
        another way because less is seen of them.

        Parameters
        ----------
        output
            What the network says of a window.
        core
            Rows and columns of the part within the window.

        Returns
        -------
        density
            (Y, X) of the core; it sums to the number of cells that belong there.
        points
            (N, 3): y and x in the window, and a score, of the cells whose place lies in the core.
        """
        prediction = self.read(output)
        shape = output.shape[-2:]
        points = prediction.points
        if points is None:
            raise NotImplementedError(f"{self.name} does not say where cells are")
        places = np.clip(np.rint(points[:, :2]).astype(int), 0, np.array(shape) - 1)
        density = np.zeros(shape, np.float32)
        np.add.at(density, (places[:, 0], places[:, 1]), 1)
        return density[core], points[within(places, core)]


def within(places: NDArray[np.int_], core: tuple[slice, slice]) -> NDArray[np.bool_]:
    """Which pixels (N, 2) lie in a window."""
    rows, columns = core
    inside: NDArray[np.bool_] = (places[:, 0] >= rows.start) & (places[:, 0] < rows.stop)
    inside &= (places[:, 1] >= columns.start) & (places[:, 1] < columns.stop)
    return inside
