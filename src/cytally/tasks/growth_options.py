"""How to follow a time-lapse."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cytally.errors import UsageError
from cytally.inference.backend import BackendName
from cytally.inference.torch_backend import Device
from cytally.tasks.file_options import check_file_options


@dataclass(frozen=True)
class GrowthTaskOptions:
    """How to follow a time-lapse.

    Parameters
    ----------
    interval
        Minutes from frame to frame, where the files do not tell or tell wrong.
    channel
        Channel to count in, by name or number; None takes what the model wants.
    axes
        One letter per axis of the files (`TYX`, `TCYX`, …), where they do not tell or tell wrong.
    pixel_size
        Micrometres per pixel, where the files do not tell or tell wrong.
    diameter
        A cell's typical diameter in pixels, for models that estimate it, where they estimate it wrong.
    pattern
        How the names of files tell well, tile and time; see `cytally.images.name_pattern`.
    grid
        Rows and columns of a well's tiles.
    samples
        A sheet with a column `image`, the time-lapse, and columns that name conditions.
    stabilise
        Take the camera's drift out.
    upright
        Turn chambers so that their walls stand upright.
    track
        Follow single cells.
    video
        Write a video.
    device, backend
        Where the network runs, and what runs it.
    resume, overwrite
        Go on in, or replace, an output folder that exists.

    Raises
    ------
    UsageError
        When a number makes no sense.
    """

    interval: float | None = None
    channel: str | None = None
    axes: str | None = None
    pixel_size: float | None = None
    diameter: float | None = None
    pattern: str | None = None
    grid: tuple[int, int] | None = None
    samples: Path | None = None
    stabilise: bool = True
    upright: bool = False
    track: bool = True
    video: bool = True
    device: Device = "auto"
    backend: BackendName = "auto"
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_file_options(self.axes, self.pixel_size)
        if self.interval is not None and not 0 < self.interval < math.inf:
            raise UsageError(
                f"an interval of {self.interval:g} minutes makes no sense",
                cure="give minutes from frame to frame, as 20",
            )
        if self.diameter is not None and not 0 < self.diameter < math.inf:
            raise UsageError(
                f"a diameter of {self.diameter:g} pixels makes no sense", cure="give a cell's diameter in pixels, as 20"
            )
        if self.grid is not None and self.pattern is None:
            raise UsageError(
                "--grid says how a well's tiles lie, but not which tiles belong together",
                cure="add --pattern, as '{well}_{tile}_{time}'",
            )

    def deciding(self) -> dict[str, Any]:
        """What the counts of frames depend on; a resumed run must agree in it."""
        names = ("channel", "axes", "pixel_size", "diameter", "pattern", "grid", "upright")
        return {name: self.as_dict()[name] for name in names}

    def seen(self) -> dict[str, Any]:
        """What results that are finished depend on besides."""
        return {name: self.as_dict()[name] for name in ("interval", "samples", "stabilise", "track", "video")}

    def files(self) -> dict[str, Path]:
        """The files that options name, by the option."""
        return {} if self.samples is None else {"samples": self.samples}

    def as_dict(self) -> dict[str, Any]:
        """The options as run.json holds them."""
        left_out = ("resume", "overwrite")
        values = {key: value for key, value in asdict(self).items() if key not in left_out}
        return values | {
            "samples": None if self.samples is None else str(self.samples),
            "grid": None if self.grid is None else list(self.grid),
        }


def grid_of(text: str) -> tuple[int, int]:
    """Rows and columns out of ``2x3``.

    Raises
    ------
    UsageError
        When they are no two whole numbers above 0.

    Examples
    --------
    >>> grid_of("2x3")
    (2, 3)
    """
    rows, _, columns = text.lower().replace("×", "x").partition("x")
    if not (rows.strip().isdecimal() and columns.strip().isdecimal() and int(rows) * int(columns) > 0):
        raise UsageError(f"'{text}' is no grid of tiles", cure="give rows x columns, as 2x3")
    return int(rows), int(columns)
