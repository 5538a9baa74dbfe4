"""What is known of one labelled image: its row of labels.csv, and what run.json holds beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

COLUMNS = ("image", "objects", "foreground", "shift_y", "shift_x", "correlation", "kept", "why")
NO_FIELDS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Window:
    """One pair in OUT/pairs: the name of its files, and the share of its pixels that lie in a nucleus."""

    image: str
    foreground: float


@dataclass(frozen=True)
class LabelledImage:
    """What is known of one image before the filter has seen all of them.

    Parameters
    ----------
    image
        The file's name, followed by ``#scene,time`` where it holds several.
    objects, foreground
        Number of nuclei, and the share of the pixels that lie in one.
    refused
        Why its labels are not to be trusted; None where nothing speaks against them.
    unpaired
        Why its phase-contrast image does not belong to it; None where it does or there is none.
    shift
        (y, x) in pixels by which the phase-contrast image was moved, or None.
    correlation
        How alike the two channels are once moved, or None.
    windows
        Its pairs.
    channel
        The stain's channel, in words.
    channels_in_file
        How many channels there were to choose from.
    phase_channel
        The phase contrast's channel, in words, where there were several to choose from; else None.
    seconds
        How long it took.
    """

    image: str
    objects: int
    foreground: float
    refused: str | None = None
    unpaired: str | None = None
    shift: tuple[float, float] | None = None
    correlation: float | None = None
    windows: tuple[Window, ...] = field(default=())
    channel: str = "0"
    channels_in_file: int = 1
    phase_channel: str | None = None
    seconds: float = 0.0

    @property
    def doubts(self) -> list[str]:
        """Why training should not see it, whatever the other images are like."""
        return [reason for reason in (self.refused, self.unpaired) if reason is not None]

    def details(self) -> dict[str, Any]:
        """What run.json holds of it."""
        return {key: value for key, value in asdict(self).items() if key != "image"}

    @classmethod
    def from_details(cls, image: str, details: Mapping[str, Any]) -> LabelledImage:
        """The image that `details` tells of.

        Examples
        --------
        >>> image = LabelledImage("a.tif", 2, 0.125, shift=(1.0, -2.5), windows=(Window("a.tif", 0.5),))
        >>> LabelledImage.from_details("a.tif", image.details()) == image
        True
        """
        values = dict(details)
        windows = tuple(Window(**window) for window in values.pop("windows"))
        shift = values.pop("shift")
        return cls(image, windows=windows, shift=None if shift is None else (shift[0], shift[1]), **values)

    def cells(self, why: str, fields: Mapping[str, str] = NO_FIELDS) -> dict[str, str]:
        """The row of labels.csv as text.

        Parameters
        ----------
        why
            Why training should skip it; empty where it is kept.
        fields
            What the file's name tells, by column.

        Examples
        --------
        >>> row = LabelledImage("a.tif", 2, 0.125, shift=(1.0, -2.5), correlation=0.43219).cells("", {"well": "B2"})
        >>> list(row.values())
        ['a.tif', 'B2', '2', '0.125', '1', '-2.5', '0.4322', 'yes', '']
        """
        shift_y, shift_x = ("", "") if self.shift is None else (f"{part + 0.0:.6g}" for part in self.shift)
        return {
            "image": self.image,
            **fields,
            "objects": str(self.objects),
            "foreground": f"{self.foreground:.6g}",
            "shift_y": shift_y,
            "shift_x": shift_x,
            "correlation": "" if self.correlation is None else f"{self.correlation:.4f}",
            "kept": "no" if why else "yes",
            "why": why,
        }


def columns(fields: Sequence[str] = ()) -> tuple[str, ...]:
    """The header of labels.csv; what the names tell, if anything, comes after the image."""
    return (COLUMNS[0], *fields, *COLUMNS[1:])
