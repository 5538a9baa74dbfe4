"""The median rule, against one that is written out."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from cytally.tasks.pruning import hopeless

FINISHED = [[(0.1, 9.0), (0.4, 5.0), (0.8, 1.0)], [(0.2, 7.0)], [(0.3, 6.0)]]


def test_by_hand() -> None:
    def rule(done: float, error: float, least: int = 3, warm_up: float = 0.3) -> bool:
        return hopeless(done, error, FINISHED, warm_up=warm_up, least=least)

    assert rule(0.5, 6.1) and not rule(0.5, 6.0)  # 5, 7 and 6
    assert rule(0.35, 7.1) and not rule(0.35, 6.9)  # 9, 7 and 6
    assert not rule(0.29, 99.0), "still warming up"
    assert not rule(0.95, 99.0), "nearly done"
    assert not rule(0.5, math.inf), "not validated yet"
    assert not rule(0.5, 99.0, least=4), "too few to compare with"
    assert not rule(0.2, 99.0, warm_up=0.0), "the third had not validated by then"


curves = st.lists(
    st.dictionaries(st.sampled_from([0.1, 0.3, 0.5, 0.7]), st.floats(0, 100), min_size=1).map(
        lambda values: sorted(values.items())
    ),
    min_size=1,
    max_size=6,
)


@given(finished=curves, done=st.floats(0, 0.89), error=st.floats(0, 100))
def test_at_most_half_of_those_that_finished_would_have_been_cut_off(
    finished: list[list[tuple[float, float]]], done: float, error: float
) -> None:
    at = [min((value for share, value in curve if share <= done), default=math.inf) for curve in finished]
    cut = [hopeless(done, value, finished, warm_up=0, least=1) for value in at]
    assert sum(cut) <= len(finished) / 2
    known = [value for value in at if value < math.inf]
    worse = known and sum(error > value for value in known) > len(known) / 2
    assert not worse or hopeless(done, error, finished, warm_up=0, least=1)
