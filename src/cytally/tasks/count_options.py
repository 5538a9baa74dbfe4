"""How to count."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from cytally.errors import UsageError
from cytally.inference.backend import BackendName
from cytally.inference.torch_backend import Device
from cytally.tasks.file_options import check_file_options
from cytally.tasks.input_digests import digest

GIB = 2**30
Export = Literal["imagej", "qupath"]
EXPORTS: tuple[Export, ...] = ("imagej", "qupath")


@dataclass(frozen=True)
class CountOptions:
    """How to count.

    Parameters
    ----------
    channel
        Channel to count in, by name or number; None lets the model choose.
    axes
        One letter per axis of the files (`TYX`, `ZYX`, …), where they do not tell or tell wrong.
    pixel_size
        Micrometres per pixel, where the files do not tell or tell wrong.
    border
        ``include`` counts everything. ``exclude`` leaves out objects that touch the image's edge; for a density
        map, what lies within the radius of a cell of it.
    roi
        GeoJSON or ImageJ file with the areas to count in.
    samples
        CSV with a column `image` and columns that name conditions.
    device
        Where the network runs.
    backend
        What runs it; ``auto`` takes the fastest that is installed and gives the same counts.
    workers
        Processes that share the images, and the regions of a slide. 1 is this process alone.
    scheduler
        Address of a Dask scheduler whose workers share them instead. They have to see the images and the output
        folder under the same paths.
    memory
        GiB of memory that counting a slide may take, in each process.
    tile
        Side of the tiles that a slide is counted in, in pixels of what the network sees, without the margin that
        is only looked at; made smaller to a multiple of 256 pixels of the slide, of which a tile has at least that
        many. None takes what the memory allows.
    tissue
        Where to count in a slide: ``auto`` finds the tissue, ``all`` is everywhere, or the path of a mask image or
        GeoJSON file that tells.
    tissue_threshold
        Factor on the brightness above (in bright field, below) which ``auto`` sees tissue.
    plate
        Pattern of the file names of a plate's images, for tables and a map by well.
    export
        What to write points and outlines as besides: ``imagej`` (ROI sets), ``qupath`` (GeoJSON).
    dry_run
        Tell what each slide will take, and count nothing.
    resume, overwrite
        Go on in, or replace, an output folder that exists.

    Raises
    ------
    UsageError
        When the pixel size is no positive number, the axes are no different letters with Y and X among them, a
        number is out of range, or the tissue's file is not there.
    """

    channel: str | None = None
    axes: str | None = None
    pixel_size: float | None = None
    border: Literal["include", "exclude"] = "include"
    roi: Path | None = None
    samples: Path | None = None
    device: Device = "auto"
    backend: BackendName = "auto"
    workers: int = 1
    scheduler: str | None = None
    memory: float = 1.5
    tile: int | None = None
    tissue: str = "auto"
    tissue_threshold: float = 1.0
    plate: str | None = None
    export: tuple[Export, ...] = ()
    dry_run: bool = False
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_file_options(self.axes, self.pixel_size)
        if not 0 < self.memory < math.inf:
            raise UsageError(f"{self.memory} GiB of memory cannot be worked in", cure="give --memory 1.5, for example")
        if self.tile is not None and self.tile < 1:
            raise UsageError(f"tiles of {self.tile} pixels cannot be counted in", cure="give --tile 512, for example")
        if not 0 < self.tissue_threshold < math.inf:
            raise UsageError(
                f"a tissue threshold of {self.tissue_threshold} makes no sense",
                cure="give a positive factor; below 1 takes in more, above 1 less",
            )
        if self.tissue_file is not None and not self.tissue_file.exists():
            raise UsageError(
                "there is no such file",
                file=self.tissue,
                cure="give --tissue auto, all, a mask image or a GeoJSON file",
            )

    @property
    def tissue_file(self) -> Path | None:
        """The file that tells where the tissue is; None where there is none."""
        return None if self.tissue in ("auto", "all") else Path(self.tissue)

    def files(self) -> dict[str, Path]:
        """The files that options name, by the option."""
        named = {"roi": self.roi, "samples": self.samples, "tissue": self.tissue_file}
        return {name: path for name, path in named.items() if path is not None}

    def too_much_memory(self) -> str:
        """A sentence where more memory is allowed than this machine has; else empty."""
        there = psutil.virtual_memory().total / GIB
        if self.memory <= there or self.scheduler is not None:  # workers elsewhere have other memory
            return ""
        return f"--memory is {self.memory:g} GiB, and this machine has {there:.1f}: give less to leave room for others."

    def for_slides(self) -> list[str]:
        """The options that were given, and that only slides listen to, as they are written on the command line."""
        usual = CountOptions()
        names = ("tissue", "tissue_threshold", "memory", "tile")
        given = [name for name in names if getattr(self, name) != getattr(usual, name)]
        return [f"--{name.replace('_', '-')}" for name in given]

    def deciding(self) -> dict[str, Any]:
        """What the counts depend on; a resumed run must agree in it. Files count by their content."""
        names = ("channel", "axes", "pixel_size", "border", "tissue_threshold")
        values: dict[str, Any] = {name: getattr(self, name) for name in names}
        tissue = self.tissue if self.tissue_file is None else digest(self.tissue_file)
        return values | {"roi_sha256": None if self.roi is None else digest(self.roi), "tissue_sha256": tissue}

    def as_dict(self) -> dict[str, Any]:
        """The options as run.json holds them."""
        values = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}
        moods = ("resume", "overwrite", "dry_run")
        return {key: value for key, value in values.items() if key not in moods} | self.deciding()
