"""One volume: segmented, measured and written, of which no more than a few slices are ever held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cytally.images.volume import Volume
from cytally.models.model import Model
from cytally.models.volumes import Segmenter
from cytally.report.overlays import write_png
from cytally.report.volume_picture import DrawnSlice, choose_slices, draw_slices
from cytally.tasks.output import refusing_long_names, writing
from cytally.tasks.segment_objects import ObjectSums
from cytally.tasks.segment_slices import LabelSlices, label_slices_on_disk
from cytally.tasks.segment_write import label_type, write_label_slices, write_objects


@dataclass(frozen=True)
class VolumeResult:
    """What came of a volume: the number of its objects, its flags, and the picture (Y, X, 3) of a few slices."""

    objects: int
    flags: tuple[str, ...]
    picture: NDArray[np.uint8]


def segment_volume(
    model: Model, volume: Volume, folder: Path, stem: str, on_share: Callable[[float], None] = lambda share: None
) -> VolumeResult:
    """Segment a volume and write its files.

    In a first pass its label slices go to the disk, and what is to be known of every object is summed up. Objects that
    the model's method finds too small are left out then. In a second pass the others are numbered from 1, in the order
    in which they appear, and written.

    Parameters
    ----------
    model
        A model whose method is a `VolumeMethod`.
    volume
        What to segment.
    folder
        The output folder.
    stem
        Name, without ending, of the files in its folders.
    on_share
        Called with the share that is done, slice by slice.

    Raises
    ------
    ImageError
        When a slice cannot be read or used.
    OutputError
        When the output folder can no longer be written to.
    """
    segmenter = model.segmenter(volume)
    with label_slices_on_disk(folder, (volume.shape[1], volume.shape[2])) as slices:
        sums = _first_pass(segmenter, slices, on_share)
        names = sums.names
        kept = names[segmenter.keeps(sums.voxels(names))]
        written = sums.renumbered(kept)
        table = sums.table(written, _voxel_um3(volume))
        source = volume.source or Path(volume.name)
        with writing(folder), refusing_long_names(source):
            write_label_slices(
                folder / "labels" / f"{stem}.tif",
                (written[slices.read(z)] for z in range(volume.shape[0])),
                volume.shape,
                label_type(len(kept)),
                volume.pixel_size,
                volume.z_spacing,
            )
            write_objects(folder / "objects" / f"{stem}.csv", table)
            ends = (int(table["first_slice"].min()), int(table["last_slice"].max())) if len(table) else (None, None)
            shown = [
                DrawnSlice(z, volume.slice(z), written[slices.read(z)]) for z in choose_slices(volume.shape[0], *ends)
            ]
            picture = draw_slices(shown, volume.shape[0])
            write_png(folder / "overlays" / f"{stem}.png", picture)
    return VolumeResult(len(kept), segmenter.flags(), picture)


def _first_pass(segmenter: Segmenter, slices: LabelSlices, on_share: Callable[[float], None]) -> ObjectSums:
    sums, volume = ObjectSums(), segmenter.volume
    found = segmenter.slices(lambda done, total: on_share(done / total))
    for z, labels in enumerate(found):
        slices.append(labels)
        sums.add(labels, volume.slice(z))
    if z + 1 != volume.shape[0]:
        raise ValueError(f"the method gave {z + 1} label slices of a volume of {volume.shape[0]}")
    return sums


def _voxel_um3(volume: Volume) -> float | None:
    if volume.pixel_size is None or volume.z_spacing is None:
        return None
    return volume.pixel_size**2 * volume.z_spacing
