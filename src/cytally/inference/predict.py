"""From a prepared image to a prediction, whichever kind of method it is for."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import nn

from cytally.inference.flips import over_flips
from cytally.inference.pictures import count_pictures
from cytally.inference.tiles import TILE, run_network
from cytally.inference.torch_backend import TorchBackend
from cytally.methods.map_method import MapMethod
from cytally.methods.method import Method
from cytally.methods.picture_method import PictureMethod
from cytally.results import Prediction


def predict(
    method: Method,
    run: TorchBackend,
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
        Pixels (C, Y, X), prepared.
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
    assert isinstance(method, MapMethod), f"{method.name} is neither a MapMethod nor a PictureMethod"
    whole = partial(run_network, run, network, size=tile)
    return method.read(over_flips(whole, image) if flips else whole(image))
