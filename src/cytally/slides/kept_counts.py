"""The counts of a slide's regions on the disk, so that a run that was killed goes on where it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from cytally.files import whole_file, write_text
from cytally.slides.plan import Region
from cytally.slides.region_count import RegionCount

ABOUT = "about.json"


class KeptCounts:
    """A folder with one file for each region that is counted and whose part of the density map is written.

    Parameters
    ----------
    folder
        Where. Several processes may write into it.
    output
        The folder that errors name where nothing more can be written; by default the same.
    """

    def __init__(self, folder: Path, output: Path | None = None) -> None:
        self.folder, self.output = folder, output or folder

    def holds(self, about: dict[str, Any]) -> bool:
        """Whether the counts that are there were made under these conditions, and so may be gone on with.

        Parameters
        ----------
        about
            All that the counts of regions depend on.
        """
        return bool(self.about() == json.loads(json.dumps(about)))

    def about(self) -> dict[str, Any] | None:
        """What `begin` was given; None where nothing was begun."""
        try:
            found: dict[str, Any] = json.loads((self.folder / ABOUT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found

    def begin(self, about: dict[str, Any]) -> None:
        """Remove all counts, and note what those that follow depend on."""
        self.remove()
        write_text(self.folder / ABOUT, json.dumps(about, indent=2, sort_keys=True) + "\n")

    def keep(self, region: Region, count: RegionCount) -> None:
        """Write a region's count, whole."""
        with whole_file(self._path(region)) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                sums=np.array([count.count, count.area, count.damaged]),
                points=count.points,
                named=count.named,
                seconds=np.array(json.dumps(count.seconds)),
            )

    def find(self, region: Region) -> RegionCount | None:
        """A region's count, or None where there is none, or none that can be read."""
        path = self._path(region)
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as file:
                count, area, damaged = file["sums"].tolist()
                seconds = json.loads(str(file["seconds"]))
                return RegionCount(count, area, damaged, file["points"], file["named"], seconds)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return None

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, region: Region) -> Path:
        return self.folder / f"{region.key}.npz"
