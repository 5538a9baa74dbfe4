"""Files that frames lie in: what they hold is told without reading pixels, and frames are read one by one."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from numpy.typing import NDArray

from cytally.errors import ImageError
from cytally.images.formats import OPENSLIDE, SUPPORTED, VENDOR, is_zarr
from cytally.images.frame_scene import FrameScene, frame_scene
from cytally.images.frame_times import TimeTold
from cytally.images.image import COLOURS
from cytally.images.read import LONGEST_MAGIC, read
from cytally.images.volume import checked_shape

MOST_OPEN = 256
"""Files of several frames of which it is remembered where their frames lie."""

GREY_MODES = ("1", "L", "LA", "I", "F")
"""Pillow's names of pictures with one channel; those that begin with ``I;`` are others."""


class Picture(NamedTuple):
    """Where one picture lies: file, scene and time."""

    path: Path
    scene: int
    time: int


class OpenFiles:
    """Reads pictures, and remembers where those of large files lie. Travels to other processes without its memory.

    Parameters
    ----------
    axes
        What the user says the axes of all files are.
    """

    def __init__(self, axes: str | None = None) -> None:
        self._axes = axes
        self._known: OrderedDict[Path, list[FrameScene]] = OrderedDict()

    def read(self, picture: Picture) -> NDArray[Any]:
        """Read one picture (C, Y, X), depth projected by its maximum. ImageError where that cannot be done."""
        scenes = self._known.get(picture.path)
        if scenes is None:
            scenes = open_scenes(picture.path, self._axes)
            # A file of one frame is read once.
            if len(scenes) > 1 or scenes[0].times > 1:
                self._known[picture.path] = scenes
                if len(self._known) > MOST_OPEN:
                    self._known.popitem(last=False)
        if picture.scene >= len(scenes) or picture.time >= scenes[picture.scene].times:
            raise ImageError(
                "has fewer frames than when it was opened", file=picture.path, cure="wait until it is written whole"
            )
        reader = scenes[picture.scene].read
        assert reader is not None
        return reader(picture.time)

    def __getstate__(self) -> dict[str, Any]:
        return {"_axes": self._axes, "_known": OrderedDict()}


def open_scenes(path: Path, axes: str | None = None) -> list[FrameScene]:
    """Open a file of any supported format: one `FrameScene` per scene.

    Parameters
    ----------
    path
        The file.
    axes
        What the user says its axes are. An untagged axis is time where there is one of them.

    Raises
    ------
    ImageError
        When it cannot be opened, its axes cannot be told, or it is narrower than 8 pixels.
    """
    try:
        if is_zarr(path):
            return _open_zarr(path, axes)
        ending = path.suffix.lower()
        if path.is_file() and path.stat().st_size and ending in SUPPORTED and ending not in OPENSLIDE:
            if ending in VENDOR:
                from cytally.images.frame_vendor import open_vendor_frames

                return open_vendor_frames(path, axes)
            return _open_file(path, axes)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ImageError(f"could not be opened ({reason})", file=path, cure="check its permissions") from error
    read(path)  # raises what is wrong with it
    raise ImageError("changed while it was opened", file=path, cure="wait until it is written whole")


def look(path: Path, axes: str | None = None) -> list[FrameScene]:
    """As `open_scenes`, without keeping the file in mind."""
    return [replace(scene, read=None) for scene in open_scenes(path, axes)]


def _open_zarr(path: Path, axes: str | None) -> list[FrameScene]:
    from cytally.images.frame_times import zarr_times
    from cytally.images.ome_zarr import open_ome_zarr

    found = list(zip(open_ome_zarr(path), zarr_times(path), strict=True))
    return [frame_scene(scene, path, axes, number, len(found), told) for number, (scene, told) in enumerate(found)]


def _open_file(path: Path, axes: str | None) -> list[FrameScene]:
    from cytally.images.raster import format_of
    from cytally.images.tiff import is_tiff

    with path.open("rb") as file:
        head = file.read(LONGEST_MAGIC)
    if is_tiff(head):
        from cytally.images.frame_tiff import open_tiff_frames

        return open_tiff_frames(path, axes)
    if not format_of(head):
        read(path)  # raises what is wrong with it
    return [_raster(path)]


def _raster(path: Path) -> FrameScene:
    """A PNG, JPEG or BMP: one frame, of which the head alone is read."""
    from PIL import Image as Pillow

    try:
        with Pillow.open(path) as picture:
            (width, height), mode = picture.size, picture.mode
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):
        data = read(path)[0].data
        height, width, mode = *data.shape[-2:], "L" if data.shape[1] == 1 else "RGB"
    checked_shape((1, height, width), path)
    return FrameScene(
        path=path,
        number=0,
        scenes=1,
        times=1,
        depth=1,
        shape=(height, width),
        channels=COLOURS["1" if mode in GREY_MODES or mode.startswith("I;") else "3"],
        pixel_size=None,
        told=TimeTold(),
        has_time=False,
        read=lambda time: read(path)[0].data[time, :, 0],
    )
