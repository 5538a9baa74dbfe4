"""A CSV that grows row by row and holds whole rows only, however its writer ends."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cytally.files import write_text

Row = Mapping[str, str]


class RowFile:
    """A CSV file to append to.

    Parameters
    ----------
    path
        The file; written anew.
    header
        Names of the columns.
    rows
        The rows to begin with.

    Notes
    -----
    An append that fails, as on a full disk, is cut off again. What a kill leaves of one is not read by `read_rows`.
    """

    def __init__(self, path: Path, header: Sequence[str], rows: Iterable[Row] = ()) -> None:
        self.path, self.header = path, list(header)
        self.rewrite(rows)

    def append(self, rows: Iterable[Row]) -> None:
        """Add rows, all or none."""
        size = self.path.stat().st_size
        try:
            with self.path.open("ab") as file:
                file.write(self._text(rows).encode("utf-8"))
        except BaseException:
            with self.path.open("r+b") as file:
                file.truncate(size)
            raise

    def rewrite(self, rows: Iterable[Row]) -> None:
        """Replace the whole file."""
        head = self._text([dict(zip(self.header, self.header, strict=True))])
        write_text(self.path, head + self._text(rows))

    def _text(self, rows: Iterable[Row]) -> str:
        text = io.StringIO()
        csv.DictWriter(text, self.header, lineterminator="\n").writerows(rows)
        return text.getvalue()


def read_rows(path: Path, header: Sequence[str]) -> list[dict[str, str]]:
    """The whole rows of a file with this header; none where there is no such file.

    A last line without its line end was cut short by a kill, and is left out.
    """
    if not path.is_file():
        return []
    text = path.read_bytes().decode("utf-8", "replace")
    reader = csv.DictReader(io.StringIO(text[: text.rfind("\n") + 1], newline=""))
    if reader.fieldnames != list(header):
        return []
    return [row for row in reader if None not in row and None not in row.values()]
