"""A volume: one channel of a stack of slices, read slice by slice, so that it may be larger than memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import ImageError, UsageError
from cytally.images.channels import find_channel, most_varying
from cytally.images.checks import SMALLEST
from cytally.images.formats import TIFF, is_zarr
from cytally.images.image import AXES, COLOURS, Image, Plane
from cytally.images.read import LONGEST_MAGIC, read
from cytally.images.told_axes import NOTHING
from cytally.images.volume_axes import find_depth
from cytally.images.volume_scene import SlicedScene


@dataclass(frozen=True, eq=False)
class Volume:
    """One time point of one scene, and one channel of it: a stack of slices that are read when they are asked for.

    Parameters
    ----------
    name
        The file's name, followed by ``#scene,time`` where the file holds several volumes.
    shape
        Numbers of slices, rows and columns (Z, Y, X).
    dtype
        Type of the pixels, in native byte order; truth values come as uint8.
    pixel_size, z_spacing
        Micrometres per pixel in Y and X, and between slices; None where unknown.
    source
        The file it is read from, or None for an array.
    channel
        The channel's name; where the file tells none its number, and nothing where it is the only one.
    channels_in_file
        How many channels the file holds.
    """

    name: str
    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    pixel_size: float | None = None
    z_spacing: float | None = None
    source: Path | None = None
    channel: str = ""
    channels_in_file: int = 1
    _read: Callable[[int], NDArray[Any]] = field(kw_only=True, repr=False)

    @classmethod
    def from_array(
        cls,
        array: NDArray[Any],
        *,
        pixel_size: float | None = None,
        z_spacing: float | None = None,
        name: str = "array",
    ) -> Volume:
        """Wrap a NumPy array, a memory map among them.

        Parameters
        ----------
        array
            Pixels (Z, Y, X), one slice or more.
        pixel_size, z_spacing
            Micrometres per pixel, and between slices.
        name
            What to call it in results.

        Raises
        ------
        ImageError
            When it does not have three axes, is narrower than 8 pixels, or holds no real numbers.

        Examples
        --------
        >>> volume = Volume.from_array(np.zeros((3, 16, 20), np.uint16), pixel_size=0.5, z_spacing=2)
        >>> volume.shape, volume.anisotropy, volume.slice(2).shape
        ((3, 16, 20), 4.0, (16, 20))
        """
        array = np.asanyarray(array)
        if array.ndim == 2:
            raise ImageError(
                "is one picture, not a volume", file=name, cure="give an array with three axes, Z, Y and X"
            )
        if array.ndim != 3:
            raise ImageError(f"has shape {array.shape}", file=name, cure="give an array with three axes, Z, Y and X")
        depth, height, width = array.shape
        return cls(
            name=name,
            shape=checked_shape((depth, height, width), name),
            dtype=checked_type(array.dtype, name),
            pixel_size=checked_length(pixel_size, "pixel size"),
            z_spacing=checked_length(z_spacing, "spacing between slices"),
            _read=lambda z: np.asarray(array[z]),
        )

    @property
    def anisotropy(self) -> float | None:
        """Spacing between slices divided by the pixel size; None where one of them is unknown.

        Examples
        --------
        >>> Volume.from_array(np.zeros((2, 8, 8)), pixel_size=1.242, z_spacing=6).anisotropy
        4.830917874396135
        """
        if self.pixel_size is None or self.z_spacing is None:
            return None
        return self.z_spacing / self.pixel_size

    def slice(self, z: int) -> NDArray[Any]:
        """Read one slice (Y, X).

        Raises
        ------
        ImageError
            When its pixels are damaged, NaN or infinite; it names the file and the slice.
        IndexError
            When there is no such slice.
        """
        if not 0 <= z < self.shape[0]:
            raise IndexError(f"there is no slice {z} in a volume of {self.shape[0]}")
        pixels = np.ascontiguousarray(self._read(z), self.dtype)
        if self.dtype.kind == "f":
            bad = pixels.size - int(np.count_nonzero(np.isfinite(pixels)))
            if bad:
                raise ImageError(
                    f"has {bad} pixel{'s' if bad > 1 else ''} that {'are' if bad > 1 else 'is'} NaN or infinite, "
                    f"in slice {z} (from 0)",
                    file=self.source or self.name,
                    cure="replace them and save it again",
                )
        return pixels

    def slices(self) -> Iterator[NDArray[Any]]:
        """All slices (Y, X) in order, one held at a time."""
        return (self.slice(z) for z in range(self.shape[0]))


def open_volumes(
    path: str | Path,
    *,
    axes: str | None = None,
    channel: str | None = None,
    pixel_size: float | None = None,
    z_spacing: float | None = None,
) -> list[Volume]:
    """Open a file: one `Volume` per scene and time point. Its pixels are read slice by slice, when asked for.

    Of TIFF (compressed or not, hyperstacks of ImageJ, OME) and OME-Zarr, no more than a few slices are ever held. Other
    formats are read whole.

    Parameters
    ----------
    path
        Any supported image file, or an OME-Zarr folder.
    axes
        One letter per axis out of T, C, Z, Y, X and S (colour samples), where the file tells none or wrong ones. Three
        axes of which nothing is told are Z, Y and X.
    channel
        Which channel: its name or its number, from 0. Without it, the one that varies most in the middle slice.
    pixel_size, z_spacing
        Micrometres per pixel and between slices, where the file tells none or wrong ones.

    Raises
    ------
    ImageError
        When the file cannot be read, is one picture or a time-lapse of pictures, has no such channel, axes that cannot
        be told, or is narrower than 8 pixels. NaN is found when the slice is read.
    UsageError
        When `pixel_size` or `z_spacing` is not a positive number.
    """
    path = Path(path)
    checked_length(pixel_size, "pixel size")
    checked_length(z_spacing, "spacing between slices")
    scenes = _open(path, axes)
    volumes: list[Volume] = []
    for number, scene in enumerate(scenes):
        letters = find_depth(scene, path, axes)
        sizes = dict(zip(letters, scene.pixels.shape, strict=True))
        shape = checked_shape((sizes.get("Z", 1), sizes["Y"], sizes["X"]), path)
        kind = checked_type(scene.pixels.dtype, path)
        times, count = sizes.get("T", 1), max(sizes.get("C", 1), sizes.get("S", 1))
        names = _channel_names(scene, letters, count)
        reads = [[_reader(scene, letters, time, one) for one in range(count)] for time in range(times)]
        chosen = _choose(path, names, channel, reads[times // 2], shape[0] // 2)
        volumes += [
            Volume(
                name=f"{path.name}#{number},{time}" if len(scenes) > 1 or times > 1 else path.name,
                shape=shape,
                dtype=kind,
                pixel_size=pixel_size or scene.pixel_size,
                z_spacing=z_spacing or scene.z_spacing,
                source=path,
                channel=names[chosen] or (str(chosen) if count > 1 else ""),
                channels_in_file=count,
                _read=reads[time][chosen],
            )
            for time in range(times)
        ]
    return volumes


def _open(path: Path, axes: str | None) -> list[SlicedScene]:
    """The scenes of a file, read slice by slice where its format allows it."""
    if is_zarr(path):
        from cytally.images.ome_zarr import open_ome_zarr

        return open_ome_zarr(path)
    if path.suffix.lower() in TIFF and path.is_file() and path.stat().st_size:
        from cytally.images.tiff import is_tiff
        from cytally.images.tiff_slices import open_tiff

        try:
            with path.open("rb") as file:
                head = file.read(LONGEST_MAGIC)
            if is_tiff(head):
                return open_tiff(path, axes)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ImageError(f"could not be opened ({reason})", file=path, cure="check its permissions") from error
    return [_whole(image) for image in read(path)]


def _whole(image: Image) -> SlicedScene:
    """A scene of an image that is in memory, without its axes of length 1."""
    long = [letter for letter, size in zip(AXES, image.data.shape, strict=True) if size > 1 or letter in "YX"]
    pixels = image.data.squeeze(tuple(place for place, letter in enumerate(AXES) if letter not in long))
    spacing = image.z_spacing if "Z" in long else None
    return SlicedScene(pixels, "".join(long), image.channels, image.pixel_size, spacing)


def _channel_names(scene: SlicedScene, letters: str, count: int) -> tuple[str, ...]:
    if len(scene.channels) == count:
        return tuple(scene.channels)
    return COLOURS["3"] if "S" in letters and count == len(COLOURS["3"]) else ("",) * count


def _reader(scene: SlicedScene, letters: str, time: int, channel: int) -> Callable[[int], NDArray[Any]]:
    """A function that reads one slice (Y, X) of one time and channel."""
    turned = letters.index("X") < letters.index("Y")

    def read_slice(z: int) -> NDArray[Any]:
        numbers = {"T": time, "C": channel, "S": channel, "Z": z, NOTHING: 0}
        picture = scene.pixels[tuple(slice(None) if letter in "YX" else numbers[letter] for letter in letters)]
        return picture.T if turned else picture

    return read_slice


def _choose(
    path: Path, names: tuple[str, ...], channel: str | None, reads: list[Callable[[int], NDArray[Any]]], middle: int
) -> int:
    """Index of the channel: the one asked for, or the one that varies most in the middle slice."""
    if channel is not None:
        return find_channel(Plane(np.zeros((len(names), 1, 1)), path.name, names, source=path), channel)
    if len(reads) == 1:
        return 0
    pictures = np.stack([read_slice(middle) for read_slice in reads])
    if pictures.dtype.kind == "f":  # what is NaN is told when the slice is read
        pictures = np.nan_to_num(pictures, posinf=0, neginf=0)
    return most_varying(pictures)


def checked_shape(shape: tuple[int, int, int], file: str | Path) -> tuple[int, int, int]:
    """Return the shape (Z, Y, X). ImageError where it has no slices, or is narrower than 8 pixels."""
    _, height, width = shape
    if 0 in shape:
        raise ImageError(f"has no pixels (shape {shape}, Z, Y, X)", file=file, cure="export it again")
    if min(height, width) < SMALLEST:
        raise ImageError(
            f"has slices of {height} x {width} pixels (Y x X), and needs at least {SMALLEST} x {SMALLEST}",
            file=file,
            cure="name its axes with --axes if these are not Y and X, else leave it out",
        )
    return shape


def checked_type(kind: np.dtype[Any], file: str | Path) -> np.dtype[Any]:
    """The type in which slices are given. ImageError where the pixels are no real numbers."""
    if kind.kind == "b":
        return np.dtype(np.uint8)
    if kind.kind == "c":
        raise ImageError("holds complex numbers", file=file, cure="save their magnitude as 32-bit float")
    if kind.kind not in "uif":
        raise ImageError(f"holds {kind}, not numbers", file=file, cure="save it as 8 or 16-bit integers")
    return kind.newbyteorder("=")


def checked_length(length: float | None, what: str) -> float | None:
    """Return the length. UsageError where it is not a positive number."""
    if length is not None and not (math.isfinite(length) and length > 0):
        raise UsageError(f"the {what} is {length}", cure="give it in micrometres, above 0")
    return length
