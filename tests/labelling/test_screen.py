"""Which labelled fields training should skip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import UsageError
from cytally.labelling.screen import screen

SHARES = st.lists(st.floats(0, 1), max_size=40)


def test_the_quarter_with_the_fewest_and_those_with_more_nucleus_than_background() -> None:
    reasons = screen([0.3, 0.05, 0.51, 0.5, 0.2, 0.01, 0.4, 0.1])
    assert [reason is not None for reason in reasons] == [False, True, True, False, False, True, False, False]
    assert reasons[1] == "5.0 % nucleus, among the 25 % of fields with the fewest nucleus pixels"
    assert reasons[2] == "51.0 % nucleus, above 50 %"


def test_of_equals_the_earlier_are_skipped() -> None:
    assert [reason is None for reason in screen([0.1] * 8)] == [False, False, *[True] * 6]


@pytest.mark.parametrize(("fields", "skipped"), [(0, 0), (1, 0), (3, 0), (4, 1), (7, 1), (8, 2)])
def test_a_quarter_is_rounded_down(fields: int, skipped: int) -> None:
    assert sum(reason is not None for reason in screen([0.2] * fields)) == skipped


def test_a_share_that_floating_point_makes_a_little_smaller() -> None:
    assert 0.29 * 100 < 29
    assert sum(reason is not None for reason in screen([0.2] * 100, fewest=0.29)) == 29


def test_both_settings_can_be_switched_off() -> None:
    assert screen([0.0, 1.0, 0.3, 0.9], fewest=0, most=1) == [None] * 4


@given(SHARES, st.floats(0, 1), st.floats(0, 1))
def test_what_is_kept(shares: list[float], fewest: float, most: float) -> None:
    reasons = screen(shares, fewest=fewest, most=most)
    kept = [share for share, reason in zip(shares, reasons, strict=True) if reason is None]
    few = [share for share, reason in zip(shares, reasons, strict=True) if reason is not None and share <= most]
    assert all(share <= most for share in kept)
    assert len(few) <= fewest * len(shares) + 1e-6
    assert not (kept and few) or max(few) <= min(kept)


@pytest.mark.parametrize("settings", [{"fewest": -0.1}, {"fewest": 25}, {"most": 1.5}, {"most": float("nan")}])
def test_settings_that_make_no_sense(settings: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="from 0 to 1"):
        screen([0.1], **settings)


@pytest.mark.parametrize("share", [-0.1, 30.0, float("nan")])
def test_a_share_that_is_none(share: float) -> None:
    with pytest.raises(UsageError, match="not percentages"):
        screen([0.2, share])
