"""Digests tell files apart by what is in them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cytally.errors import UsageError
from cytally.tasks import input_digests
from cytally.tasks.input_digests import KEY, absolute_pattern, digest, digests, refuse_changed


def test_files_by_absolute_paths_without_those_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    monkeypatch.chdir(tmp_path)
    found = digests([Path("a"), Path("a"), Path("gone")])
    assert found == {str(tmp_path / "a"): hashlib.sha256(b"abc").hexdigest()}


def test_folders_count_by_content_and_large_ones_by_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "z.zarr" / "0"
    inner.mkdir(parents=True)
    (inner / "c").write_text("1")
    before = digest(tmp_path / "z.zarr")
    (inner / "c").write_text("2")
    changed = digest(tmp_path / "z.zarr")
    assert changed != before
    monkeypatch.setattr(input_digests, "LARGEST_FOLDER", 0)
    by_size = digest(tmp_path / "z.zarr")
    (inner / "c").write_text("3")
    assert digest(tmp_path / "z.zarr") == by_size
    (inner / "c").write_text("33")
    assert digest(tmp_path / "z.zarr") != by_size


def test_patterns_keep_what_is_no_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a [1]").mkdir()
    monkeypatch.chdir(tmp_path / "a [1]")
    assert absolute_pattern("t*.tif") == f"{tmp_path}/a [[]1]/t*.tif"
    (tmp_path / "a [1]" / "t[2].tif").touch()
    assert absolute_pattern("t[2].tif") == f"{tmp_path}/a [1]/t[2].tif"


def test_only_finished_inputs_that_changed_are_refused(tmp_path: Path) -> None:
    earlier, now = ({KEY: {"/a": digit, "/b": "0"}} for digit in "12")
    refuse_changed(earlier, now, [Path("/b")], tmp_path)
    refuse_changed({}, now, [Path("/a")], tmp_path)
    with pytest.raises(UsageError, match="'/a' is not what it was"):
        refuse_changed(earlier, now, [Path("/a"), Path("/b")], tmp_path)
