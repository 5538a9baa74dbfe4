"""Drawings that wait for their folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cytally.errors import OutputError
from cytally.tasks.kept_overlays import kept_overlays

PICTURE = np.zeros((4, 4, 3), np.uint8)


@pytest.mark.parametrize("there", [True, False])
def test_they_are_moved_and_nothing_else_is_left(tmp_path: Path, there: bool) -> None:
    out = tmp_path / "a" / "out"
    if there:
        out.mkdir(parents=True)
    with kept_overlays(out) as kept:
        assert kept is not None
        kept.keep("one", PICTURE)
        assert not (out / "overlays").exists()
        out.mkdir(parents=True, exist_ok=True)
        kept.move_to(out)
    found = [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))]
    assert found == ["a", "a/out", "a/out/overlays", "a/out/overlays/one.png"]


def test_without_any_there_is_no_folder(tmp_path: Path) -> None:
    with kept_overlays(tmp_path) as kept:
        assert kept is not None
        kept.move_to(tmp_path)
    assert not list(tmp_path.iterdir())
    with kept_overlays(None) as kept:
        assert kept is None


def test_what_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), kept_overlays(tmp_path / "out") as kept:
        assert kept is not None
        kept.keep("one", PICTURE)
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with kept_overlays(tmp_path / "out") as kept:
        assert kept is not None
        with monkeypatch.context() as patch, pytest.raises(OutputError, match=r"out: .*No space left.*make room"):
            patch.setattr(Path, "replace", full)
            kept.keep("one", PICTURE)
