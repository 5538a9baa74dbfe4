"""Projects, as every route asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cytally.app.projects import add_project, check_project
from cytally.app.refusal import Refusal
from cytally.app.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "workspace.db")
    yield store
    store.close()


def test_a_project_that_is_there_passes_and_another_is_refused(store: Store) -> None:
    made = add_project(store, "A")
    check_project(store, made.id)
    with pytest.raises(Refusal) as refused:
        check_project(store, "0" * 12)
    assert refused.value.status == 404
