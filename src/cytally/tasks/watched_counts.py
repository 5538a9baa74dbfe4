"""counts.csv of a folder that is watched: the frames counted so far, and the minutes at which they stand."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from cytally.errors import UsageError
from cytally.images.frame_order import natural_key, numbering
from cytally.images.sources import stem
from cytally.tasks.count_row import COLUMNS, CountRow
from cytally.tasks.inputs import without_place
from cytally.tasks.rows import RowFile, read_rows

HEADER = (*COLUMNS, "minutes")


class WatchedCounts:
    """The rows of all sittings, in the order of counting.

    Parameters
    ----------
    out
        The output folder.
    interval
        Minutes from file to file; None where files stand at the times at which they were written.

    Notes
    -----
    With an interval, a file's place follows from the numbers in the names of all files that are known, so that one
    which comes late, fails or is missing shifts no other.
    """

    def __init__(self, out: Path, interval: float | None) -> None:
        self.rows: list[CountRow] = []
        self.minutes: list[float] = []
        self._path, self._interval = out / "counts.csv", interval
        self._files: list[str] = []
        """Of each row the name of its file."""
        self._stems: dict[str, str] = {}
        """What the results of each counted file are called, by its name."""

    @property
    def files(self) -> list[str]:
        """The names of the files that are counted, each once."""
        return list(self._stems)

    def take_over(self, frames: int) -> None:
        """Read what earlier sittings counted, which noted that there are so many `frames`.

        Raises
        ------
        UsageError
            When the table was changed since, by hand or by another program. It is left as it is.
        """
        if self._path.is_file():
            with self._path.open(encoding="utf-8", errors="replace", newline="") as file:
                if next(csv.reader(file), []) != list(HEADER):
                    raise self._damaged("has other columns than those that were written")
        table = read_rows(self._path, HEADER)
        if len(table) < frames - 1:  # a kill cuts off one row at most
            raise self._damaged(f"holds {len(table)} frames, not the {frames} that were counted")
        for cells in table:
            try:
                row, minutes = CountRow.from_cells(cells), float(cells["minutes"])
            except ValueError as error:
                raise self._damaged(f"holds what is no number, for {cells['image']}") from error
            if not (math.isfinite(row.count) and math.isfinite(minutes)):
                raise self._damaged(f"holds what is no number, for {cells['image']}")
            self._keep(without_place(row.image), [row])
            self.minutes.append(minutes)
        self.minutes = self._placed(self._files, self.minutes, ())

    def write(self) -> None:
        """Write the table as far as it is known."""
        self._table = RowFile(self._path, HEADER, _cells(self.rows, self.minutes))

    def add(self, name: str, rows: Sequence[CountRow], minutes: float, failed: Iterable[str]) -> None:
        """Append the rows of one file.

        Parameters
        ----------
        name
            The file's.
        rows
            One per plane; all of them stand at the same time.
        minutes
            When the file was written, after the first.
        failed
            Names of the files that could not be counted; they have places, too.
        """
        before = len(self.rows)
        placed = self._placed([*self._files, *[name] * len(rows)], [*self.minutes, *[minutes] * len(rows)], failed)
        if placed[:before] == self.minutes and len(rows) == 1:  # a kill amid several would leave a part of the file
            self._table.append(_cells(rows, placed[before:]))
        else:
            self._table.rewrite(_cells([*self.rows, *rows], placed))
        self._keep(name, rows)
        self.minutes = placed

    def place_anew(self, failed: Iterable[str]) -> None:
        """Set the minutes right after a file has `failed`, whose place was not known before."""
        placed = self._placed(self._files, self.minutes, failed)
        if placed != self.minutes:
            self._table.rewrite(_cells(self.rows, placed))
            self.minutes = placed

    def stem(self, name: str) -> str:
        """What the results of a file are called: its stem, with its ending where another file has that stem already.

        Names that differ only in case count as the same, as they are on many disks.
        """
        taken = {each.casefold() for file, each in self._stems.items() if file != name}
        plain = stem(name)
        ending = name.removeprefix(plain).strip(".").replace(".", "_")
        found, number = plain, 1
        while found.casefold() in taken:
            found = f"{plain}_{ending}" + (f"_{number}" if number > 1 else "")
            number += 1
        return found

    def _keep(self, name: str, rows: Sequence[CountRow]) -> None:
        if name not in self._stems:
            self._stems[name] = self.stem(name)
        self.rows.extend(rows)
        self._files.extend([name] * len(rows))

    def _placed(self, files: Sequence[str], written: Sequence[float], failed: Iterable[str]) -> list[float]:
        """The minutes of each row: those at which its file was `written`, or those of its place."""
        if self._interval is None:
            return list(written)
        names = sorted({*files, *failed}, key=natural_key)
        places = dict(zip(names, numbering([stem(name) for name in names]).places, strict=True))
        return [places[file] * self._interval for file in files]

    def _damaged(self, message: str) -> UsageError:
        return UsageError(message, file=self._path, cure="restore it, or use --overwrite to begin anew")


def _cells(rows: Sequence[CountRow], minutes: Sequence[float]) -> list[dict[str, str]]:
    return [{**row.cells(), "minutes": f"{each:.6g}"} for row, each in zip(rows, minutes, strict=True)]
