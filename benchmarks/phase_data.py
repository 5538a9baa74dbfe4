"""Phase contrast and the stain's labels: which part trains, which tests, and which labels are the reference.

Two fields of ../shared/data/phase_nuclei, both channels as they were published, pixel on pixel. The reference are the
nuclei that `label_auto` finds in the stain of the whole field. They are frozen before anything is trained: the SHA-256
of the label image stands in phase_reference.json (`phase.py --freeze` writes it), and other labels are refused.

The left half of a field trains and the right half tests, with a gap of 32 columns between them: of 352 columns, 0 to
159 and 192 to 351. What trains is cut into four windows of as many rows each, so that one of them can validate. Nuclei
that a cut goes through are kept on both sides of it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from skimage.segmentation import relabel_sequential

from cytally.errors import DataError
from cytally.files import write_text
from cytally.images.read import read
from cytally.labelling.auto import label_auto

Picture = NDArray[Any]
Labels = NDArray[np.integer[Any]]

FOLDER, GAP, WINDOWS = "phase_nuclei", 32, 4
REFERENCE = Path(__file__).resolve().parent / "phase_reference.json"

FIELDS = {
    "keratinocytes": ("keratinocytes_phase.tif", "keratinocytes_hoechst.tif"),
    "neurons": ("neurons_phase.tif", "neurons_dapi.tif"),
}
"""Files of each cell line: phase contrast, and the stain."""


@dataclass(frozen=True)
class Part:
    """A piece of phase contrast (Y, X) and its labels, numbered from 1."""

    phase: Picture
    labels: Labels


@dataclass(frozen=True)
class Field:
    """What trains and what tests of one field."""

    train: tuple[Part, ...]
    test: Part


def halves(columns: int) -> tuple[slice, slice]:
    """The columns that train, and those that test.

    Examples
    --------
    >>> halves(352), halves(1024)
    ((slice(0, 160, None), slice(192, 352, None)), (slice(0, 496, None), slice(528, 1024, None)))
    """
    middle = columns // 2
    return slice(0, middle - GAP // 2), slice(middle + GAP // 2, columns)


def cut(phase: Picture, labels: Labels) -> Field:
    """Cut a field (Y, X) by the rule; rows that do not fill four windows alike belong to the last."""
    left, right = halves(phase.shape[1])
    edges = [phase.shape[0] // WINDOWS * window for window in range(WINDOWS)] + [phase.shape[0]]
    rows = [slice(top, bottom) for top, bottom in pairwise(edges)]
    train = tuple(_part(phase, labels, each, left) for each in rows)
    return Field(train, _part(phase, labels, slice(None), right))


def _part(phase: Picture, labels: Labels, rows: slice, columns: slice) -> Part:
    return Part(phase[rows, columns], relabel_sequential(labels[rows, columns])[0].astype(np.uint16))


def fingerprint(labels: Labels) -> str:
    """SHA-256 of a label image, whatever its number type: its pixels as 32-bit numbers, the lowest byte first."""
    return hashlib.sha256(np.ascontiguousarray(labels, "<u4").tobytes()).hexdigest()


def read_line(data: Path, line: str) -> tuple[Picture, Labels]:
    """Phase contrast (Y, X) of a cell line, and what `label_auto` finds in its stain.

    Raises
    ------
    ImageError
        When a file cannot be read.
    DataError
        When `label_auto` refuses the stain.
    """
    phase, stain = (_pixels(data / FOLDER / name) for name in FIELDS[line])
    found = label_auto(stain)
    if found.refused is not None:
        file = data / FOLDER / FIELDS[line][1]
        raise DataError(f"cannot be a reference: {found.refused}", file=file, cure="take another stain")
    return phase, found.labels


def _pixels(path: Path) -> Picture:
    (image,) = read(path)
    (plane,) = image.planes()
    return plane.data[0]


def frozen_field(data: Path, line: str, reference: Path = REFERENCE) -> Field:
    """The parts of a cell line's field, if its labels are those that were frozen.

    Raises
    ------
    DataError
        When nothing is frozen, or the labels are others. Other errors as `read_line`.
    """
    cure = "run phase.py --freeze, and commit what it writes"
    if not reference.is_file():
        raise DataError("no reference labels are frozen yet", file=reference, cure=cure)
    phase, labels = read_line(data, line)
    then, now = json.loads(reference.read_text())["fields"][line], fingerprint(labels)
    if then["sha256"] != now:
        raise DataError(
            f"the labels of the {line} are not those that were frozen: {int(labels.max())} nuclei, SHA-256 {now[:12]}, "
            f"in place of {then['nuclei']} nuclei, SHA-256 {then['sha256'][:12]}",
            file=reference,
            cure="run the commit that froze them, or move it and the results away and freeze anew",
        )
    return cut(phase, labels)


def freeze(data: Path, facts: dict[str, Any], reference: Path = REFERENCE) -> dict[str, Any]:
    """Write the fingerprint of every field's labels, and `facts` on where they come from.

    Raises
    ------
    DataError
        When others are frozen already. Other errors as `read_line`.
    """
    fields = {}
    for line in FIELDS:
        phase, labels = read_line(data, line)
        parts = cut(phase, labels)
        fields[line] = {
            "sha256": fingerprint(labels),
            "shape": list(labels.shape),
            "nuclei": int(labels.max()),
            "train": [int(part.labels.max()) for part in parts.train],
            "test": int(parts.test.labels.max()),
        }
    if reference.is_file() and json.loads(reference.read_text())["fields"] != fields:
        raise DataError("other labels are frozen already", file=reference, cure="move it and the results away")
    frozen = {"labels": "label_auto", "fields": fields, **facts}
    if not reference.is_file():
        write_text(reference, json.dumps(frozen, indent=2) + "\n")
    return frozen


def write_windows(
    fields: dict[str, Field], folder: Path, spoil: Callable[[Labels, int], Labels] | None = None
) -> dict[str, int]:
    """Write the windows that train as a data folder, anew; tell how many there are, and how many nuclei they show.

    Parameters
    ----------
    fields
        The parts of each cell line.
    folder
        Where to write images/ and labels/.
    spoil
        What to do to each window's labels, by its number; None leaves them as they are.
    """
    shutil.rmtree(folder, ignore_errors=True)
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    nuclei = 0
    for number, (line, window, part) in enumerate(_windows(fields)):
        labels = part.labels if spoil is None else spoil(part.labels, number)
        name = f"{line}_{window}.tif"
        tifffile.imwrite(folder / "images" / name, part.phase)
        tifffile.imwrite(folder / "labels" / name, labels)
        nuclei += int(labels.max())
    return {"windows": len(list(_windows(fields))), "nuclei": nuclei}


def _windows(fields: dict[str, Field]) -> Iterable[tuple[str, int, Part]]:
    return ((line, window, part) for line, field in fields.items() for window, part in enumerate(field.train))
