"""Names of files as they may enter the workspace."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cytally.app.names import LONGEST, clean_name, unique_name


@given(st.text())
def test_a_clean_name_is_a_plain_file_name(text):
    name = clean_name(text)
    assert name and not name.startswith(".") and not set(name) & set('/\\:*?"<>|#\0\n')
    assert len(name.encode()) <= LONGEST + 20
    assert clean_name(name) == name


@given(st.lists(st.sampled_from(["a.png", "A.png", "a-2.png", "b.ome.tif"]), max_size=12))
def test_no_two_names_are_alike(names):
    taken: set[str] = set()
    for name in names:
        own = unique_name(name, taken)
        assert own.casefold() not in taken
        taken.add(own.casefold())
