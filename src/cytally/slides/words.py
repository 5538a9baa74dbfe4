"""How messages tell a size: as programs that show pictures do, the width first."""

from __future__ import annotations


def size_in_words(shape: tuple[int, ...]) -> str:
    """Rows and columns (Y, X) as a user reads them.

    Examples
    --------
    >>> size_in_words((26_624, 30_000))
    '30,000 x 26,624 pixels (width x height)'
    """
    rows, columns = shape
    return f"{columns:,} x {rows:,} pixels (width x height)"
