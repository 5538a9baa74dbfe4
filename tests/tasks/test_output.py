"""Which output folders are refused, and what is removed from one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cytally.errors import OutputError, UsageError
from cytally.tasks.output import COUNTED, EVALUATED, TRAINED, OutputKind, check_output, open_output, writing


@pytest.fixture
def counted(tmp_path: Path) -> Path:
    """What a count, and the user, left in a folder."""
    folder = tmp_path / "out"
    (folder / "points").mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"task": "count"}))
    for name in ("counts.csv", "points/a.csv", "my notes.txt"):
        (folder / name).write_text("x")
    return folder


def refusal(folder: Path, kind: OutputKind = COUNTED, **settings: object) -> str:
    before = sorted(folder.rglob("*")) if folder.is_dir() else None
    with pytest.raises(UsageError) as caught:
        check_output(folder, kind, **settings)  # type: ignore[arg-type]
    assert before is None or sorted(folder.rglob("*")) == before
    return caught.value.line()


def test_a_folder_that_exists_is_refused(counted: Path, tmp_path: Path) -> None:
    assert "--resume to go on, --overwrite to start again" in refusal(counted)
    (tmp_path / "empty").mkdir()
    assert "exists" in refusal(tmp_path / "empty")
    assert "--resume" not in refusal(tmp_path / "empty", EVALUATED)
    check_output(tmp_path / "new" / "deep", COUNTED)
    for settings in ({"resume": True}, {"overwrite": True}):
        check_output(counted, COUNTED, **settings)
        check_output(tmp_path / "empty", COUNTED, **settings)
        check_output(tmp_path / "new", COUNTED, **settings)


def test_what_the_command_did_not_write_is_never_removed(counted: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "points").mkdir(parents=True)
    (data / "counts.csv").write_text("image,count\n")
    for settings in ({"resume": True}, {"overwrite": True}):
        assert "did not write" in refusal(data, **settings)
        assert "did not write" in refusal(counted, EVALUATED, **settings)
        assert "did not write" in refusal(counted, TRAINED, **settings)
    (data / "run.json").write_text("no json")
    assert "did not write" in refusal(data, overwrite=True)


def test_overwriting_keeps_the_users_files(counted: Path) -> None:
    check_output(counted, COUNTED, overwrite=True)
    open_output(counted, COUNTED, overwrite=True)
    assert [path.name for path in counted.iterdir()] == ["my notes.txt"]


def test_what_the_run_reads_is_not_removed(counted: Path) -> None:
    line = refusal(counted, overwrite=True, reads=[counted / "points" / "a.csv"])
    assert "a.csv" in line and "would remove it" in line
    check_output(counted, COUNTED, overwrite=True, reads=[counted / "my notes.txt"])
    check_output(counted, COUNTED, resume=True, reads=[counted / "points" / "a.csv"])


def test_half_written_files_of_a_kill_are_removed(counted: Path) -> None:
    for name in (".123-counts.csv", "points/.99-b.csv", ".hidden"):
        (counted / name).write_text("half")
    open_output(counted, COUNTED)
    assert sorted(path.name for path in counted.rglob("*") if path.name.startswith(".")) == [".hidden"]
    only_half = counted.parent / "killed at once"
    only_half.mkdir()
    (only_half / ".77-run.json").write_text("half")
    check_output(only_half, COUNTED, resume=True)
    check_output(only_half, COUNTED, overwrite=True)


def test_places_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "is a file" in refusal(tmp_path / "file", overwrite=True)
    assert "cannot be written to" in refusal(tmp_path / "file" / "out")
    assert "contradict" in refusal(tmp_path / "new", resume=True, overwrite=True)


def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(UsageError, match="Permission denied"):
        open_output(tmp_path / "out", COUNTED)


def test_a_full_disk_is_told_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"No space left.*--resume"), writing(tmp_path):
        raise OSError(28, "No space left on device")
