"""Which images the inputs name, and what their results are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import UsageError
from cytally.images.sources import find_images, output_stems, stem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.tif",
        "a.PNG",
        "notes.txt",
        ".hidden.png",
        "c[1].jpg",
        "below/d.tif",
        "e.zarr/zarr.json",
        "f/.zgroup",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_folder(folder: Path) -> None:
    assert names(find_images([folder])) == ["a.PNG", "b.tif", "c[1].jpg", "e.zarr", "f"]


def test_slides_are_found(tmp_path: Path) -> None:
    for name in ("a.svs", "b.NDPI", "c.scn", "d.mrxs", "e.bif", "f.vms", "d/Slidedat.ini"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_images([tmp_path])
    assert names(found) == ["a.svs", "b.NDPI", "c.scn", "d.mrxs", "e.bif", "f.vms"]
    assert list(output_stems(found).values()) == ["a", "b", "c", "d", "e", "f"]


def test_files_keep_their_order_and_come_once(folder: Path) -> None:
    given = [folder / "b.tif", folder / "a.PNG", str(folder / "below" / ".." / "b.tif"), folder]
    assert names(find_images(given)) == ["b.tif", "a.PNG", "c[1].jpg", "e.zarr", "f"]
    # A file that is no image is for the reader to refuse, so that the rest is done.
    assert names(find_images([folder / "notes.txt"])) == ["notes.txt"]
    assert names(find_images([folder / "e.zarr"])) == ["e.zarr"]


def test_patterns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(find_images([f"{folder}/*"])) == ["a.PNG", "b.tif", "c[1].jpg", "e.zarr", "f"]
    assert names(find_images([f"{folder}/**/*.tif"])) == ["b.tif", "d.tif"]
    assert names(find_images([folder / "c[1].jpg"])) == ["c[1].jpg"]
    monkeypatch.chdir(folder)
    assert find_images(["?.tif"]) == [Path("b.tif")]


def test_refusals(folder: Path) -> None:
    (folder / "empty").mkdir()
    cases = {
        str(folder / "missing.tif"): r"missing\.tif: does not exist; check the path",
        str(folder / "*.czi"): r"\*\.czi: matches no image; check the pattern; supported endings are \.png",
        str(folder / "*.txt"): r"\*\.txt: matches no image; ",
        str(folder / "empty"): r"empty: holds no image; name a folder with files that end in \.png",
        "": "an input is empty; name files",
    }
    for name, message in cases.items():
        with pytest.raises(UsageError, match=message):
            find_images([folder, name])
    with pytest.raises(UsageError, match="no image was named; name files"):
        find_images([])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.tif", "a"),
        ("x/a.b.png", "a.b"),
        ("a.ome.tif", "a"),
        ("A.OME.TIFF", "A"),
        ("a.ome.zarr", "a"),
        ("a.zarr", "a"),
        (".ome.tif", ".ome"),
        ("a.tif#0,3", "a#0,3"),
        ("a.ome.tif#12,0", "a#12,0"),
        ("a#1,2.tif", "a#1,2"),
        ("noending", "noending"),
    ],
)
def test_stem(name: str, expected: str) -> None:
    assert stem(name) == expected
    assert stem(Path(name)) == expected


def stems(*paths: str) -> list[str]:
    return list(output_stems([Path(path) for path in paths]).values())


def test_stems_that_clash_get_their_folders_in_front() -> None:
    assert stems("/x/a/1.tif", "/x/b/1.tif", "/x/b/2.tif") == ["a_1", "b_1", "2"]
    assert stems("/x/a/1.tif", "/x/b/1.ome.tif") == ["a_1", "b_1"]
    assert stems("/x/p/a/1.tif", "/x/q/a/1.tif", "/x/q/b/1.tif") == ["p_a_1", "q_a_1", "b_1"]
    assert stems("/x/a/1.png", "/x/a/1.tif", "/x/a/1.ome.tif") == ["a_1_png", "a_1_tif", "a_1_ome_tif"]
    assert stems("/x/a/1.tif", "/x/b/1.tif", "/x/c/a_1.tif") == ["x_a_1", "b_1", "c_a_1"]


def test_relative_paths_know_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert stems("1.tif", "../there/1.tif") == ["here_1", "there_1"]


FOLDERS = st.lists(st.sampled_from(["a", "b", "a_b", "A"]), max_size=3).map("/".join)
FILES = st.sampled_from(["1.tif", "1.png", "1.ome.tif", "a_1.tif", "b_a_1.tif", "1_tif.png", "1.TIF", "2.tif"])


@given(st.lists(st.builds("/{}/{}".format, FOLDERS, FILES), max_size=12))
def test_no_two_stems_are_alike(paths: list[str]) -> None:
    named = output_stems([Path(path) for path in paths])
    assert set(named) == {Path(path) for path in paths}
    assert len({name.casefold() for name in named.values()}) == len(named)
    assert all("/" not in name and name for name in named.values())
    assert all(stem(path) in name for path, name in named.items())
