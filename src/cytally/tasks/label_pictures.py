"""The pictures of one labelled plane: label image, overlay, and the pairs that a network learns from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.files import whole_file
from cytally.images.image import Plane
from cytally.images.write import write_labels
from cytally.labelling.labelled import Labelled
from cytally.report.overlays import overlay, write_png
from cytally.results import Prediction
from cytally.tasks.label_plane import PairedWindow
from cytally.tasks.label_row import Window


def write_labelled(folder: Path, stem: str, plane: Plane, channel: int, labelled: Labelled) -> None:
    """Write labels/STEM.tif, with the plane's pixel size, and overlays/STEM.png, the stain with the nuclei's outlines.

    Parameters
    ----------
    folder
        The output folder.
    stem
        Name of the files, without ending.
    plane, channel
        The plane, and which of its channels was labelled.
    labelled
        What was found.
    """
    write_labels(folder / "labels" / f"{stem}.tif", labelled.labels, plane.pixel_size)
    write_overlay(folder, stem, plane.data, channel, labelled)


def write_overlay(folder: Path, stem: str, data: NDArray[Any], channel: int, labelled: Labelled) -> None:
    """Write overlays/STEM.png, a channel of pixels (C, Y, X) with the nuclei's outlines."""
    found = Prediction(count=float(labelled.objects), labels=labelled.labels)
    write_png(folder / "overlays" / f"{stem}.png", overlay(data, channel, found))


def write_windows(
    pairs: Path, stem: str, windows: Sequence[PairedWindow], pixel_size: float | None
) -> tuple[Window, ...]:
    """Write images/, labels/ and stain/ of a data folder, the same name in each.

    Parameters
    ----------
    pairs
        The data folder.
    stem
        Name of the files, without ending. Where there are several windows, their top left corner is added.
    windows
        The windows of one plane.
    pixel_size
        Micrometres per pixel.

    Returns
    -------
    tuple of Window
        The name and the share of nuclei of each.
    """
    written = []
    for window in windows:
        place = f"_y{window.y:04d}_x{window.x:04d}" if len(windows) > 1 else ""
        name = f"{stem}{place}.tif"
        write_labels(pairs / "labels" / name, window.labels, pixel_size)
        _write_picture(pairs / "stain" / name, window.stain, pixel_size)
        _write_picture(pairs / "images" / name, window.phase, pixel_size)
        written.append(Window(name, window.foreground))
    return tuple(written)


def _write_picture(path: Path, picture: NDArray[Any], pixel_size: float | None) -> None:
    import tifffile

    # What TIFF cannot hold, or few programs read, becomes the next larger number.
    narrower = {
        "bool": np.uint8,
        "int64": np.float32,
        "uint64": np.float32,
        "float64": np.float32,
        "float16": np.float32,
    }
    picture = picture.astype(narrower.get(picture.dtype.name, picture.dtype), copy=False)
    with whole_file(path) as temporary:
        tifffile.imwrite(
            temporary,
            picture,
            photometric="minisblack",
            compression="zlib",
            metadata={"axes": "YX"},
            resolution=None if pixel_size is None else (1e4 / pixel_size, 1e4 / pixel_size),
            resolutionunit=None if pixel_size is None else "CENTIMETER",
        )
