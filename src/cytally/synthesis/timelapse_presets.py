"""Kinds of drawn time-lapses, by name."""

from __future__ import annotations

from cytally.synthesis.timelapse_config import TimelapseConfig

__all__ = ["TIMELAPSE_PRESETS"]

TIMELAPSE_PRESETS: dict[str, TimelapseConfig] = {
    # Nuclei far apart: most never meet another.
    "timelapse-low": TimelapseConfig(
        cells=60, diameter=22, doubling_time=900, death_rate=0.004, speed=9, persistence=60, clustering=0.1
    ),
    # A quarter of the field is nuclei at the beginning, half of it in the end.
    "timelapse-high": TimelapseConfig(
        cells=250, diameter=18, doubling_time=900, death_rate=0.004, speed=6, persistence=60, clustering=0.4
    ),
    # To measure growth by: 200 cells that double within half a day and wander little.
    "timelapse-growth": TimelapseConfig(
        cells=200, diameter=15, doubling_time=600, death_rate=0.003, speed=3, persistence=30, clustering=0.2
    ),
}
"""Settings by the name of the preset."""
