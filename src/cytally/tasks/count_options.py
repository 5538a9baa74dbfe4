"""How to count."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from cytally.inference.torch_backend import Device
from cytally.tasks.file_options import check_file_options


@dataclass(frozen=True)
class CountOptions:
    """How to count.

    Parameters
    ----------
    channel
        Channel to count in, by name or number; None lets the model choose.
    axes
        One letter per axis of the files (`TYX`, `ZYX`, …), where they do not tell or tell wrong.
    pixel_size
        Micrometres per pixel, where the files do not tell or tell wrong.
    border
        ``include`` counts everything. ``exclude`` leaves out objects that touch the image's edge; for a density
        map, what lies within the radius of a cell of it.
    roi
        GeoJSON or ImageJ file with the areas to count in.
    samples
        CSV with a column `image` and columns that name conditions.
    device
        Where the network runs.
    resume, overwrite
        Go on in, or replace, an output folder that exists.

    Raises
    ------
    UsageError
        When the pixel size is no positive number, or the axes are no different letters with Y and X among them.
    """

    channel: str | None = None
    axes: str | None = None
    pixel_size: float | None = None
    border: Literal["include", "exclude"] = "include"
    roi: Path | None = None
    samples: Path | None = None
    device: Device = "auto"
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_file_options(self.axes, self.pixel_size)

    def deciding(self) -> dict[str, Any]:
        """What the counts depend on; a resumed run must agree in it. A region counts by its content."""
        roi = None if self.roi is None else hashlib.sha256(self.roi.read_bytes()).hexdigest()
        values = {"channel": self.channel, "axes": self.axes, "pixel_size": self.pixel_size, "border": self.border}
        return values | {"roi_sha256": roi}

    def as_dict(self) -> dict[str, Any]:
        """The options as run.json holds them."""
        values = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}
        return {key: value for key, value in values.items() if key not in ("resume", "overwrite")} | self.deciding()
