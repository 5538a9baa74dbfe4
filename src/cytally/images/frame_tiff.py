"""The frames of a TIFF file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cytally.images.frame_scene import FrameScene, frame_scene
from cytally.images.frame_times import TimeTold, ome_times, tiff_times
from cytally.images.tiff import damage, scene_series
from cytally.images.tiff_slices import open_tiff

STORED_APART = ("generic", "shaped", "uniform")
"""Dialects in which pages of another size, and pages written one by one, come as scenes of their own."""


def open_tiff_frames(path: Path, axes: str | None = None) -> list[FrameScene]:
    """Open every scene of a TIFF file.

    Raises
    ------
    ImageError
        When the file is cut off or damaged, its axes cannot be told, or it is narrower than 8 pixels.
    """
    scenes = open_tiff(path, axes)
    told: list[TimeTold] = []
    pages: list[list[int]] = []
    apart = len(scenes) > 1
    ome: list[TimeTold] | None = None
    with damage(path):
        for number, (file, series, _) in enumerate(scene_series(path)):
            ome = ome_times(file.ome_metadata) if ome is None else ome
            told.append(tiff_times(file, series, ome[number] if len(ome) == len(scenes) else None))
            pages.append([_place(page) for page in series.pages])
            apart = apart and series.kind in STORED_APART
    found = []
    for number, scene in enumerate(scenes):
        one = frame_scene(scene, path, axes, number, len(scenes), told[number])
        found.append(replace(one, order=_order(pages[number], one.times)) if apart else one)
    return found


def _place(page: Any) -> int:
    return int(page.index[0] if isinstance(page.index, tuple) else page.index)


def _order(pages: list[int], times: int) -> tuple[int, ...]:
    """The page that each frame starts with; hyperstacks may list their first page alone."""
    return tuple(pages[:: len(pages) // times]) if len(pages) % times == 0 else tuple(pages[:1] * times)
