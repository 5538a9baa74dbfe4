"""One pass of an image from its file to a count, timed part by part."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cytally.errors import ImageError
from cytally.images.image import Plane
from cytally.images.read import read
from cytally.inference.backend import Backend
from cytally.methods.volume_method import VolumeMethod
from cytally.models.model import Model

Pixels = NDArray[np.float32]

MEGA = 1_000_000


class PlainTorch:
    """What every back end is measured against: torch as it comes, eager, in 32 bits, its usual memory layout.

    Parameters
    ----------
    network
        The network; copied.
    device
        Where to run it.
    """

    name = "plain"
    dtype = torch.float32

    def __init__(self, network: nn.Module, device: torch.device) -> None:
        self.device = device
        self.network = copy.deepcopy(network).float().to(device).eval()

    def __call__(self, image: Pixels) -> Pixels:
        """Run one picture (C, Y, X) through the network: (K, Y, X), float32."""
        output: Pixels = self.many(image[None])[0]
        return output

    def many(self, images: Pixels) -> Pixels:
        """Run a batch (N, C, Y, X) through the network: float32, N first."""
        with torch.inference_mode():
            output = self.network(torch.from_numpy(np.ascontiguousarray(images)).to(self.device))
            array: Pixels = output.float().cpu().numpy()
        return array

    def prepare(self, shape: tuple[int, int]) -> None:
        """Nothing to make ready: torch takes pictures of any shape."""


class TimedBackend:
    """A back end that notes how long it is busy.

    Parameters
    ----------
    backend
        What runs the network.
    precision
        Number type of its convolutions, where that is not the one it tells itself.

    Attributes
    ----------
    seconds, processor_seconds
        How long the network ran since `begin`, by the clock and on all cores together.
    pixels
        How many pixels it was shown since then, those that windows share once for each.
    first
        When it was first called since then, by `time.perf_counter`; None where it was not.
    """

    def __init__(self, backend: Backend, precision: str | None = None) -> None:
        self.backend = backend
        self.precision = precision or str(backend.dtype).removeprefix("torch.")
        self.name, self.device, self.dtype = backend.name, backend.device, backend.dtype
        self.begin()

    def begin(self) -> None:
        """Begin to count anew."""
        self.seconds, self.processor_seconds, self.pixels = 0.0, 0.0, 0
        self.first: float | None = None

    def __call__(self, image: Pixels) -> Pixels:
        """As the back end's own."""
        started = self._before(image)
        output = self.backend(image)
        self._after(*started)
        return output

    def many(self, images: Pixels) -> Pixels:
        """As the back end's own."""
        started = self._before(images)
        output = self.backend.many(images)
        self._after(*started)
        return output

    def prepare(self, shape: tuple[int, int]) -> None:
        """As the back end's own; not timed, as it is done once for many pictures."""
        self.backend.prepare(shape)

    def _before(self, pictures: Pixels) -> tuple[float, float]:
        self.pixels += pictures.size // pictures.shape[-3]
        started = time.perf_counter()
        self.first = started if self.first is None else self.first
        return started, time.process_time()

    def _after(self, started: float, processor: float) -> None:
        self.seconds += time.perf_counter() - started
        self.processor_seconds += time.process_time() - processor


@dataclass(frozen=True)
class Pass:
    """Seconds from a file to its count, part by part, the count, and how many megapixels that was.

    Parameters
    ----------
    decode
        Reading the file.
    normalise
        Choosing channels, normalising, resizing: all until the network is first run.
    network
        The network alone.
    read_out
        All the rest: putting tiles together, finding the cells in maps, bringing them to the image's own size.
    processor, network_processor
        Seconds of the processor on all cores together, of everything and of the network: others' work on the machine
        hardly changes them.
    count
        Cells.
    megapixels
        Of the image.
    seen_megapixels
        Shown to the network, which sees a smaller or larger picture where the model asks for a size of its own.
    """

    decode: float
    normalise: float
    network: float
    read_out: float
    processor: float
    network_processor: float
    count: float
    megapixels: float
    seen_megapixels: float

    @property
    def seconds(self) -> float:
        """End to end."""
        return self.decode + self.normalise + self.network + self.read_out


def run_pass(model: Model, backend: TimedBackend, path: Path) -> Pass:
    """Count the cells in one file, the network being run by `backend`.

    Raises
    ------
    ImageError
        When the file cannot be read or counted.
    """
    started, processor = time.perf_counter(), time.process_time()
    planes = list(planes_of(model, path))
    decode = time.perf_counter() - started
    before, model.run = model.run, backend
    try:
        passes = [_count(model, backend, plane) for plane in planes]
    finally:
        model.run = before
    return replace(add(passes), decode=decode, processor=time.process_time() - processor)


def planes_of(model: Model, path: Path) -> Iterator[Plane]:
    """The pictures in a file that a model counts in; of a volume, where it looks at slices, the middle one."""
    for image in read(path):
        depth = image.data.shape[2]
        if depth > 1 and isinstance(model.method, VolumeMethod):
            image = replace(image, data=image.data[:, :, depth // 2 : depth // 2 + 1])
        yield from model.planes(image)


def add(passes: list[Pass]) -> Pass:
    """The sum of several passes.

    Raises
    ------
    ImageError
        When there is none.
    """
    if not passes:
        raise ImageError("holds no picture", cure="leave it out")
    names = Pass.__dataclass_fields__
    return Pass(**{name: sum(getattr(each, name) for each in passes) for name in names})


def _count(model: Model, backend: TimedBackend, plane: Plane) -> Pass:
    backend.begin()
    started = time.perf_counter()
    prediction, _ = model.predict(plane)
    seconds = time.perf_counter() - started
    normalise = seconds if backend.first is None else backend.first - started
    return Pass(
        decode=0.0,  # of the whole file, as is `processor`
        processor=0.0,
        network_processor=backend.processor_seconds,
        normalise=normalise,
        network=backend.seconds,
        read_out=seconds - normalise - backend.seconds,
        count=prediction.count,
        megapixels=plane.data.shape[-2] * plane.data.shape[-1] / MEGA,
        seen_megapixels=backend.pixels / MEGA,
    )
