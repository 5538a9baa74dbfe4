"""Drawn time-lapses as TIFF files with their truth beside them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cytally.files import PROCESS, whole_file
from cytally.synthesis.timelapse import DrawnTimelapse
from cytally.tasks.synthesis_volume_files import LARGEST_IMAGEJ


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


def write_timelapse(path: Path, frames: NDArray[Any], pixel_size: float, interval: float) -> None:
    """Write frames (T, Y, X) of 8 or 16 bits as ImageJ does, compressed, with pixels in µm and the interval (minutes).

    What is too large for ImageJ's kind of TIFF is written as OME-TIFF.
    """
    import tifffile

    resolution = (1 / pixel_size, 1 / pixel_size)
    with whole_file(path) as temporary:
        if frames.nbytes < LARGEST_IMAGEJ:
            metadata: dict[str, Any] = {"axes": "TYX", "unit": "um"}
            metadata |= {"finterval": 60 * interval, "tunit": "sec"} if interval else {}
            tifffile.imwrite(
                temporary, frames, imagej=True, compression="zlib", resolution=resolution, metadata=metadata
            )
        else:
            sizes = {"PhysicalSizeX": pixel_size, "PhysicalSizeY": pixel_size, "PhysicalSizeXUnit": "µm"}
            sizes |= {"PhysicalSizeYUnit": "µm", "TimeIncrement": interval, "TimeIncrementUnit": "min"}
            tifffile.imwrite(
                temporary,
                frames,
                ome=True,
                bigtiff=True,
                compression="zlib",
                photometric="minisblack",
                metadata={"axes": "TYX", **sizes},
            )


def _write_truth(folder: Path, drawn: DrawnTimelapse) -> None:
    """Write the folder whole, in place of what a kill left of it."""
    frames = np.arange(len(drawn.times))
    counts = pd.DataFrame({"frame": frames, "minutes": drawn.times, "count": drawn.counts})
    counts = counts.assign(population=drawn.population, deaths=drawn.deaths)
    shifts = pd.DataFrame({"frame": frames, "y": drawn.shifts[:, 0], "x": drawn.shifts[:, 1]})
    temporary = folder.with_name(f".{PROCESS}-{folder.name}")
    temporary.mkdir(parents=True)
    try:
        counts.to_csv(temporary / "counts.csv", index=False, lineterminator="\n")
        shifts.to_csv(temporary / "shifts.csv", index=False, float_format="%.4f", lineterminator="\n")
        drawn.tracks.to_csv(temporary / "tracks.csv", index=False, lineterminator="\n")
        challenge = drawn.tracks[["track", "begin", "end", "parent"]]
        challenge.to_csv(temporary / "man_track.txt", sep=" ", header=False, index=False, lineterminator="\n")
        if folder.exists():
            shutil.rmtree(folder)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
