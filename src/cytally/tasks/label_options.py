"""How to label."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from cytally.errors import UsageError
from cytally.tasks.file_options import check_file_options

Preset = Literal["auto", "thesis"]

LEAST_WINDOW = 64
"""Pixels; narrower windows show too little to learn from."""


@dataclass(frozen=True)
class LabelOptions:
    """How to label.

    Parameters
    ----------
    preset
        ``auto`` needs no setting; ``thesis`` follows Salomon-Sörensen 2023 with its settings.
    channel
        The stain's channel, by name or number; None takes the one that varies most.
    phase
        File, folder or pattern with the phase-contrast images that belong to the stain's.
    phase_channel
        Channel with the phase contrast: of the files of `phase`, or without those of the stain's own files.
    window
        Side in pixels of the squares that pairs are cut into; 0 leaves them whole.
    pattern
        How plate, well and tile are told from the files' names.
    skip_fewest
        Share of the images, those with the fewest nucleus pixels, that training should skip; 0 skips none.
    skip_above
        Share of nucleus pixels above which training should skip an image; 1 skips none.
    axes
        One letter per axis of the files (`TYX`, `ZYX`, …), where they do not tell or tell wrong.
    pixel_size
        Micrometres per pixel, where the files do not tell or tell wrong.
    resume, overwrite
        Go on in, or replace, an output folder that exists.

    Raises
    ------
    UsageError
        When a number makes no sense, the axes are no different letters with Y and X among them, or stain and phase
        contrast are the same channel of the same files.
    """

    preset: Preset = "auto"
    channel: str | None = None
    phase: str | None = None
    phase_channel: str | None = None
    window: int = 512
    pattern: str | None = None
    skip_fewest: float = 0.25
    skip_above: float = 0.5
    axes: str | None = None
    pixel_size: float | None = None
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.preset not in ("auto", "thesis"):
            raise UsageError(f"there is no preset '{self.preset}'", cure="take auto or thesis")
        if self.window != 0 and self.window < LEAST_WINDOW:
            raise UsageError(
                f"a window of {self.window} pixels is too small",
                cure=f"give {LEAST_WINDOW} or more, or 0 for whole images",
            )
        for name, share in (("skip-fewest", self.skip_fewest), ("skip-above", self.skip_above)):
            if not 0 <= share <= 1:
                raise UsageError(f"--{name} {share} is no share", cure="give a number from 0 to 1")
        check_file_options(self.axes, self.pixel_size)
        if self.phase is None and self.channel is not None and self.channel == self.phase_channel:
            raise UsageError(
                f"stain and phase contrast are both channel {self.channel}", cure="give --phase-channel another channel"
            )

    @property
    def pairs(self) -> bool:
        """Whether there are phase-contrast images to pair with the stain's."""
        return self.phase is not None or self.phase_channel is not None

    def deciding(self) -> dict[str, Any]:
        """What the files of an image depend on; a resumed run must agree in it.

        The filter is applied when all images are done; files of phase contrast, and the pattern that finds them, are
        compared by the pairs that they make.
        """
        names = ("preset", "channel", "phase_channel", "axes", "pixel_size")
        values = {name: getattr(self, name) for name in names} | {"pairs": self.pairs}
        return values | {"window": self.window if self.pairs else None}

    def as_dict(self) -> dict[str, Any]:
        """The options as run.json holds them."""
        values = {key: value for key, value in asdict(self).items() if key not in ("resume", "overwrite")}
        return values | self.deciding()
