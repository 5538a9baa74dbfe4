"""One row of counts.csv."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

COLUMNS = ("image", "count", "lower", "upper", "area_mm2", "density_per_mm2", "model", "flags")
BY_AREA = (*COLUMNS, "count_by_area")
"""The same for models that also count by the objects' area."""


@dataclass(frozen=True)
class CountRow:
    """One row of counts.csv; None is an empty cell.

    Examples
    --------
    >>> row = CountRow("a.tif", 12.5, None, None, 0.25, 50.0, "m", ("black", "tiny"))
    >>> list(row.cells().values())
    ['a.tif', '12.5', '', '', '0.25', '50', 'm', 'black;tiny']
    >>> CountRow.from_cells(row.cells()) == row
    True
    """

    image: str
    count: float
    lower: float | None
    upper: float | None
    area_mm2: float | None
    density_per_mm2: float | None
    model: str
    flags: tuple[str, ...]
    count_by_area: float | None = None

    def cells(self) -> dict[str, str]:
        """The row as text, numbers with six significant digits."""
        cells = {key: _text(value) for key, value in asdict(self).items()}
        if self.count_by_area is None:
            del cells["count_by_area"]
        return cells

    @classmethod
    def from_cells(cls, cells: Mapping[str, str]) -> CountRow:
        """The row that `cells` wrote."""
        lower, upper, area, density = (_number(cells[key]) for key in COLUMNS[2:6])
        flags = tuple(flag for flag in cells["flags"].split(";") if flag)
        by_area = _number(cells.get("count_by_area", ""))
        return cls(cells["image"], float(cells["count"]), lower, upper, area, density, cells["model"], flags, by_area)


def _text(value: str | float | tuple[str, ...] | None) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ";".join(value)
    return value if isinstance(value, str) else f"{value:.10g}"


def _number(text: str) -> float | None:
    return float(text) if text else None
