"""How to suggest what to label next."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cytally.errors import UsageError
from cytally.inference.torch_backend import Device
from cytally.tasks.file_options import check_file_options


@dataclass(frozen=True)
class SuggestOptions:
    """How to suggest what to label next.

    Parameters
    ----------
    number
        Length of the queue.
    regions
        Suggest regions in place of whole images.
    labelled
        A data folder of what is labelled already: its images are not suggested, and what is like them comes late.
    channel
        Channel to look at, by name or number; None lets the model choose.
    axes
        One letter per axis of the files (`TYX`, `ZYX`, …), where they do not tell or tell wrong.
    pixel_size
        Micrometres per pixel, where the files do not tell or tell wrong.
    device
        Where the network runs.
    resume, overwrite
        Go on in, or replace, an output folder that exists.

    Raises
    ------
    UsageError
        When the number is not positive, or pixel size or axes make no sense.
    """

    number: int = 20
    regions: bool = False
    labelled: str | Path | None = None
    channel: str | None = None
    axes: str | None = None
    pixel_size: float | None = None
    device: Device = "auto"
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_file_options(self.axes, self.pixel_size)
        if self.number < 1:
            raise UsageError(f"a queue of {self.number} makes no sense", cure="give --number 20, for example")

    def deciding(self) -> dict[str, Any]:
        """What is seen in an image depends on these; a resumed run must agree in them."""
        return {name: getattr(self, name) for name in ("regions", "channel", "axes", "pixel_size")}

    def as_dict(self) -> dict[str, Any]:
        """The options as run.json holds them."""
        values = {key: value for key, value in asdict(self).items() if key not in ("resume", "overwrite")}
        return values | {"labelled": None if self.labelled is None else str(self.labelled)}
