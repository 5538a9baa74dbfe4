"""Counts per well of a plate, from a pattern that says where the well stands in the names of the images."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cytally.errors import ImageError, UsageError
from cytally.files import whole_file
from cytally.images.name_pattern import EXAMPLE, NamePattern
from cytally.report.plate_shape import LARGEST, row_letters, row_number
from cytally.tasks.count_row import CountRow
from cytally.tasks.inputs import without_place

COLUMNS = (
    *("plate", "well", "row", "column", "images"),
    *("count_mean", "count_sd", "count_total", "density_per_mm2", "flagged_images"),
)
"""Columns of wells.csv."""
LAST_WELL = f"{row_letters(LARGEST.rows)}{LARGEST.columns}"


@dataclass(frozen=True)
class PlateTables:
    """Counts per well.

    Parameters
    ----------
    wells
        One row per well that has an image, by plate, row and column, with the columns of wells.csv.
    notes
        Sentences on images without a well, and on wells whose total means less than it seems.
    """

    wells: pd.DataFrame
    notes: list[str]


@dataclass(frozen=True)
class _PlacedRow:
    """A row of counts.csv whose well is known: row and column from 1, and what else its name tells."""

    counted: CountRow
    plate: str
    row: int
    column: int
    tile: str
    channel: str
    time: tuple[str, str]

    @property
    def well(self) -> str:
        return f"{row_letters(self.row)}{self.column:02}"


def check_pattern(pattern: str, names: Sequence[str]) -> None:
    """Refuse a pattern that no image's name fits, or that reads no well from any.

    Parameters
    ----------
    pattern
        See `cytally.images.name_pattern.NamePattern`.
    names
        The images, as counts.csv calls them: the file's name, with its folder's in front where two share a name
        (`plate1_A01.tif`, `plate2_A01.tif`).

    Raises
    ------
    UsageError
        When it is no pattern, does not say where the well stands, or finds none in any of the names.
    """
    reader = _reader(pattern)
    read, _ = reader.parse_all([Path(name) for name in names])
    if read and not any(find_well(fields["well"]) for fields in read.values()):
        first, fields = next(iter(read.items()))
        raise UsageError(
            f"the pattern '{pattern}' finds no well in the {_names(len(names))}: in '{first.name}' it reads "
            f"'{fields['well']}', and wells are called A1 to {LAST_WELL}, or r01c01",
            cure=f"write one that does, as '{EXAMPLE}' for plate1_A1_3_DAPI.tif",
        )


def find_well(text: str) -> tuple[int, int] | None:
    """Row and column, both from 1, of a well as names write it; None for what is none of a plate with up to 1536.

    Examples
    --------
    >>> find_well("A1"), find_well("b007"), find_well("AF48"), find_well("r02c11")
    ((1, 1), (2, 7), (32, 48), (2, 11))
    >>> find_well("AG1"), find_well("A49"), find_well("A0"), find_well("s3x")
    (None, None, None, None)
    """
    if found := re.fullmatch(r"[Rr](\d+)[Cc](\d+)", text, re.ASCII):
        row, column = int(found[1]), int(found[2])
    elif found := re.fullmatch(r"([A-Za-z]{1,2})(\d+)", text, re.ASCII):
        row, column = row_number(found[1]), int(found[2])
    else:
        return None
    return (row, column) if 1 <= row <= LARGEST.rows and 1 <= column <= LARGEST.columns else None


def plate_tables(pattern: str, rows: Sequence[CountRow]) -> PlateTables:
    """Put the counts of a run into the wells that the images' names tell.

    Parameters
    ----------
    pattern
        See `cytally.images.name_pattern.NamePattern`. Scenes and time points (`image#scene,time`) lie in the well of
        their image.
    rows
        The rows of counts.csv.

    Returns
    -------
    PlateTables
        Mean, standard deviation (n - 1; empty for one image) and total of the counts, and the cells per mm² of those
        images whose area is known (empty where none is). A1, A01 and r01c01 are the same well.

    Raises
    ------
    UsageError
        When it is no pattern, or does not say where the well stands.
    """
    placed, notes = _place(_reader(pattern), rows)
    groups: dict[tuple[str, int, int], list[_PlacedRow]] = defaultdict(list)
    for each in placed:
        groups[each.plate, each.row, each.column].append(each)
    order = sorted(groups, key=lambda well: (_as_read_aloud(well[0]), *well))
    wells = pd.DataFrame([_well(groups[well]) for well in order], columns=list(COLUMNS))
    return PlateTables(wells, [*notes, *_doubts(groups.values())])


def write_wells(path: Path, wells: pd.DataFrame) -> None:
    """Write the table as CSV, numbers with ten significant digits as in counts.csv."""
    with whole_file(path) as temporary:
        wells.to_csv(temporary, index=False, float_format="%.10g")


def _reader(pattern: str) -> NamePattern:
    reader = NamePattern(pattern)
    if "well" not in reader.fields:
        raise UsageError(f"the pattern '{pattern}' does not say where the well stands", cure=f"write as '{EXAMPLE}'")
    return reader


def _place(reader: NamePattern, rows: Sequence[CountRow]) -> tuple[list[_PlacedRow], list[str]]:
    """The rows whose names tell a well, and notes on the others."""
    placed, unfit, beyond = [], [], []
    for row in rows:
        image = without_place(row.image)
        try:
            fields = reader.parse(image)
        except ImageError:
            unfit.append(row.image)
            continue
        well = find_well(fields["well"])
        if well is None:
            beyond.append((row.image, fields["well"]))
            continue
        time = row.image.removeprefix(image).rpartition(",")[2]
        plate, tile, channel, named_time = (fields.get(name, "") for name in ("plate", "tile", "channel", "time"))
        # As counts.csv has it, so that a run that was gone on with ends with the same digits.
        counted = CountRow.from_cells(row.cells())
        placed.append(_PlacedRow(counted, plate, *well, tile, channel, (named_time, time)))
    notes = []
    if unfit:
        have = "name does" if len(unfit) == 1 else "names do"
        notes.append(
            f"{len(unfit)} of {_images(len(rows))} lie in no well, since their {have} not fit the pattern "
            f"'{reader.pattern}', the first {unfit[0]}; wells.csv is without them."
        )
    if beyond:
        notes.append(
            f"{len(beyond)} of {_images(len(rows))} lie in no well of a plate (A1 to {LAST_WELL}), the first "
            f"{beyond[0][0]} in '{beyond[0][1]}'; wells.csv is without them."
        )
    return placed, notes


def _well(images: Sequence[_PlacedRow]) -> tuple[object, ...]:
    """One row of wells.csv."""
    counts = np.array([each.counted.count for each in images])
    measured = [each.counted for each in images if each.counted.area_mm2]
    area = sum(row.area_mm2 or 0.0 for row in measured)
    first = images[0]
    return (
        first.plate,
        first.well,
        row_letters(first.row),
        first.column,
        len(images),
        counts.mean(),
        counts.std(ddof=1) if len(counts) > 1 else None,
        counts.sum(),
        sum(row.count for row in measured) / area if area else None,
        sum(bool(each.counted.flags) for each in images),
    )


def _doubts(wells: Iterable[Sequence[_PlacedRow]]) -> Iterator[str]:
    """Sentences on wells whose total counts the same cells more than once."""
    channels: set[str] = set()
    several = Counter[str]()
    fields: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for images in wells:
        here = {each.channel for each in images}
        if len(here) > 1:
            several["channels"] += 1
            channels |= here
        several["times"] += len({each.time for each in images}) > 1
        for each in images:
            place = each.counted.image.removeprefix(without_place(each.counted.image))
            if each.tile:
                where = (each.plate, each.well, each.tile, each.channel, each.time, place)
                fields[where].append(each.counted.image)
    if several["channels"]:
        yield (
            f"{_wells(several['channels'])} of several channels ({', '.join(sorted(channels))}), all of which "
            "count_total adds up; count one channel's files at a time."
        )
    if several["times"]:
        yield f"{_wells(several['times'])} of several time points, all of which count_total adds up, unlike count_mean."
    twice = [images for images in fields.values() if len(images) > 1]
    if twice:
        yield (
            f"{sum(map(len, twice))} images share plate, well and tile with another, the first {twice[0][0]} with "
            f"{twice[0][1]}; each of them counts in its well."
        )


def _as_read_aloud(name: str) -> list[tuple[int, str]]:
    """A key that sorts plate 2 before plate 10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def _images(number: int) -> str:
    return "1 image" if number == 1 else f"{number} images"


def _names(number: int) -> str:
    return "only name" if number == 1 else f"{number} names"


def _wells(number: int) -> str:
    return "1 well holds images" if number == 1 else f"{number} wells hold images"
