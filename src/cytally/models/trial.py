"""Pictures on which a model's back ends are compared: the drawn sample images, as the model would see them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cytally.images.prepare import InputConfig, prepare
from cytally.images.read import read
from cytally.inference.agreement import Trial
from cytally.inference.backend import trial_picture
from cytally.inference.pictures import cut_pictures
from cytally.methods.map_method import MapMethod
from cytally.methods.method import Method
from cytally.methods.picture_method import PictureMethod
from cytally.methods.volume_method import VolumeMethod

VOLUME_SIDE = 384
"""Side in pixels of the drawn slice on which back ends are compared."""

Picture = NDArray[np.float32]


def sample_trial(method: Method, config: InputConfig, channels: int) -> Trial:
    """A trial on the six sample images; of a method for volumes on one drawn slice.

    Parameters
    ----------
    method
        Whose network shall be compared.
    config
        How images become pictures. Where the model makes them smaller by a fixed factor, samples stay as they are:
        their cells are small already.
    channels
        Number of channels of the pictures, all of which show the same.
    """
    if isinstance(method, VolumeMethod):
        _, middle, _ = method.pictures(trial_picture(3, VOLUME_SIDE))
        return trial(method, [middle])
    seen = config.model_copy(update={"channels": "one", "downscale": 1.0, "pixel_size": None})
    folder = Path(str(resources.files("cytally") / "samples" / "images"))
    planes = [plane for path in sorted(folder.glob("*.png")) for image in read(path) for plane in image.planes()]
    pictures = [np.repeat(prepare(plane, seen, in_channels=1).data, channels, axis=0) for plane in planes]
    return trial(method, pictures)


def trial(method: Method, pictures: Sequence[Picture]) -> Trial:
    """A trial on prepared pictures (C, Y, X), compared by what the method reads from its network's output."""
    if isinstance(method, PictureMethod):
        cut = [cut_pictures(picture, method.side, method.config.larger)[0] for picture in pictures]
        return Trial(tuple(each for pieces in cut for each in pieces), count=_number)
    if method.reads == "mask":
        return Trial(tuple(pictures))
    assert isinstance(method, MapMethod), f"{method.name} is neither a MapMethod nor a PictureMethod"
    read_map = method.read
    return Trial(tuple(pictures), count=lambda output: read_map(output).count)


def _number(output: Picture) -> float:
    """The count that the network of a `PictureMethod` gives of a picture, at least 0."""
    return max(0.0, float(np.asarray(output).ravel()[0]))
