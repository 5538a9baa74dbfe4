"""Draw time-lapses of fluorescent nuclei of which everything is known: who is where, descends of whom, and when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cytally.synthesis.timelapse_config import TimelapseConfig
from cytally.synthesis.timelapse_painting import furnish
from cytally.synthesis.timelapse_shifts import draw_shifts
from cytally.synthesis.timelapse_tracks import Sighting, true_tracks
from cytally.synthesis.timelapse_world import begin

__all__ = ["DrawnTimelapse", "TimelapseConfig", "draw_timelapse"]


@dataclass(frozen=True, eq=False)
class DrawnTimelapse:
    """A drawn time-lapse and the truth about it.

    Attributes
    ----------
    frames
        (T, Y, X) uint8 or uint16, as the camera saw them, its drift included.
    labels
        (T, Y, X) uint16, as the camera saw them: 0 is background, else the number of a track.
    tracks
        One row per track: track, begin, end (frames, both included) and parent (0: none) as in the Cell Tracking
        Challenge, and fate; see `cytally.synthesis.timelapse_tracks.TrueTracks`.
    shifts
        (T, 2) y, x in px by which the content of each frame is displaced from frame 0: what is at p there is at
        p + shifts[t] here.
    counts
        (T,) cells in each frame: those with a quarter of their area in it.
    population
        (T,) cells that live on the whole area that is simulated, which is larger than the frame.
    deaths
        (T,) cells seen in the frame before that died since.
    times
        (T,) minutes since frame 0.
    doubling_time
        Of the expected population, minutes.
    pixel_size
        Micrometres.
    """

    frames: NDArray[np.uint8] | NDArray[np.uint16]
    labels: NDArray[np.uint16]
    tracks: pd.DataFrame
    shifts: NDArray[np.float64]
    counts: NDArray[np.int64]
    population: NDArray[np.int64]
    deaths: NDArray[np.int64]
    times: NDArray[np.float64]
    doubling_time: float
    pixel_size: float

    @property
    def interval(self) -> float:
        """Minutes from one frame to the next; of a single frame 0."""
        return float(self.times[1]) if len(self.times) > 1 else 0.0


def draw_timelapse(config: TimelapseConfig, rng: np.random.Generator) -> DrawnTimelapse:
    """Draw one time-lapse.

    Cells live on an area larger than the frame, whose opposite sides are joined: they leave the frame and enter it
    evenly, and as many as the density wants. They divide at ages that follow a gamma law, which is such that the
    expected population doubles in `config.doubling_time` from the first frame on.

    Parameters
    ----------
    config
        What it shall look like.
    rng
        Source of chance: the same state gives the same bytes.

    Raises
    ------
    ConfigError
        The cells do not fit, or have more tracks than labels of 16 bits.

    Examples
    --------
    >>> config = TimelapseConfig(shape=(64, 64), frames=3, cells=4, diameter=12, drift=5)
    >>> drawn = draw_timelapse(config, np.random.default_rng(0))
    >>> drawn.frames.shape, drawn.times.tolist(), drawn.doubling_time
    ((3, 64, 64), [0.0, 20.0, 40.0], 900.0)
    """
    shifts = draw_shifts(config.frames, config.drift, config.jumps, config.jump_share, rng)
    bright = 1 + config.flicker * np.clip(rng.standard_normal(config.frames), -3, 3)
    fresh = 1 - config.bleaching * np.linspace(0, 1, config.frames)
    studio = furnish(config, rng)
    world = begin(config, rng)
    frames = np.zeros((config.frames, *config.shape), dtype=np.uint8 if config.bit_depth == 8 else np.uint16)
    owners = np.zeros(frames.shape, dtype=np.int32)
    sightings, population, times = [], [], []
    for frame, (time, cells) in enumerate(world.frames(rng)):
        painted = studio.paint(cells, time, shifts[frame], float(bright[frame]), float(fresh[frame]), rng)
        frames[frame], owners[frame] = painted.image, painted.owner
        sightings.append(Sighting(painted.numbers, painted.shares))
        population.append(len(cells))
        times.append(time)
    tracks = true_tracks(sightings, world.mother, world.last_alive, world.died)
    labels = np.stack([tracks.labels(frame, owner) for frame, owner in enumerate(owners)])
    return DrawnTimelapse(
        frames,
        labels,
        tracks.table,
        shifts,
        np.array([len(names) for names in tracks.names]),
        np.array(population),
        tracks.deaths,
        np.array(times),
        world.law.doubling_time,
        config.pixel_size,
    )
