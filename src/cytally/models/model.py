"""A trained method that counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import nn

from cytally.calibration.flags import exposure_flags
from cytally.calibration.unusual import unusual_flags
from cytally.datasets.slices import wanted_channel
from cytally.errors import ImageError, ModelError, UsageError
from cytally.images.image import Image, Plane
from cytally.images.prepare import Prepared, prepare
from cytally.images.read import read
from cytally.images.resize import resize_density, resize_labels, scale_points
from cytally.images.volume import Volume, open_volumes
from cytally.inference.agreement import Trial
from cytally.inference.backend import Backend, BackendName, find_backend, refuse_other_device
from cytally.inference.predict import predict
from cytally.inference.tiles import TILE, is_tileable
from cytally.inference.torch_backend import TorchBackend
from cytally.methods.volume_method import VolumeMethod
from cytally.models.card import ModelCard
from cytally.models.exported import ExportedNetwork
from cytally.models.trial import sample_trial
from cytally.models.volumes import Segmenter
from cytally.results import Prediction


@dataclass(frozen=True)
class Reading:
    """How a plane was looked at: its `channels`, the `factor` it was resized by, and a cell's typical `diameter` in
    pixels of the plane."""

    channels: tuple[int, ...]
    factor: float
    diameter: float


class Model:
    """A method with trained weights.

    Parameters
    ----------
    card
        What it is and how it came about.
    network
        The trained network.

    Examples
    --------
    A model counts arrays, paths and images alike::

        model = cytally.load("nuclei-fluorescence")
        model.count("field.tif").count
    """

    def __init__(self, card: ModelCard, network: nn.Module) -> None:
        self.card = card
        self.network = network
        self.method = card.configuration.build(card.input_channels)
        self.exported: ExportedNetwork | None = None
        self._run: Backend | None = None
        self._device = torch.device("cpu")

    @property
    def run(self) -> Backend:
        """What runs the network; made when it is first asked for."""
        if self._run is None:
            self._run = TorchBackend(self.network, self._device, self.card.configuration.counting.precision)
        return self._run

    @run.setter
    def run(self, backend: Backend) -> None:
        self._run = backend

    def to(self, device: torch.device) -> None:
        """Count by torch on `device` from now on, in the model's own precision."""
        self._run, self._device = None, device

    def use(
        self,
        backend: BackendName = "auto",
        device: torch.device | None = None,
        *,
        sample: NDArray[np.float32] | Trial | None = None,
    ) -> None:
        """Count by another back end from now on.

        A network that `cytally models export` wrote beside the weights is taken, with the agreement found then: by
        ``auto``, and by the back end that it is for. A model whose `counting.precision` is float32 runs in float32 by
        every back end.

        Parameters
        ----------
        backend
            Its name; ``auto`` takes the fastest that is installed and gives what torch gives, and logs which.
        device
            Where to run it; by default the processor.
        sample
            A picture (C, Y, X) as the network will see, or a trial on several, on which other back ends have to agree
            with torch; by default the sample images that come with cytally.

        Raises
        ------
        UsageError
            When the back end is not installed, or does not run on the device.
        ModelError
            When the back end asked for cannot run the network, or gives something else than torch.
        """
        device = device or torch.device("cpu")
        self.to(device)
        refuse_other_device(backend, device)
        if not self.method.has_weights:
            return
        if self.exported is not None and device.type == "cpu":
            found = self.exported.open(backend, self.network)
            if found is not None:
                self.run = found
                return
        if sample is None:
            sample = sample_trial(self.method, self.card.configuration.input, self.card.input_channels)
        precision = self.card.configuration.counting.precision
        self.run = find_backend(backend, self.network, device, precision, sample=sample)

    @property
    def name(self) -> str:
        """Its name, or that of its method for a user's own."""
        return self.card.name or self.card.method

    @property
    def tileable(self) -> bool:
        """Whether tiles give the whole image's result."""
        return is_tileable(self.network)

    def count(
        self,
        image: NDArray[Any] | str | Path | Image | Plane,
        *,
        channel: str | int | None = None,
        pixel_size: float | None = None,
        diameter: float | None = None,
    ) -> Prediction:
        """Count the cells in one image.

        Parameters
        ----------
        image
            An array (Y, X) or (Y, X, 3), a path, or an image read by cytally.
        channel
            Channel to count in, by name or number; by default what the model wants.
        pixel_size
            Micrometres per pixel, where the image does not tell or tells wrong.
        diameter
            A cell's typical diameter in pixels, for models that estimate it, where they estimate it wrong.

        Returns
        -------
        Prediction
            `count`, `density`, `points`, `labels` and `interval` in pixels of the image itself.

        Raises
        ------
        ImageError
            When the image cannot be read, holds several planes, or has too few channels.

        References
        ----------
        Flow: choose channels and normalise (`cytally.images.prepare`), run the network and read the result
        (`cytally.inference.predict`), bring back to the image's own size.
        """
        plane = self._only_plane(image, pixel_size)
        return self.predict(plane, channel=None if channel is None else str(channel), diameter=diameter)[0]

    def planes(self, image: Image) -> Iterator[Plane]:
        """The pictures of an image that this model counts in: one for each time point, its depth projected.

        Raises
        ------
        ImageError
            When the image has depth and the model finds cells in volumes, whose slices a projection would lose.
        """
        if image.data.shape[2] > 1 and isinstance(self.method, VolumeMethod):
            raise ImageError(
                f"is a volume of {image.data.shape[2]} slices, which counting would project into one",
                file=image.source or image.name,
                cure="use 'cytally segment' (in Python, Model.segment)",
            )
        return image.planes()

    def _only_plane(self, image: NDArray[Any] | str | Path | Image | Plane, pixel_size: float | None) -> Plane:
        if isinstance(image, str | Path):
            images = read(Path(image), pixel_size=pixel_size)
            planes: Iterator[Plane] = (plane for each in images for plane in self.planes(each))
        elif isinstance(image, Plane):
            planes = iter([image])
        else:
            planes = self.planes(image if isinstance(image, Image) else Image.from_array(image))
        first, *others = planes
        if others:
            raise ImageError(
                f"holds {1 + len(others)} scenes or time points",
                file=first.source or first.name,
                cure="count each of Image.planes(), or use the command 'cytally count'",
            )
        return replace(first, pixel_size=pixel_size) if pixel_size is not None else first

    @property
    def parameters(self) -> int:
        """Number of weights of its network that training changes, or changed."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    def segment(
        self,
        volume: NDArray[Any] | str | Path | Volume,
        *,
        channel: str | int | None = None,
        anisotropy: float | None = None,
        on_slice: Callable[[int, int], None] | None = None,
    ) -> Prediction:
        """Find the cells in a volume.

        Parameters
        ----------
        volume
            An array (Z, Y, X), the path of a file that holds one volume, or a volume opened by cytally.
        channel
            Channel to look at, by name or number; by default what the model wants. Only of a path.
        anisotropy
            Distance of two slices over that of two pixels, where the file does not tell or tells wrong.
        on_slice
            Called with how many slices the network has seen, and how many there are.

        Returns
        -------
        Prediction
            `count` and `labels` (Z, Y, X), uint16 or uint32, numbered from 1, 0 is background; the flag
            ``no-voxel-size`` where the anisotropy was taken to be 1.

        Raises
        ------
        ImageError
            When the file cannot be read, holds one picture or several volumes.
        UsageError
            When the model does not find cells in volumes.
        """
        opened = self._only_volume(volume, channel)
        return self.segmenter(opened, anisotropy=anisotropy).prediction(on_slice)

    def segmenter(self, volume: Volume, *, anisotropy: float | None = None) -> Segmenter:
        """What turns a volume into labels slice by slice, three slices being held at a time.

        Parameters
        ----------
        volume, anisotropy
            As in `segment`.

        Raises
        ------
        UsageError
            When the model does not find cells in volumes.
        """
        if not isinstance(self.method, VolumeMethod):
            raise UsageError(
                f"the model '{self.name}' is for single images, not for volumes",
                cure="use 'cytally count', or a model of the method efficient-cell-seg",
            )
        return Segmenter(self.method, self.run, self.card.configuration, volume, anisotropy)

    def _only_volume(self, volume: NDArray[Any] | str | Path | Volume, channel: str | int | None) -> Volume:
        if isinstance(volume, Volume):
            return volume
        if not isinstance(volume, str | Path):
            return Volume.from_array(np.asarray(volume))
        wanted = wanted_channel(self.card.configuration.input) if channel is None else str(channel)
        first, *others = open_volumes(Path(volume), channel=wanted)
        if others:
            raise ImageError(
                f"holds {1 + len(others)} volumes",
                file=volume,
                cure="segment each of cytally.images.volume.open_volumes(), or use the command 'cytally segment'",
            )
        return first

    def reading(self, **options: Any) -> Model:
        """The same weights, whose output is read by other `options` of the method, as ``objects="slices"``.

        Raises
        ------
        ModelError
            When the method has no such options.
        """
        before = self.card.configuration
        given = before.options.model_dump() | options
        try:
            configuration = before.model_copy(update={"options": type(before.options).model_validate(given)})
        except ValidationError as error:
            wrong = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise ModelError(
                f"the model '{self.name}' cannot be read so ({wrong or 'options'}: {error.errors()[0]['msg']})",
                cure="use a model of another method",
            ) from error
        changed = {"configuration": configuration, "calibration": None}  # which holds for what it was read by
        other = Model(self.card.model_copy(update=changed), self.network)
        other._run, other._device, other.exported = self._run, self._device, self.exported
        return other

    def predict(
        self, plane: Plane, *, channel: str | None = None, tile: int = TILE, diameter: float | None = None
    ) -> tuple[Prediction, Reading]:
        """Count the cells in a plane, and say how it was looked at; a cell's `diameter` in pixels may be known."""
        config = self.card.configuration.input
        prepared = prepare(plane, config, channel=channel, in_channels=self.card.input_channels, diameter=diameter)
        flips = self.card.configuration.counting.flips
        try:
            prediction = predict(self.method, self.run, self.network, prepared.data, tile=tile, flips=flips)
        except ImageError as error:
            raise ImageError(error.message, file=plane.source or plane.name, cure=error.cure) from error
        shape = (plane.data.shape[-2], plane.data.shape[-1])
        flags = exposure_flags(plane.data[list(prepared.channels)]) + prepared.flags + prediction.flags
        if {"black", "white", "constant"} & set(flags):
            prediction = _nothing(prediction)
        else:
            flags += self._unusual(prepared, prediction.count)
        if self.card.calibration is not None:
            prediction = replace(prediction, interval=self.card.calibration.interval(prediction.count))
        reading = Reading(prepared.channels, prepared.factor, self.method.cell_diameter / prepared.factor)
        return replace(_to_shape(prediction, prepared.data.shape[-2:], shape), flags=flags), reading

    def _unusual(self, seen: Prepared, count: float) -> tuple[str, ...]:
        """Flags on a prepared picture that lies outside the range of the training images."""
        known, diameter = self.card.normalisation == "foreground", self.method.cell_diameter
        usual, factor = self.card.training_range, seen.factor
        return unusual_flags(usual, seen.data, diameter, count, has_background=known, factor=factor)


def _nothing(prediction: Prediction) -> Prediction:
    """The prediction of no cell: what a picture without any contrast shows, whatever a network makes of it."""
    return replace(
        prediction,
        count=0.0,
        count_by_area=None if prediction.count_by_area is None else 0.0,
        density=None if prediction.density is None else np.zeros_like(prediction.density),
        points=None if prediction.points is None else prediction.points[:0],
        labels=None if prediction.labels is None else np.zeros_like(prediction.labels),
    )


def _to_shape(prediction: Prediction, inner: tuple[int, ...], shape: tuple[int, int]) -> Prediction:
    """Bring a prediction from the network's pixels to the image's own."""
    if tuple(inner) == shape:
        return prediction
    factors = (shape[0] / inner[0], shape[1] / inner[1])
    density = None if prediction.density is None else resize_density(prediction.density, shape)
    points = None if prediction.points is None else scale_points(prediction.points, (*factors,))
    labels = None if prediction.labels is None else resize_labels(prediction.labels, shape)
    return replace(prediction, density=density, points=points, labels=labels)
