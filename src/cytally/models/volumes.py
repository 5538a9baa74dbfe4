"""A trained method at work on a volume: slices in, label slices out, and which objects are kept in the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.calibration.exposure import Exposure
from cytally.datasets.slices import scaled_slices, slice_factor
from cytally.errors import UsageError
from cytally.images.resize import resize_labels
from cytally.images.volume import Volume
from cytally.inference.backend import Backend
from cytally.inference.predict import slice_maps
from cytally.methods.volume_method import VolumeMethod
from cytally.readout.numbering import keep_objects
from cytally.results import Prediction
from cytally.training.configuration import Configuration

NOTHING_SEEN = {"black", "white", "constant"}
"""Flags of volumes without any contrast: they show no object, whatever a network makes of them."""


class Segmenter:
    """What turns one volume into labels.

    Parameters
    ----------
    method, run, configuration
        Of the model: how a volume is seen and read, what runs the network, and the scale that it wants.
    volume
        What is segmented.
    anisotropy
        Distance of two slices over that of two pixels; by default the volume's own, 1 where that is unknown.
    """

    def __init__(
        self,
        method: VolumeMethod,
        run: Backend,
        configuration: Configuration,
        volume: Volume,
        anisotropy: float | None = None,
    ) -> None:
        self.method, self.run, self.configuration, self.volume = method, run, configuration, volume
        self.factor = slice_factor(volume, configuration.input)
        self.known = anisotropy is not None or volume.anisotropy is not None
        if anisotropy is not None and not 0 < anisotropy < math.inf:
            raise UsageError(
                f"an anisotropy of {anisotropy} makes no sense",
                cure="give the distance of two slices over that of two pixels, as 4.8",
            )
        self.anisotropy = anisotropy if anisotropy is not None else volume.anisotropy or 1.0
        self._exposure = Exposure()

    def slices(self, on_slice: Callable[[int, int], None] | None = None) -> Iterator[NDArray[np.integer[Any]]]:
        """Label slices (Y, X) in order, a number naming the same object in all of them; too small ones included.

        Parameters
        ----------
        on_slice
            Called with how many slices the network has seen, and how many there are.
        """
        depth, rows, columns = self.volume.shape
        flips = self.configuration.counting.flips
        maps = slice_maps(self.method, self.run, self._looked_at(), flips=flips)

        def told() -> Iterator[NDArray[np.float32]]:
            for done, each in enumerate(maps, start=1):
                if on_slice is not None:
                    on_slice(done, depth)
                yield each

        for labels in self.method.read_volume(told(), self.anisotropy * self.factor):
            yield resize_labels(labels, (rows, columns))

    def keeps(self, voxels: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        """Which objects stay, by their numbers of voxels (N,), once all slices have been seen.

        Too small ones do not, and none does where the volume has no contrast.
        """
        if NOTHING_SEEN & set(self._exposure.flags()):
            return np.zeros(voxels.shape, bool)
        return self.method.keeps(np.rint(voxels * self.factor**2).astype(np.int64)) & (voxels > 0)

    def flags(self) -> tuple[str, ...]:
        """Words on the exposure of the slices that have been seen, and on what the file does not tell."""
        unscaled = self.configuration.input.pixel_size is not None and self.volume.pixel_size is None
        return (
            self._exposure.flags()
            + (("no-pixel-size",) if unscaled else ())
            + (() if self.known else ("no-voxel-size",))
        )

    def prediction(self, on_slice: Callable[[int, int], None] | None = None) -> Prediction:
        """Segment the whole volume in memory."""
        labels = np.stack(list(self.slices(on_slice)))
        labels, number = keep_objects(labels, self.keeps(np.bincount(labels.ravel())))
        return Prediction(float(number), labels=labels, flags=self.flags())

    def _looked_at(self) -> Iterator[NDArray[Any]]:
        """The slices as the method sees them, each noted for its exposure on the way."""

        def noted() -> Iterator[NDArray[Any]]:
            for plane in self.volume.slices():
                self._exposure.add(plane)
                yield plane

        return scaled_slices(noted(), self.factor)
