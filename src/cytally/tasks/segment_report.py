"""The report of a segmentation, from the files that it wrote."""

from __future__ import annotations

from collections.abc import Sequence

import imagecodecs

from cytally.models.model import Model
from cytally.report.html import ReportFailure
from cytally.report.overlays import encode_png, thumbnail
from cytally.report.page import INLINE_IMAGES
from cytally.report.volume_page import VolumeData, VolumeRow, write_volume_page
from cytally.tasks.provenance import report_facts
from cytally.tasks.segment_files import SegmentFiles
from cytally.tasks.segment_row import SegmentedVolume

THUMBNAIL_SIDE = 1000
"""Longest side in pixels of a picture on the page, which shows up to five slices."""


def write_segment_report(model: Model, files: SegmentFiles, notes: Sequence[str], seconds: float) -> None:
    """Write OUT/report.html.

    Parameters
    ----------
    model
        What segmented.
    files
        Volumes, failures, and where their files are.
    notes
        Sentences to show.
    seconds
        How long the run took.
    """
    inline = len(files.rows) <= INLINE_IMAGES
    report = VolumeData(
        title="Cells in volumes",
        model=files.model_name,
        description=model.card.description or f"A model of the method {model.card.method}.",
        rows=tuple(_row(files, volume, inline) for volume in files.rows),
        failures=tuple(ReportFailure(image, line) for image, line in files.failures),
        notes=tuple(notes),
        facts=report_facts(seconds, model=files.model_name),
    )
    write_volume_page(files.folder / "report.html", report)


def _row(files: SegmentFiles, volume: SegmentedVolume, inline: bool) -> VolumeRow:
    stem = files.stem(volume.image)
    overlay = f"overlays/{stem}.png"
    if inline and volume.image not in files.thumbnails and (files.folder / overlay).is_file():  # an earlier sitting's
        picture = imagecodecs.imread(files.folder / overlay)
        files.thumbnails[volume.image] = encode_png(thumbnail(picture, THUMBNAIL_SIDE))
    return VolumeRow(
        image=volume.image,
        objects=volume.objects,
        shape=volume.shape,
        pixel_size=volume.pixel_size,
        z_spacing=volume.z_spacing,
        anisotropy=volume.anisotropy,
        channel=volume.channel,
        flags=volume.flags,
        overlay=overlay,
        labels=f"labels/{stem}.tif",
        table=f"objects/{stem}.csv",
        thumbnail=files.thumbnails.get(volume.image) if inline else None,
    )
