"""Which reviewed images teach, and which are held back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cytally.app.held_back import FEWEST, HELD_BACK, split_reviewed
from cytally.app.refusal import Refusal
from cytally.app.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "workspace.db")


def images(*contents: str) -> list[tuple[Any, str]]:
    return [(f"{content}-{number}", content) for number, content in enumerate(contents)]


@pytest.mark.parametrize(("number", "held"), [(4, 1), (5, 2), (9, 2), (40, 12)])
def test_about_a_third_is_held_back(store: Store, number: int, held: int) -> None:
    teach, back = split_reviewed(store, images(*map(str, range(number))), ())
    assert (len(teach), len(back)) == (number - held, held)
    assert sorted(teach + back) == sorted(row for row, _ in images(*map(str, range(number))))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(4, 8))
def test_nothing_ever_changes_sides(tmp_path_factory: pytest.TempPathFactory, added: list[int], first: int) -> None:
    store = Store(tmp_path_factory.mktemp("store") / "workspace.db")
    number, taught, compared = first, set[str](), set[str]()
    for more in [0, *added]:
        number += more
        teach, back = split_reviewed(store, [(str(each), str(each)) for each in range(number)], ())
        assert not taught & set(back) and not compared & set(teach)
        taught, compared = set(teach), set(back)
        assert len(back) >= 1 and len(teach) >= FEWEST - 1 and len(back) <= max(2, HELD_BACK * number)
    store.close()


def test_copies_and_planes_stay_together(store: Store) -> None:
    teach, back = split_reviewed(store, images("film", "film", "film", "film", "a", "b", "c", "b"), ())
    sides = [{content for row, content in images() if row in side} for side in (teach, back)]
    assert not sides[0] & sides[1]
    assert {row.partition("-")[0] for row in teach}.isdisjoint(row.partition("-")[0] for row in back)


def test_what_the_model_was_trained_on_is_not_compared_by(store: Store) -> None:
    teach, back = split_reviewed(store, images("a", "b", "c", "d", "e"), {"a", "b", "c", "d"})
    assert [row.partition("-")[0] for row in back] == ["e"] and len(teach) == 4
    with pytest.raises(Refusal, match="no image is left to compare the models by"):
        split_reviewed(store, images("a", "b", "c", "d"), {"a", "b", "c", "d"})


def test_what_was_held_back_and_learnt_elsewhere_is_left_out(store: Store) -> None:
    _, back = split_reviewed(store, images("a", "b", "c", "d", "e", "f"), ())
    gone = back[0].partition("-")[0]
    teach, later = split_reviewed(store, images("a", "b", "c", "d", "e", "f"), {gone})
    assert back[0] not in teach + later and later == back[1:]


def test_images_without_cells_are_held_back_last(store: Store) -> None:
    _, back = split_reviewed(store, images("a", "b", "c", "d", "e", "f", "g"), (), {"a", "b", "c", "d", "e"})
    assert {row.partition("-")[0] for row in back} == {"f", "g"}


def test_planes_of_one_file_alone_are_refused(store: Store) -> None:
    with pytest.raises(Refusal, match="it takes 3") as caught:
        split_reviewed(store, images(*["film"] * 9), ())
    assert caught.value.status == 409 and caught.value.cure == "review 3 more, of other files"
    assert not store.rows("SELECT * FROM held_back")  # nothing is decided by what was refused


def test_a_database_of_the_first_layout_gets_the_table(tmp_path: Path) -> None:
    store = Store(tmp_path / "workspace.db")
    store.change("DROP TABLE held_back")
    for column in ("counted_in", "bytes", "content"):
        store.change(f"ALTER TABLE images DROP COLUMN {column}")
    store.change("PRAGMA user_version = 1")
    store.close()
    again = Store(tmp_path / "workspace.db")
    assert again.rows("SELECT * FROM held_back") == []
    assert again.rows("PRAGMA user_version")[0][0] == 2
