"""A preset by its name, be it of images, of volumes or of time-lapses, ready to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cytally.errors import ConfigError
from cytally.synthesis.presets import Drawing, changed, make_drawing, nearest, preset_names
from cytally.synthesis.timelapse import DrawnTimelapse, draw_timelapse
from cytally.synthesis.timelapse_config import TimelapseConfig
from cytally.synthesis.timelapse_presets import TIMELAPSE_PRESETS
from cytally.synthesis.volume_config import VolumeConfig
from cytally.synthesis.volume_presets import VOLUME_PRESETS
from cytally.synthesis.volumes import DrawnVolume, draw_volume


@dataclass(frozen=True)
class VolumeDrawing:
    """A preset of volumes with its settings, ready to draw; as `Drawing` is one of images."""

    preset: str
    config: VolumeConfig

    def settings(self) -> dict[str, Any]:
        """All settings, as plain values that a file can hold."""
        return self.config.model_dump(mode="json")

    def draw(self, rng: np.random.Generator) -> DrawnVolume:
        """Draw one volume."""
        return draw_volume(self.config, rng)


@dataclass(frozen=True)
class TimelapseDrawing:
    """A preset of time-lapses with its settings, ready to draw."""

    preset: str
    config: TimelapseConfig

    def settings(self) -> dict[str, Any]:
        """All settings, as plain values that a file can hold."""
        return self.config.model_dump(mode="json")

    def draw(self, rng: np.random.Generator) -> DrawnTimelapse:
        """Draw one time-lapse."""
        return draw_timelapse(self.config, rng)


AnyDrawing = Drawing | VolumeDrawing | TimelapseDrawing


def things(drawing: AnyDrawing) -> str:
    """What a preset draws: images, volumes or time-lapses."""
    if isinstance(drawing, Drawing):
        return "images"
    return "volumes" if isinstance(drawing, VolumeDrawing) else "time-lapses"


def find_drawing(preset: str, settings: dict[str, Any] | None = None) -> AnyDrawing:
    """Take a preset and change some of its settings.

    Raises
    ------
    ConfigError
        There is no such preset, or a setting is unknown or out of range.
    """
    if preset in VOLUME_PRESETS:
        return VolumeDrawing(preset, changed(VOLUME_PRESETS[preset], settings or {}, preset))
    if preset in TIMELAPSE_PRESETS:
        return TimelapseDrawing(preset, changed(TIMELAPSE_PRESETS[preset], settings or {}, preset))
    names = [*preset_names(), *VOLUME_PRESETS, *TIMELAPSE_PRESETS]
    if preset not in names:
        cure = nearest(preset, names, f"choose one of {', '.join(names)}")
        raise ConfigError(f"there is no preset '{preset}'", cure=cure)
    return make_drawing(preset, settings)
