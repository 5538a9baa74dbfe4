"""Where tiles lie in a well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import UsageError
from cytally.images.frame_tiles import lay_out


@given(st.integers(1, 200))
def test_the_guess_is_filled_by_the_tiles(number: int) -> None:
    layout = lay_out([str(tile) for tile in range(1, number + 1)])
    rows, columns = layout.grid
    assert rows * columns == number
    assert layout.guessed
    # No grid of as many places is nearer to a square.
    assert all(number % other or other <= rows for other in range(1, int(number**0.5) + 1))
    assert [layout.places[str(tile)] for tile in range(1, number + 1)] == list(range(number))


def test_numbered_tiles_keep_their_places() -> None:
    assert lay_out(["2", "3"], (2, 2)).places == {"2": 1, "3": 2}
    assert lay_out(["0", "3"], (2, 2)).places == {"0": 0, "3": 3}
    assert lay_out(["03", "1"], (1, 3)).places == {"1": 0, "03": 2}
    # Numbers beyond the grid, and names, follow each other.
    assert lay_out(["11", "9", "12"], (2, 2)).places == {"9": 0, "11": 1, "12": 2}
    assert lay_out(["b", "a"], (1, 2)).places == {"a": 0, "b": 1}


def test_refusals() -> None:
    with pytest.raises(UsageError, match=r"the grid of 1x2 has 2 places, and there are 3 tiles; .* as --grid 1x3"):
        lay_out(["1", "2", "3"], (1, 2))
    with pytest.raises(UsageError, match="the grid is 0x2; give rows and columns"):
        lay_out(["1"], (0, 2))
