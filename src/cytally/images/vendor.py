"""Formats of microscope makers (ND2, CZI, LIF and more), through bioio and its plugins."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path
from typing import Any

import numpy as np

from cytally.errors import ImageError
from cytally.images.assemble import Scene
from cytally.images.units import square

# A plugin that refuses a file is reported as an error here; without a handler it would be printed as well.
logging.getLogger("bioio").addHandler(logging.NullHandler())

PLUGINS = {".nd2": "bioio_nd2", ".czi": "bioio_czi", ".lif": "bioio_lif"}
"""The plugins that the extra installs. Others are found by bioio where the user has installed them."""

LONGEST_REASON = 200


def read_vendor(path: Path) -> list[Scene]:
    """Read every scene of a vendor's file.

    Raises
    ------
    ImageError
        When the extra ``cytally[vendor]`` is missing, or no plugin of bioio can read the file.
    """
    ending = path.suffix.lower()
    try:
        from bioio import BioImage

        # Naming the plugin makes its own reason reach the user, where bioio's search would only say that none fits.
        reader = importlib.import_module(PLUGINS[ending]).Reader if ending in PLUGINS else None
    except ImportError as error:
        raise ImageError(
            f"needs bioio to be read, as {ending} files do ({error})",
            file=path,
            cure="install it: pip install 'cytally[vendor]'",
        ) from error
    try:
        image = BioImage(path, reader=reader)
        return [_scene(image, index) for index in range(len(image.scenes))]
    except Exception as error:  # each plugin raises what its own library raises
        raise ImageError(
            f"could not be read by bioio ({_reason(error, path)})",
            file=path,
            cure="copy it again or export it as OME-TIFF"
            if ending in PLUGINS
            else f"install bioio's plugin for {ending} files, or export it as OME-TIFF",
        ) from error


def _scene(image: Any, index: int) -> Scene:
    image.set_scene(index)
    sizes = image.physical_pixel_sizes
    return Scene(
        array=np.asarray(image.data),
        axes=str(image.dims.order),
        channels=tuple(str(name) for name in image.channel_names or ()),
        pixel_size=square(sizes.Y, sizes.X),
        z_spacing=sizes.Z,
    )


def _reason(error: Exception, path: Path) -> str:
    """What bioio says, in short: the plugin's own words, without how to find other plugins."""
    text = " ".join(str(error).replace(str(path), path.name).split()) or type(error).__name__
    return text.split(" You may need to install")[0].split("Reader: ")[-1].rstrip(".")[:LONGEST_REASON]
