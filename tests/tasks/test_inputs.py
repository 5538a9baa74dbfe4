"""What the images of a run, and the files of their results, are called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.tasks.inputs import Inputs


def test_a_name_is_the_files_own_where_it_can_be() -> None:
    inputs = Inputs([Path("a/x.png"), Path("a/x.tif"), Path("a/y.ome.tif")])
    assert [inputs.name(path) for path in inputs.paths] == ["x.png", "x.tif", "y.ome.tif"]
    assert [inputs.file_stem(name) for name in ("x.png", "x.tif", "y.ome.tif")] == ["a_x_png", "a_x_tif", "y"]


def test_two_files_of_one_name_have_their_folder_in_front() -> None:
    inputs = Inputs([Path("/r/a/x.png"), Path("/r/b/x.png"), Path("/r/a/x.tif")])
    names = [inputs.name(path) for path in inputs.paths]
    assert names == ["a_x.png", "b_x.png", "x.tif"]
    assert [inputs.file_stem(name) for name in names] == ["a_x_png", "b_x", "a_x_tif"]


@pytest.mark.parametrize("name", ["a b.tif", "Zellen ümlaut 細胞.tif", "#1.tif", "x#0,1.tif", "no ending"])
def test_odd_names_are_kept(name: str) -> None:
    inputs = Inputs([Path("in") / name])
    assert inputs.name(Path("in") / name) == name
    assert inputs.owner(name) == inputs.owner(f"{name}#2,31") == Path("in") / name
    stem = inputs.file_stem(f"{name}#2,31")
    assert stem is not None and stem.endswith("#2,31")


def test_an_image_of_another_run_has_no_owner() -> None:
    inputs = Inputs([Path("in/a.tif")])
    assert inputs.owner("b.tif") is None and inputs.file_stem("b.tif#0,1") is None


def test_names_that_are_no_text_can_be_written() -> None:
    path = Path(os.fsdecode(b"caf\xe9.png"))
    inputs = Inputs([path])
    assert inputs.name(path) == "caf?.png"
    assert inputs.file_stem("caf?.png") == "caf?"


parts = st.sampled_from(["a", "b", "a_b", "x"])


@given(st.lists(st.tuples(parts, parts, st.sampled_from([".png", ".tif", ".ome.tif"])), min_size=1, unique=True))
def test_no_two_inputs_are_called_alike(files: list[tuple[str, str, str]]) -> None:
    inputs = Inputs([Path("/", folder, name + ending) for folder, name, ending in files])
    names = [inputs.name(path) for path in inputs.paths]
    assert len(set(names)) == len({inputs.file_stem(name) for name in names}) == len(files)
    assert [inputs.owner(name) for name in names] == list(inputs.paths)
