"""The report of a segmentation: every volume with its objects, what is unusual about it, and a few of its slices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cytally.files import write_text
from cytally.report.html import ReportFailure, address, environment, jpeg_source
from cytally.report.page import INLINE_IMAGES


@dataclass(frozen=True)
class VolumeRow:
    """One segmented volume.

    Parameters
    ----------
    image
        Its name.
    objects
        Number of objects.
    shape
        Z, Y, X.
    pixel_size, z_spacing
        Micrometres; None where unknown.
    anisotropy
        Spacing of the slices over the pixel size, as it was used.
    channel
        The channel that was segmented, in words.
    flags
        What is unusual about it, as words of `cytally.report.words`.
    overlay, labels, table
        Its files, relative to the report's folder, with ``/``.
    thumbnail
        A small PNG of the overlay, or None.
    """

    image: str
    objects: int
    shape: tuple[int, int, int]
    pixel_size: float | None
    z_spacing: float | None
    anisotropy: float
    channel: str
    flags: tuple[str, ...]
    overlay: str
    labels: str
    table: str
    thumbnail: bytes | None = None

    @property
    def voxel(self) -> str:
        """Spacing and pixel size in words.

        Examples
        --------
        >>> row = VolumeRow("a.tif", 3, (2, 8, 9), 0.5, None, 1.0, "0", (), "", "", "")
        >>> row.voxel
        '? × 0.5 × 0.5'
        """
        if self.z_spacing is None and self.pixel_size is None:
            return "unknown"
        z, side = ("?" if length is None else f"{length:.3g}" for length in (self.z_spacing, self.pixel_size))
        return f"{z} × {side} × {side}"


@dataclass(frozen=True)
class VolumeData:
    """All that the report of a segmentation tells.

    Parameters
    ----------
    title
        Heading of the page.
    model, description
        The model's name, and one sentence on what it finds.
    rows, failures
        Volumes that were, and could not be, segmented.
    notes
        Sentences, such as which channel was taken.
    facts
        What was run.
    """

    title: str
    model: str
    description: str
    rows: tuple[VolumeRow, ...] = ()
    failures: tuple[ReportFailure, ...] = ()
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_volume_page(path: Path, report: VolumeData) -> None:
    """Write the report as one HTML file, whole or not at all."""
    write_text(path, render_volumes(report))


def render_volumes(report: VolumeData) -> str:
    """The report as HTML text."""
    objects = sum(row.objects for row in report.rows)
    tiles = [
        ("volumes segmented", f"{len(report.rows):,}"),
        ("objects in total", f"{objects:,}"),
        ("mean per volume", f"{objects / len(report.rows):,.1f}" if report.rows else "–"),
        ("with warnings", f"{sum(bool(row.flags) for row in report.rows):,}"),
    ]
    if report.failures:
        tiles.append(("failed", f"{len(report.failures):,}"))
    inline = len(report.rows) <= INLINE_IMAGES
    pictures = [_picture(row, inline=inline) for row in report.rows]
    return environment().get_template("volumes.html.j2").render(report=report, tiles=tiles, pictures=pictures)


def _picture(row: VolumeRow, *, inline: bool) -> str:
    """Where the page finds the picture of a row; empty where there is none."""
    if not inline:
        return address(row.overlay)
    return "" if row.thumbnail is None else jpeg_source(row.thumbnail)
