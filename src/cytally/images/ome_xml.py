"""What OME-XML tells of each image: pixel size, spacing of slices, channel names."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree

from cytally.images.units import micrometres, square


@dataclass(frozen=True)
class OmeImage:
    """One ``Image`` element. Sizes in micrometres, None where not told; `channels` empty where none has a name."""

    channels: tuple[str, ...] = ()
    pixel_size: float | None = None
    z_spacing: float | None = None


def parse_ome(xml: str | None) -> list[OmeImage | None]:
    """Read OME-XML; an empty list where there is none, or it is broken.

    Examples
    --------
    >>> parse_ome('<OME><Image><Pixels PhysicalSizeX="500" PhysicalSizeXUnit="nm"/></Image></OME>')
    [OmeImage(channels=(), pixel_size=0.5, z_spacing=None)]
    """
    if not xml:
        return []
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return []
    return [_image(pixels) for pixels in root.iterfind("./{*}Image/{*}Pixels")]


def _image(pixels: ElementTree.Element) -> OmeImage:
    # One channel of several samples is a colour picture, whose samples have names already.
    names = tuple(
        channel.get("Name", "")
        for channel in pixels.iterfind("{*}Channel")
        if int(channel.get("SamplesPerPixel", "1")) == 1
    )
    y, x, z = (_length(pixels, axis) for axis in "YXZ")
    return OmeImage(names if any(names) else (), square(y, x), z)


def _length(pixels: ElementTree.Element, axis: str) -> float | None:
    text = pixels.get(f"PhysicalSize{axis}")
    if text is None:
        return None
    try:
        return micrometres(float(text), pixels.get(f"PhysicalSize{axis}Unit", "µm"))
    except ValueError:
        return None
