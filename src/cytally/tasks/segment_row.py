"""What is known of one segmented volume: its row of counts.csv, and what run.json holds beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cytally.tasks import count_row
from cytally.tasks.count_row import CountRow

COLUMNS = (*count_row.COLUMNS, "slices", "anisotropy")


@dataclass(frozen=True)
class SegmentedVolume:
    """What is known of one volume.

    Parameters
    ----------
    image
        The file's name, followed by ``#scene,time`` where it holds several volumes.
    objects
        Number of objects.
    shape
        Z, Y, X.
    pixel_size, z_spacing
        Micrometres per pixel and from slice to slice; None where unknown.
    anisotropy
        Spacing of the slices over the pixel size, as it was used.
    flags
        What is unusual about it.
    channel
        The channel that was segmented, in words.
    channels_in_file
        How many there were to choose from.
    volumes_in_file
        How many volumes its file holds.
    seconds
        How long it took.
    """

    image: str
    objects: int
    shape: tuple[int, int, int]
    pixel_size: float | None
    z_spacing: float | None
    anisotropy: float
    flags: tuple[str, ...] = ()
    channel: str = "0"
    channels_in_file: int = 1
    volumes_in_file: int = 1
    seconds: float = 0.0

    @property
    def area_mm2(self) -> float | None:
        """Area of the field, that of one slice."""
        return None if self.pixel_size is None else self.shape[1] * self.shape[2] * (self.pixel_size / 1000) ** 2

    def details(self) -> dict[str, Any]:
        """What run.json holds of it."""
        return {key: value for key, value in asdict(self).items() if key != "image"}

    @classmethod
    def from_details(cls, image: str, details: Mapping[str, Any]) -> SegmentedVolume:
        """The volume that `details` tells of.

        Examples
        --------
        >>> volume = SegmentedVolume("a.tif", 3, (2, 8, 9), 0.5, None, 1.0, ("no-voxel-size",))
        >>> SegmentedVolume.from_details("a.tif", volume.details()) == volume
        True
        """
        z, y, x = details["shape"]
        values = {**details, "shape": (int(z), int(y), int(x)), "flags": tuple(details["flags"])}
        return cls(image, **values)

    def cells(self, model: str) -> dict[str, str]:
        """The row of counts.csv as text; `model` is what it calls the model.

        Examples
        --------
        >>> list(SegmentedVolume("a.tif", 3, (2, 1000, 500), 2.0, 5.0, 2.5, ("black",)).cells("m").values())
        ['a.tif', '3', '', '', '2', '1.5', 'm', 'black', '2', '2.5']
        """
        area = self.area_mm2
        density = None if area is None else self.objects / area
        row = CountRow(self.image, float(self.objects), None, None, area, density, model, self.flags)
        return {**row.cells(), "slices": str(self.shape[0]), "anisotropy": f"{self.anisotropy:.6g}"}
