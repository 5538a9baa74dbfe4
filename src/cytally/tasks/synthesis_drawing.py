"""A preset by its name, be it of images or of volumes, ready to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cytally.errors import ConfigError
from cytally.synthesis.presets import Drawing, changed, make_drawing, nearest, preset_names
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


def find_drawing(preset: str, settings: dict[str, Any] | None = None) -> Drawing | VolumeDrawing:
    """Take a preset and change some of its settings.

    Raises
    ------
    ConfigError
        There is no such preset, or a setting is unknown or out of range.
    """
    if preset in VOLUME_PRESETS:
        return VolumeDrawing(preset, changed(VOLUME_PRESETS[preset], settings or {}, preset))
    names = [*preset_names(), *VOLUME_PRESETS]
    if preset not in names:
        cure = nearest(preset, names, f"choose one of {', '.join(names)}")
        raise ConfigError(f"there is no preset '{preset}'", cure=cure)
    return make_drawing(preset, settings)
