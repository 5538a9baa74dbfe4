"""From a prepared image to a prediction, whichever kind of method it is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from cytally.inference.backend import Backend
from cytally.inference.flips import over_flips
from cytally.inference.pictures import count_pictures
from cytally.inference.tiles import TILE, run_network
from cytally.inference.windows import run_in_windows
from cytally.methods.map_method import MapMethod
from cytally.methods.method import Method
from cytally.methods.picture_method import PictureMethod
from cytally.methods.volume_method import VolumeMethod
from cytally.results import Prediction


def predict(
    method: Method,
    run: Backend,
    network: nn.Module,
    image: NDArray[np.float32],
    *,
    tile: int = TILE,
    flips: bool = False,
) -> Prediction:
    """Run a method's network over a whole image and read the result.

    Parameters
    ----------
    method
        Reads the network's output.
    run, network
        The back end, and the network that it runs.
    image
        Pixels (C, Y, X), prepared; of a method for volumes one slice (1, Y, X).
    tile
        Side of the tiles that maps are made in, in pixels.
    flips
        Take the mean over all eight turns and mirror images.

    Raises
    ------
    ImageError
        When the image is too small for the method; names no file.
    """
    if isinstance(method, PictureMethod):
        return count_pictures(run.many, image, method.side, method.config.larger, flips=flips)
    if isinstance(method, VolumeMethod):
        return method.read(next(slice_maps(method, run, image, flips=flips)))
    assert isinstance(method, MapMethod), f"{method.name} is neither a MapMethod nor a PictureMethod"
    whole = partial(run_network, run, network, size=tile)
    return method.read(over_flips(whole, image) if flips else whole(image))


def slice_maps(
    method: VolumeMethod, run: Backend, slices: Iterable[NDArray[Any]], *, flips: bool = False
) -> Iterator[NDArray[np.float32]]:
    """What a method's network says of each slice (Y, X) of a volume, in order: maps (K, Y, X).

    Parameters
    ----------
    method
        Tells what the network sees of a slice, and through which windows.
    run
        The back end.
    slices
        Pixels of any real type; taken one at a time.
    flips
        Take the mean over all eight turns and mirror images.
    """
    seen = partial(over_flips, run) if flips else run
    for picture in method.pictures(slices):
        yield run_in_windows(seen, picture, method.window, method.overlap)
