"""A data folder of drawn images or volumes that grows one by one and goes on where a kill left it."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np

from cytally.files import whole_file
from cytally.images.write import write_labels
from cytally.synthesis.nuclei import DrawnImage
from cytally.synthesis.volumes import DrawnVolume
from cytally.tasks.rows import Row, RowFile, read_rows
from cytally.tasks.synthesis_stack_files import write_volume

POINTS, COUNTS = ("image", "y", "x"), ("image", "count")

PNG_LEVEL = 1
"""The default, 6, takes more than twice as long for files that are 2 % smaller."""


class DrawnFolder:
    """The files of drawn images: images/, labels/, points.csv and counts.csv. Volumes have no points.csv.

    Parameters
    ----------
    root
        The folder, which exists. What a kill left unfinished in it is taken out of the tables.
    volumes
        Whether volumes are drawn.

    Notes
    -----
    A row of counts.csv is written last: images that have one are finished. They were written in order, so that the
    tables of a run that was killed and resumed are those of a run that was not.
    """

    def __init__(self, root: Path, *, volumes: bool = False) -> None:
        self.root = root
        points = [] if volumes else read_rows(root / "points.csv", POINTS)
        cells = None if volumes else Counter(row["image"] for row in points)
        counts = self._whole(read_rows(root / "counts.csv", COUNTS), cells)
        names = {row["image"] for row in counts}
        self.done = len(counts)
        kept = (row for row in points if row["image"] in names)
        self._points = None if volumes else RowFile(root / "points.csv", POINTS, kept)
        self._counts = RowFile(root / "counts.csv", COUNTS, counts)

    def add(self, drawn: DrawnImage | DrawnVolume) -> None:
        """Write the next image or volume with all that is known of it, or nothing of it."""
        grey = isinstance(drawn, DrawnImage) and drawn.image.dtype == np.uint8
        image = self.root / "images" / f"{self.done:05d}{'.png' if grey else '.tif'}"
        labels = self._labels(image.name)
        size = self._points.path.stat().st_size if self._points is not None else 0
        try:
            if isinstance(drawn, DrawnVolume):
                write_volume(labels, drawn.labels, drawn.pixel_size, drawn.z_spacing)
                write_volume(image, drawn.image, drawn.pixel_size, drawn.z_spacing)
            else:
                write_labels(labels, drawn.labels)
                _write_image(image, drawn)
                if self._points is not None:
                    self._points.append(
                        {"image": image.name, "y": f"{y:.3f}", "x": f"{x:.3f}"} for y, x in drawn.points
                    )
            self._counts.append([{"image": image.name, "count": str(drawn.count)}])
        except BaseException:  # Ctrl-C, a full disk
            if self._points is not None:
                os.truncate(self._points.path, size)
            image.unlink(missing_ok=True)
            labels.unlink(missing_ok=True)
            raise
        self.done += 1

    def _labels(self, name: str) -> Path:
        return self.root / "labels" / f"{Path(name).stem}.tif"

    def _whole(self, counts: list[dict[str, str]], cells: Counter[str] | None) -> list[Row]:
        """The rows of the first images of which nothing is missing; `cells` is how many points each has."""
        whole: list[Row] = []
        for number, row in enumerate(counts):
            name = row["image"]
            if (
                Path(name).stem != f"{number:05d}"
                or (cells is not None and row["count"] != str(cells[name]))
                or not (self.root / "images" / name).is_file()
                or not self._labels(name).is_file()
            ):
                break
            whole.append(row)
        return whole


def _write_image(path: Path, drawn: DrawnImage) -> None:
    """Write the picture: a PNG of 8 bits, or a TIFF of 16."""
    with whole_file(path) as temporary:
        if path.suffix == ".png":
            import imagecodecs

            temporary.write_bytes(imagecodecs.png_encode(drawn.image, level=PNG_LEVEL))
        else:
            import tifffile

            photometric = "minisblack" if drawn.image.ndim == 2 else "rgb"
            tifffile.imwrite(temporary, drawn.image, photometric=photometric, compression="zlib")
