"""A CSV that holds whole rows only."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from cytally.tasks.rows import RowFile, read_rows

HEADER = ("image", "error")


def row(name: str) -> dict[str, str]:
    return {"image": name, "error": 'is, "odd"\nand long'}


def test_rows_come_back_as_written(tmp_path: Path) -> None:
    file = RowFile(tmp_path / "a.csv", HEADER, [row("a")])
    file.append([row("b"), row("ü #1")])
    assert read_rows(file.path, HEADER) == [row("a"), row("b"), row("ü #1")]
    file.rewrite([row("c")])
    assert read_rows(file.path, HEADER) == [row("c")]


def test_nothing_and_another_table_have_no_rows(tmp_path: Path) -> None:
    assert read_rows(tmp_path / "none.csv", HEADER) == []
    RowFile(tmp_path / "a.csv", ("image", "count"), [{"image": "a", "count": "1"}])
    assert read_rows(tmp_path / "a.csv", HEADER) == []


@pytest.mark.parametrize("kept", range(1, 14))
def test_a_row_cut_short_by_a_kill_is_left_out(tmp_path: Path, kept: int) -> None:
    file = RowFile(tmp_path / "a.csv", HEADER, [{"image": "a", "error": "e"}])
    whole = file.path.read_bytes()
    file.append([{"image": "bb.png", "error": "eeeeee"}])
    file.path.write_bytes(file.path.read_bytes()[: len(whole) + kept])
    assert read_rows(file.path, HEADER) == [{"image": "a", "error": "e"}]


def test_an_append_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = RowFile(tmp_path / "a.csv", HEADER, [row("a")])
    before = file.path.read_bytes()
    opened = Path.open

    def filling_up(self: Path, mode: str = "r", *args: Any, **settings: Any) -> Any:
        handle = opened(self, mode, *args, **settings)
        if mode != "ab":
            return handle

        class Full:
            def __enter__(self) -> Full:
                return self

            def __exit__(self, *_: object) -> None:
                handle.close()

            def write(self, text: bytes) -> None:
                handle.write(text[:5])
                handle.flush()
                raise OSError(errno.ENOSPC, "No space left on device")

        return Full()

    monkeypatch.setattr(Path, "open", filling_up)
    with pytest.raises(OSError, match="No space"):
        file.append([row("b")])
    assert file.path.read_bytes() == before
