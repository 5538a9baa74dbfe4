"""Which time-lapses are replicates of which condition, and how the conditions differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cytally.errors import DataError
from cytally.images.timelapse import TimeLapse
from cytally.report.page import ReportTable
from cytally.tasks.rows import RowFile
from cytally.tasks.samples import read_sheet
from cytally.timelapse.growth_comparison import ConditionPair, compare_conditions
from cytally.timelapse.growth_result import Estimate

if TYPE_CHECKING:
    from cytally.tasks.growth_report import DrawnLapse

COLUMNS = (
    *("first", "second", "n_first", "n_second", "doubling_time_first", "doubling_time_second", "unit"),
    *("doubling_time_ratio", "ratio_lower", "ratio_upper", "test", "p", "p_corrected", "hedges_g"),
)
"""Columns of comparison.csv."""


@dataclass(frozen=True)
class Conditions:
    """What a sheet says of time-lapses.

    Parameters
    ----------
    known
        The condition of each time-lapse that the sheet names, by what it calls it.
    sheet
        Its file; None where there is none.
    """

    known: dict[str, str]
    sheet: Path | None = None

    @classmethod
    def of(cls, sheet: Path | None) -> Conditions:
        """Read a sheet.

        Raises
        ------
        UsageError
            When it is no sheet; see `cytally.tasks.samples.read_sheet`.
        """
        if sheet is None:
            return cls({})
        table = read_sheet(sheet)
        columns = [column for column in table.columns if column != "image"]
        values = table[columns].agg(", ".join, axis=1)
        return cls(dict(zip(table["image"], values, strict=True)), sheet)

    def of_lapse(self, lapse: TimeLapse) -> str:
        """The condition of a time-lapse, which the sheet may call by its name, its file's or folder's, or its stem."""
        return next((self.known[name] for name in self.names(lapse) if name in self.known), "")

    @staticmethod
    def names(lapse: TimeLapse) -> tuple[str, str, str]:
        """What a sheet may call a time-lapse: its name, its stem, its file or folder."""
        return lapse.name, lapse.stem, lapse.source.name

    def compare(self, lapses: Sequence[DrawnLapse], folder: Path) -> tuple[ReportTable | None, list[str]]:
        """Compare the growth of all conditions, and write comparison.csv.

        Returns
        -------
        tuple
            The table for the report, None where there are no two conditions; and sentences on how to read it.
        """
        if self.sheet is None:
            return None, []
        words = []
        missing = [each.followed.lapse.name for each in lapses if not each.condition]
        if missing:
            words.append(f"{self.sheet}: lacks {', '.join(missing)}; the comparison is without.")
        followed = {name for each in lapses for name in self.names(each.followed.lapse)}
        unknown = [name for name in self.known if name not in followed]
        if unknown:
            words.append(f"{self.sheet}: names {', '.join(unknown)}, which no time-lapse is called.")
        told = [each for each in lapses if each.condition]
        try:
            found = compare_conditions([each.followed.fit for each in told], [each.condition for each in told])
        except DataError as error:
            return None, [*words, f"The conditions are not compared: {error.line()}."]
        words += found.notes
        if not found.pairs:
            return None, words
        growth = {each.condition: (each.n, each.doubling_time) for each in found.conditions}
        rows = [_row(pair, growth, found.time_unit) for pair in found.pairs]
        RowFile(folder / "comparison.csv", COLUMNS, [{name: _text(row[name]) for name in COLUMNS} for row in rows])
        return ReportTable(COLUMNS, tuple(tuple(_shown(row[name]) for name in COLUMNS) for row in rows)), words


def _row(pair: ConditionPair, growth: dict[str, tuple[int, Estimate | None]], unit: str) -> dict[str, object]:
    (n_first, first), (n_second, second) = growth[pair.first], growth[pair.second]
    ratio = pair.doubling_time_ratio
    return {
        "first": pair.first,
        "second": pair.second,
        "n_first": n_first,
        "n_second": n_second,
        "doubling_time_first": None if first is None else first.value,
        "doubling_time_second": None if second is None else second.value,
        "unit": unit,
        "doubling_time_ratio": None if ratio is None else ratio.value,
        "ratio_lower": None if ratio is None else ratio.lower,
        "ratio_upper": None if ratio is None else ratio.upper,
        "test": f"{pair.test}, {pair.compared}",
        "p": pair.p,
        "p_corrected": pair.p_corrected,
        "hedges_g": None if pair.hedges_g is None else pair.hedges_g.value,
    }


def _text(value: object) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _shown(value: object) -> object:
    """The value as the report shows it: three significant digits."""
    return float(f"{value:.3g}") if isinstance(value, float) else value
