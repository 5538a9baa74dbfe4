"""The frames of microscope makers' files, through bioio, one frame in memory at a time."""

from __future__ import annotations

import importlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.frame_scene import FrameScene, frame_scene
from cytally.images.frame_times import TimeTold, minutes
from cytally.images.read import read
from cytally.images.units import square
from cytally.images.vendor import PLUGINS
from cytally.images.volume_scene import SlicedScene


def open_vendor_frames(path: Path, axes: str | None = None) -> list[FrameScene]:
    """Open every scene of a vendor's file.

    Raises
    ------
    ImageError
        When the extra ``cytally[vendor]`` is missing, no plugin of bioio can read the file, or its axes do not fit.
    """
    try:
        from bioio import BioImage

        ending = path.suffix.lower()
        reader = importlib.import_module(PLUGINS[ending]).Reader if ending in PLUGINS else None
        image = BioImage(path, reader=reader)
        found = []
        for number in range(len(image.scenes)):
            image.set_scene(number)
            found.append((_scene(image, number, path), TimeTold(_interval(image))))
    except Exception as error:  # each plugin raises what its own library raises; `read` finds words for most of it
        read(path)
        raise ImageError(
            f"could not be read frame by frame by bioio ({error})", file=path, cure="export it as OME-TIFF"
        ) from error
    return [frame_scene(scene, path, axes, number, len(found), told) for number, (scene, told) in enumerate(found)]


class VendorPixels:
    """The pixels of one scene, which bioio reads picture by picture."""

    def __init__(self, image: Any, scene: int, path: Path) -> None:
        self._image, self._scene, self._path = image, scene, path
        self.shape: tuple[int, ...] = tuple(image.dask_data.shape)
        self.dtype: np.dtype[Any] = np.dtype(image.dask_data.dtype)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        """Read one picture: `index` has a number for every axis but Y and X. ImageError where it is damaged."""
        try:
            if self._image.current_scene_index != self._scene:
                self._image.set_scene(self._scene)
            return np.asarray(self._image.dask_data[index].compute(scheduler="synchronous"))
        except Exception as error:  # as above
            raise ImageError(
                f"has a frame that could not be read by bioio ({error})",
                file=self._path,
                cure="copy it again or export it as OME-TIFF",
            ) from error


def _scene(image: Any, number: int, path: Path) -> SlicedScene:
    sizes = image.physical_pixel_sizes
    return SlicedScene(
        pixels=VendorPixels(image, number, path),
        axes=str(image.dims.order),
        channels=tuple(str(name) for name in image.channel_names or ()),
        pixel_size=square(sizes.Y, sizes.X),
        z_spacing=sizes.Z,
    )


def _interval(image: Any) -> float | None:
    """Minutes between frames. Older plugins tell none, and some give seconds as a plain number."""
    told = getattr(image, "time_interval", None)
    return minutes(told.total_seconds() if isinstance(told, timedelta) else told, "s")
