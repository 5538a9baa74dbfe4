"""Tables that people filled in: CSV as spreadsheet programs of any country save it."""

from __future__ import annotations

import codecs
import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cytally.errors import UsageError

SEPARATORS = ",;\t"
"""Between columns. Where a comma is the decimal sign, programs write semicolons."""


@dataclass(frozen=True)
class Row:
    """A row with anything in it: its `number` as the spreadsheet shows it, and its cells by column, spaces trimmed."""

    number: int
    cells: dict[str, str]


def read_spreadsheet(path: Path, columns: Sequence[str]) -> list[Row]:
    """Read a table that has, among others, certain columns.

    Commas, semicolons or tabs between columns, any line ends, quoted cells, empty rows, a byte-order mark; UTF-8,
    UTF-16, or the older encoding of Windows for western Europe.

    Parameters
    ----------
    path
        The file.
    columns
        What its first row must name, in any order and case.

    Returns
    -------
    list
        The rows below the first that are not empty. Names of columns are in lower case.

    Raises
    ------
    UsageError
        When there is no such file, it is no text or no table, is empty, or lacks a column.
    """
    header = ",".join(columns)
    text = _text(path)
    if not text.strip(f" \r\n{SEPARATORS}"):
        raise UsageError("is empty", file=path, cure=f"let its first row be '{header}'")
    first = text.lstrip().splitlines()[0]
    separator = max(SEPARATORS, key=first.count)
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise UsageError(
            f"is no table: {error}", file=path, cure="save it as CSV UTF-8 from a spreadsheet program"
        ) from error
    rows = [(number, [cell.strip() for cell in row]) for number, row in enumerate(table, start=1) if any(row)]
    (_, names), *rows = rows
    names = [name.lower() for name in names]
    missing = [column for column in columns if column not in names]
    if missing:
        raise UsageError(
            f"has the columns '{','.join(names)}' and lacks {', '.join(missing)}",
            file=path,
            cure=f"let its first row be '{header}'",
        )
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"has two columns '{twice}'", file=path, cure="remove one of them")
    return [Row(number, _cells(path, number, names, row)) for number, row in rows if any(row)]


def as_number(text: str) -> float | None:
    """A number as people of any country write it; None where it is none.

    Examples
    --------
    >>> as_number("4"), as_number(" 3,5 "), as_number("3.5"), as_number("1e400"), as_number("good")
    (4.0, 3.5, 3.5, None, None)
    """
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError("does not exist", file=path, cure="check the path") from error
    except IsADirectoryError as error:
        raise UsageError("is a folder", file=path, cure="name the CSV file in it") from error
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", file=path, cure="check its permissions") from error
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UsageError("is a workbook, not a CSV file", file=path, cure="save it as CSV UTF-8 from that program")
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UsageError("is no text", file=path, cure="save it as CSV UTF-8 from a spreadsheet program")


def _cells(path: Path, number: int, names: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    if any(row[len(names) :]):
        raise UsageError(
            f"row {number} has {len(row)} cells and the first row {len(names)}",
            file=path,
            cure='put text that holds commas into quotation marks ("…"), and write 3.5 or "3,5"',
        )
    return dict(zip(names, [*row, *[""] * len(names)], strict=False))
