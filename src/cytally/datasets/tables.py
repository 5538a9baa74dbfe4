"""The CSV files of a data folder: points.csv, images.csv, counts.csv, and skip.csv.

Each reader checks what can be wrong with a table by itself; what it says of the images is checked by
`cytally.datasets.folder`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cytally.errors import DataError


def read_points(path: Path, names: Iterable[str]) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """Read points.csv (`image,y,x`).

    Parameters
    ----------
    path
        The file.
    names
        Names of the images that exist.

    Returns
    -------
    tuple
        Points (N, 2) as y, x in pixels, in the order of the file, for each image that has any; and warnings. A point
        that is given twice is kept once, which is a warning.

    Raises
    ------
    DataError
        When the file cannot be read, lacks a column, names an image that does not exist, or a coordinate is no number.
    """
    table = _read(path, ["image", "y", "x"])
    _check_names(path, table, names)
    table = table.assign(y=_numbers(path, table, "y"), x=_numbers(path, table, "x"))
    twice = table[table.duplicated(["image", "y", "x"])]
    warnings = []
    if len(twice):
        first = twice.iloc[0]
        warnings.append(
            f"{path.name}: {len(twice)} {_plural('row', len(twice))} {'repeats' if len(twice) == 1 else 'repeat'} "
            f"a point, first in {first['image']} at y {first['y']:g}, x {first['x']:g}; each point is kept once"
        )
        table = table.drop(index=twice.index)
    points = {str(name): rows[["y", "x"]].to_numpy(np.float64) for name, rows in table.groupby("image", sort=False)}
    return points, warnings


def read_counts(path: Path, names: Iterable[str]) -> dict[str, int]:
    """Read counts.csv (`image,count`): how many cells each listed image holds.

    Raises
    ------
    DataError
        As `read_points`, and when a count is negative or not whole, or one image is given two counts.
    """
    table = _read(path, ["image", "count"])
    _check_names(path, table, names)
    numbers = _numbers(path, table, "count")
    _refuse(path, table, numbers < 0, "negative", "count", "give 0 or more")
    _refuse(path, table, numbers % 1 != 0, "not whole", "count", "give whole cells")
    table = table.assign(count=numbers).drop_duplicates(["image", "count"])
    twice = table["image"].duplicated()
    if twice.any():
        raise DataError(
            f"gives two counts for {int(twice.sum())} {_plural('image', int(twice.sum()))}, "
            f"first for {table['image'][twice].iloc[0]}",
            file=path,
            cure="keep one row per image",
        )
    return dict(zip(table["image"], table["count"].astype(int), strict=True))


def read_images(path: Path, names: Iterable[str]) -> set[str]:
    """Read images.csv (`image`): the images that points.csv speaks for.

    Raises
    ------
    DataError
        When the file cannot be read, lacks the column, or names an image that does not exist.
    """
    table = _read(path, ["image"])
    _check_names(path, table, names)
    return set(table["image"])


def read_skip(path: Path) -> set[str]:
    """Read skip.csv (`image`, and what else there is): the images that nothing shall be learnt from.

    Images that do not exist are no error: what is skipped may be deleted.

    Raises
    ------
    DataError
        When the file cannot be read or lacks the column.
    """
    return set(_read(path, ["image"])["image"])


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    """The columns as text, without spaces around; the index is the line in the file."""
    header = ",".join(columns)
    try:
        with catch_warnings():
            simplefilter("error", pd.errors.ParserWarning)  # pandas would drop the fields that are too many
            table = pd.read_csv(
                path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skip_blank_lines=False, index_col=False
            )
    except pd.errors.EmptyDataError as error:
        raise DataError("is empty", file=path, cure=f"begin it with the line '{header}', or remove it") from error
    except UnicodeDecodeError as error:
        raise DataError("is not UTF-8 text", file=path, cure="save it as CSV UTF-8") from error
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise DataError(
            "is no table: a row has more fields than the first line, or a quotation mark stays open",
            file=path,
            cure=f"give each row the fields '{header}', and write numbers with a decimal point",
        ) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", file=path, cure="check its permissions") from error
    table.columns = table.columns.str.strip()
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(
            f"has the columns '{','.join(table.columns)}' and lacks {', '.join(missing)}",
            file=path,
            cure=f"let its first line be '{header}', with commas between",
        )
    table.index = pd.RangeIndex(2, len(table) + 2)
    table = pd.DataFrame({column: table[column].str.strip() for column in columns})
    return table[(table != "").any(axis=1)]


def _check_names(path: Path, table: pd.DataFrame, names: Iterable[str]) -> None:
    unknown = table["image"][~table["image"].isin(set(names))]
    if len(unknown):
        images = unknown.unique()
        raise DataError(
            f"names {len(images)} {_plural('image', len(images))} that {'is' if len(images) == 1 else 'are'} not in "
            f"the images folder, first '{images[0]}' in line {unknown.index[0]}",
            file=path,
            cure="write each name as the file's, with its ending, or remove these rows",
        )


def _numbers(path: Path, table: pd.DataFrame, column: str) -> pd.Series[float]:
    numbers: pd.Series[float] = pd.to_numeric(table[column], errors="coerce").astype(float)
    _refuse(
        path,
        table,
        ~numbers.between(-np.inf, np.inf, inclusive="neither"),
        "no number",
        column,
        "write numbers with a decimal point",
    )
    return numbers


def _refuse(path: Path, table: pd.DataFrame, wrong: pd.Series[bool], what: str, column: str, cure: str) -> None:
    if wrong.any():
        first = table[wrong].iloc[0]
        raise DataError(
            f"has {int(wrong.sum())} {_plural('row', int(wrong.sum()))} whose {column} is {what}, first "
            f"'{first[column]}' for {first['image']} in line {wrong.index[wrong][0]}",
            file=path,
            cure=cure,
        )


def _plural(noun: str, number: int) -> str:
    return noun if number == 1 else f"{noun}s"
