"""Reviewed images as a data folder, which `cytally train --data` reads."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import numpy as np
import tifffile

from cytally.app.answers import Exported
from cytally.app.names import unique_name
from cytally.app.picture import open_picture
from cytally.app.points import final_points
from cytally.app.reachable import reachable
from cytally.app.records import new_id
from cytally.app.refusal import Refusal
from cytally.app.workspace import Workspace
from cytally.datasets.fingerprint import content_digest
from cytally.files import whole_folder
from cytally.images.sources import stem
from cytally.tasks.rows import RowFile

_EXPORTING = Lock()
"""Held while a folder gets its name and is written, so that no two get the same."""


@dataclass(frozen=True)
class Written:
    """What a data folder holds."""

    images: int
    points: int
    missing: tuple[str, ...]


def reviewed_images(workspace: Workspace, project: str) -> list[sqlite3.Row]:
    """The rows of the images that a person has reviewed.

    Raises
    ------
    Refusal
        409 where there is none.
    """
    rows = workspace.store.rows("SELECT * FROM images WHERE project = ? AND reviewed = 1 ORDER BY added", project)
    if not rows:
        raise Refusal(
            409, "no image has been reviewed yet", "correct the points of some images, and mark them as reviewed"
        )
    return rows


def write_data_folder(
    workspace: Workspace, rows: Sequence[sqlite3.Row], folder: Path, *, link: bool = False
) -> Written:
    """Write images/, points.csv and images.csv, whole or not at all.

    Parameters
    ----------
    workspace
        Where images and points are.
    rows
        The images.
    folder
        What to write.
    link
        Share files with the workspace, where the disk can: for a folder that nobody changes.

    Returns
    -------
    Written
        How many images and points there are, and which images were left out, as their files are gone.

    Raises
    ------
    Refusal
        409 where all of them are gone.
    """
    names: dict[str, list[tuple[float, float]]] = {}
    there, gone = reachable(rows, workspace.allowed)
    missing = tuple(str(row["name"]) for row, _ in gone)
    if not there:
        raise Refusal(409, f"{missing[0]}: its file is gone, as are all others", "put the files back where they lay")
    with whole_folder(folder) as temporary:
        (temporary / "images").mkdir()
        taken: set[str] = set()
        for row, source in there:
            name = unique_name(_file_name(row), taken)
            taken.add(name.casefold())
            names[name] = final_points(workspace, row)
            target = temporary / "images" / name
            if row["place"]:
                _write_plane(source, row, target)
            elif source.is_dir():
                shutil.copytree(source, target)
            else:
                _copy(source, target, link=link)
        lines = [{"image": name, "y": f"{y:.2f}", "x": f"{x:.2f}"} for name, points in names.items() for y, x in points]
        RowFile(temporary / "points.csv", ("image", "y", "x"), lines)
        RowFile(temporary / "images.csv", ("image",), [{"image": name} for name in names])
    return Written(len(names), len(lines), missing)


def contents_of(workspace: Workspace, rows: Sequence[sqlite3.Row]) -> list[tuple[sqlite3.Row, str]]:
    """Images whose files are there, and the digest of each one's file, as models note what they have learnt from."""
    return [(row, content_digest(source)) for row, source in reachable(rows, workspace.allowed)[0]]


def export(workspace: Workspace, project: str) -> Exported:
    """Write the reviewed images of a project into a folder of the workspace."""
    rows = reviewed_images(workspace, project)
    above = workspace.project(project) / "exports"
    above.mkdir(parents=True, exist_ok=True)
    with _EXPORTING:
        date = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S")
        folder = above / unique_name(date, {each.name.casefold() for each in above.iterdir()})
        written = write_data_folder(workspace, rows, folder)
    return Exported(folder=str(folder), images=written.images, points=written.points, missing=list(written.missing))


@contextmanager
def _folder_to_pack(workspace: Workspace, project: str) -> Iterator[Path]:
    folder = workspace.uploads / new_id()
    try:
        write_data_folder(workspace, reviewed_images(workspace, project), folder, link=True)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def pack(workspace: Workspace, project: str) -> Path:
    """The same folder as a ZIP file, which the caller removes."""
    packed = workspace.uploads / f"{new_id()}.zip"
    with _folder_to_pack(workspace, project) as folder, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return packed


def _file_name(row: sqlite3.Row) -> str:
    """The image's own name; that of a plane as a file of its own."""
    if not row["place"]:
        return str(row["name"])
    base: str = re.sub(r"#\d+,\d+", "", row["name"])
    return stem(base) + str(row["place"]).replace("#", "_").replace(",", "_") + ".ome.tif"


def _write_plane(source: Path, row: sqlite3.Row, target: Path) -> None:
    picture = open_picture(source, row["place"])
    rows, columns = picture.shape
    pixels = picture.sources[0].read(slice(0, rows), slice(0, columns), range(len(picture.channels)))
    about: dict[str, object] = {"axes": "CYX"}
    if row["pixel_size"] is not None:
        about |= {"PhysicalSizeX": row["pixel_size"], "PhysicalSizeY": row["pixel_size"]}
    tifffile.imwrite(target, np.ascontiguousarray(pixels), ome=True, metadata=about, photometric="minisblack")


def _copy(source: Path, target: Path, *, link: bool) -> None:
    if link:
        try:
            os.link(source, target)
        except OSError:
            pass  # another disk
        else:
            return
    shutil.copyfile(source, target)
