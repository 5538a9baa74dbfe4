"""A crew of one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cytally.workers.crew import Done
from cytally.workers.here import Here


def test_what_one_item_does_leaves_the_others_alone() -> None:
    done = list(Here().run(lambda number: 6 // number, [1, 0, 2]))
    assert [each.result for each in done] == [6, None, 3]
    assert isinstance(done[1].error, ZeroDivisionError) and done[1].item == 0
    assert done[2] == Done(2, 3, None)


def test_items_are_taken_one_by_one() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    assert next(Here().run(abs, items())).result == 0
    assert taken == [0]


def test_ctrl_c_is_no_item_s_affair() -> None:
    def interrupted(item: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Here() as crew:
        list(crew.run(interrupted, [1]))
