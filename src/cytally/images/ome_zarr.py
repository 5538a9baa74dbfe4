"""OME-Zarr (NGFF) 0.4 and 0.5: the highest resolution of each image in a zarr folder."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cytally.errors import ImageError
from cytally.images.assemble import Scene
from cytally.images.units import micrometres, square

DAMAGE = (ValueError, RuntimeError, OSError, LookupError, TypeError, AttributeError, EOFError, zlib.error)
"""What zarr and its codecs raise on broken metadata and chunks."""


def read_ome_zarr(path: Path) -> list[Scene]:
    """Read every image of an OME-Zarr folder, axes and pixel size from its metadata.

    Several images lie in numbered groups, as bioformats2raw writes them; each is a scene.

    Raises
    ------
    ImageError
        When it has no multiscales metadata, is a whole plate, is damaged, or does not fit into memory.

    Notes
    -----
    Source: Next-generation file formats specification, https://ngff.openmicroscopy.org, versions 0.4 and 0.5.
    """
    import zarr

    try:
        node = zarr.open(path, mode="r")
        if not isinstance(node, zarr.Group):
            raise ImageError("is a bare zarr array without axes", file=path, cure="save it as OME-Zarr")
        about = _metadata(node)
        if "multiscales" in about:
            return [_scene(node, about, path)]
        if "plate" in about or "well" in about:
            raise ImageError(
                "is a plate of many fields", file=path, cure=f"name its fields one by one, as in {path / 'A/1/0'}"
            )
        groups = [node[name] for name in sorted((n for n in node.group_keys() if n.isdecimal()), key=int)]
        found = [(group, _metadata(group)) for group in groups]
        scenes = [_scene(group, metadata, path) for group, metadata in found if "multiscales" in metadata]
    except MemoryError as error:
        raise ImageError("does not fit into memory", file=path, cure="cut it into smaller images") from error
    except DAMAGE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ImageError(f"is a damaged zarr ({reason})", file=path, cure="copy or export it again") from error
    if not scenes:
        raise ImageError("has no OME-Zarr metadata (multiscales)", file=path, cure="save it as OME-Zarr 0.4 or 0.5")
    return scenes


def _metadata(group: Any) -> Mapping[str, Any]:
    """The OME part of the attributes: under ``ome`` from version 0.5 on."""
    attributes: Mapping[str, Any] = group.attrs.asdict()
    inner: Mapping[str, Any] = attributes.get("ome", attributes)
    return inner


def _scene(group: Any, about: Mapping[str, Any], root: Path) -> Scene:
    multiscale = about["multiscales"][0]
    level = multiscale["datasets"][0]
    # Version 0.3 has names where later ones have mappings.
    axes = [axis if isinstance(axis, Mapping) else {"name": axis} for axis in multiscale["axes"]]
    scale = _scale(level, len(axes)) * _scale(multiscale, len(axes))
    size = {
        str(axis["name"]).lower(): micrometres(float(step), axis.get("unit"))
        for axis, step in zip(axes, scale, strict=True)
    }
    channels = tuple(str(channel.get("label", "")) for channel in about.get("omero", {}).get("channels", ()))
    pixels = group[level["path"]]
    if _is_cut(pixels, root / pixels.path):
        raise ValueError("a chunk is cut off")
    return Scene(
        array=np.asarray(pixels[...]),
        axes="".join(str(axis["name"])[0].upper() for axis in axes),
        channels=channels if any(channels) else (),
        pixel_size=square(size.get("y"), size.get("x")),
        z_spacing=size.get("z"),
    )


def _scale(holder: Mapping[str, Any], count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The product of the scale transformations in `holder`."""
    scale = np.ones(count)
    for transformation in holder.get("coordinateTransformations", ()):
        if transformation.get("type") == "scale":
            scale = scale * np.asarray(transformation["scale"], dtype=np.float64)
    return scale


def _is_cut(pixels: Any, folder: Path) -> bool:
    """Whether a chunk packed by Blosc is shorter than it says: the decoder would fill it with what lies in memory.

    Other codecs notice by themselves. Source: Blosc chunk format, bytes 12 to 15 are the compressed size.
    """
    if (
        pixels.shards is not None
        or not pixels.compressors
        or "blosc" not in type(pixels.compressors[-1]).__name__.lower()
    ):
        return False
    for chunk in folder.rglob("*"):
        if chunk.is_file() and not chunk.name.startswith(".") and chunk.name != "zarr.json":
            with chunk.open("rb") as file:
                said = int.from_bytes(file.read(16)[12:], "little")
            if said != chunk.stat().st_size:
                return True
    return False
