"""Files that an image names as parts of itself: they must not lead out of what the page may read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

import tifffile

from cytally.errors import ImageError
from cytally.images.formats import SLIDE, TIFF
from cytally.images.tiff import DAMAGE, is_tiff

SPREAD = (".mrxs", ".vms", ".vmu", ".vsi", ".oif", ".sldy")
"""Formats of several files: one that is sent alone lacks the others."""


def refuse_spread(name: str) -> None:
    """Refuse a file to be sent that is nothing without others.

    Raises
    ------
    ImageError
        Naming it.
    """
    if name.lower().endswith(SPREAD):
        raise ImageError(
            "is one of several files that belong together",
            file=name,
            cure="link the folder that holds them all, instead of sending this one",
        )


def check_companions(path: Path, allowed: Sequence[Path]) -> None:
    """Refuse a TIFF whose planes lie in files outside of some folders, or that names files by more than their names.

    An OME-TIFF may name the files that its planes lie in, by any path; readers follow it. A bare name is looked up
    beside the file, wherever that lies later.

    Parameters
    ----------
    path
        The file.
    allowed
        Folders with no symbolic links in their own paths.

    Raises
    ------
    ImageError
        When it leads elsewhere. A damaged file is left to its reader.
    """
    if path.suffix.lower() not in (*TIFF, *SLIDE) or not path.is_file():
        return
    with path.open("rb") as file:
        if not is_tiff(file.read(4)):
            return
    try:
        with tifffile.TiffFile(path) as opened:
            named = list(_named(opened.ome_metadata))
            leads_out = any("/" in name or "\\" in name for name in named)
            if not leads_out:  # else nothing that it names is opened
                places = {Path(each).resolve() for each in _files(opened)}
                leads_out = any(not any(each.is_relative_to(folder) for folder in allowed) for each in places)
    except (*DAMAGE, MemoryError):
        return
    if leads_out:
        raise ImageError(
            "has planes in files outside of what the page may read",
            file=path,
            cure="put all its files into one folder, and link that",
        )


def _named(xml: str | None) -> Iterator[str]:
    try:
        root = ElementTree.fromstring(xml or "<OME/>")
    except ElementTree.ParseError:
        return
    for element in root.iter():
        for key in ("FileName", "MetadataFile"):
            if key in element.attrib:
                yield element.attrib[key]


def _files(opened: tifffile.TiffFile) -> set[str]:
    pages = (page for series in opened.series for level in series.levels for page in level.pages if page is not None)
    return {page.parent.filehandle.path for page in pages}
