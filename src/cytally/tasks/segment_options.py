"""How to segment."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cytally.errors import UsageError
from cytally.inference.backend import BackendName
from cytally.inference.torch_backend import Device
from cytally.tasks.file_options import check_file_options

Objects = Literal["auto", "linked", "volume", "slices"]


@dataclass(frozen=True)
class SegmentOptions:
    """How to segment.

    Parameters
    ----------
    channel
        Channel to segment, by name or number; None takes the one that varies most.
    axes
        One letter per axis of the files (`ZYX`, `TZYX`, …), where they do not tell or tell wrong.
    pixel_size, z_spacing
        Micrometres per pixel, and from slice to slice, where the files do not tell or tell wrong.
    challenge
        Write a result folder of the Cell Tracking Challenge for every sequence as well.
    device
        Where the network runs.
    backend
        What runs it: ``auto`` takes OpenVINO on a processor where it is installed and gives what torch gives.
    objects
        How objects arise, where otherwise than the model's `options.objects` says: ``linked`` from slice to slice,
        parted in the whole ``volume`` at once, or per slice alone (``slices``).
    resume, overwrite
        Go on in, or replace, an output folder that exists.

    Raises
    ------
    UsageError
        When a length is no positive number, or the axes are no different letters with Z, Y and X among them.
    """

    channel: str | None = None
    axes: str | None = None
    pixel_size: float | None = None
    z_spacing: float | None = None
    challenge: bool = False
    device: Device = "auto"
    backend: BackendName = "auto"
    objects: Objects | None = None
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_file_options(self.axes, self.pixel_size)
        if self.axes is not None and "Z" not in self.axes.upper():
            raise UsageError(f"the axes '{self.axes}' have no depth", cure="give axes with a Z, as ZYX or TZYX")
        if self.z_spacing is not None and not 0 < self.z_spacing < math.inf:
            raise UsageError(
                f"a spacing of {self.z_spacing} µm between slices makes no sense",
                cure="give micrometres from slice to slice, as 5",
            )

    def deciding(self) -> dict[str, Any]:
        """What the labels depend on; a resumed run must agree in it."""
        names = ("channel", "axes", "pixel_size", "z_spacing", "objects")
        return {name: getattr(self, name) for name in names}

    def as_dict(self) -> dict[str, Any]:
        """The options as run.json holds them."""
        return {key: value for key, value in asdict(self).items() if key not in ("resume", "overwrite")}
