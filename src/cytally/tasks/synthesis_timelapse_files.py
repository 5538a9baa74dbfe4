"""Drawn time-lapses as TIFF files with their truth beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cytally.files import whole_folder
from cytally.synthesis.timelapse import DrawnTimelapse
from cytally.tasks.synthesis_stack_files import write_timelapse


class TimelapseFolder:
    """The files of drawn time-lapses: images/, labels/, and truth/ with a folder for each.

    truth/NAME/ holds counts.csv (a row per frame), tracks.csv, shifts.csv and man_track.txt, which is as in the Cell
    Tracking Challenge: label, first frame, last frame, parent.

    Parameters
    ----------
    root
        The folder, which exists.

    Notes
    -----
    Images are written last, in order: where one is, nothing of it is missing.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.done = timelapses_in(root)

    def add(self, drawn: DrawnTimelapse) -> None:
        """Write the next time-lapse with all that is known of it."""
        name = f"{self.done:05d}"
        _write_truth(self.root / "truth" / name, drawn)
        write_timelapse(self.root / "labels" / f"{name}.tif", drawn.labels, drawn.pixel_size, drawn.interval)
        write_timelapse(self.root / "images" / f"{name}.tif", drawn.frames, drawn.pixel_size, drawn.interval)
        self.done += 1


def timelapses_in(root: Path) -> int:
    """How many finished time-lapses a folder holds, from the first on."""
    number = 0
    while (root / "images" / f"{number:05d}.tif").is_file():
        number += 1
    return number


def _write_truth(folder: Path, drawn: DrawnTimelapse) -> None:
    """Write the folder whole, in place of what a kill left of it."""
    frames = np.arange(len(drawn.times))
    counts = pd.DataFrame({"frame": frames, "minutes": drawn.times, "count": drawn.counts})
    counts = counts.assign(population=drawn.population, deaths=drawn.deaths)
    shifts = pd.DataFrame({"frame": frames, "y": drawn.shifts[:, 0], "x": drawn.shifts[:, 1]})
    with whole_folder(folder) as temporary:
        counts.to_csv(temporary / "counts.csv", index=False, lineterminator="\n")
        shifts.to_csv(temporary / "shifts.csv", index=False, float_format="%.4f", lineterminator="\n")
        drawn.tracks.to_csv(temporary / "tracks.csv", index=False, lineterminator="\n")
        challenge = drawn.tracks[["track", "begin", "end", "parent"]]
        challenge.to_csv(temporary / "man_track.txt", sep=" ", header=False, index=False, lineterminator="\n")
