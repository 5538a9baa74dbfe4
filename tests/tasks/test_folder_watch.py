import csv
import json
import shutil

import imagecodecs
import pytest

from cytally.errors import UsageError
from cytally.tasks.folder_watch import WatchOptions, watch_folder
from cytally.tasks.watch import Watch


class Microscope:
    """Writes files while the watcher sleeps; the clock goes on by itself."""

    def __init__(self, *steps):
        self.now, self.steps = 0.0, list(steps)

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        if self.steps:
            step = self.steps.pop(0)
            if step is not None:
                step()


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "frames"
    place.mkdir()
    return place


@pytest.fixture
def told():
    return []


@pytest.fixture
def go(model, folder, tmp_path, told):
    def run(*steps, out="out", **options):
        microscope = Microscope(*steps)
        watch = Watch(on_note=told.append, on_failure=lambda image, line: told.append(line))
        given = WatchOptions(**{"settle": 2, "every": 1, "patience": 5, "idle": 0.2, **options})
        return watch_folder(folder, tmp_path / out, model, given, watch, clock=microscope.clock, sleep=microscope.sleep)

    return run


def written(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def write(folder, picture):
    def one(name, seed=0):
        return lambda: (folder / name).write_bytes(imagecodecs.png_encode(picture(seed)))

    return one


def test_frames_are_counted_as_they_come(go, write, tmp_path):
    summary = go(write("t1.png", 1), None, write("t2.png", 2), write("t10.png", 3), interval=20)
    rows = written(tmp_path / "out" / "counts.csv")
    assert [row["image"] for row in rows] == ["t1.png", "t2.png", "t10.png"]
    assert [row["minutes"] for row in rows] == ["0", "20", "40"]
    assert summary.new == 3 and not summary.failures
    assert (tmp_path / "out" / "curve.png").stat().st_size > 1000
    assert json.loads((tmp_path / "out" / "run.json").read_text())["task"] == "watch"
    assert (tmp_path / "out" / "overlays" / "t1.png").is_file()


def test_a_file_is_counted_as_any_other_way(go, write, model, folder):
    write("a.png", 4)()
    (row,) = go().rows
    assert row.count == pytest.approx(model.count(folder / "a.png").count, rel=1e-9)


def test_the_same_command_goes_on_and_counts_nothing_twice(go, write, tmp_path, told):
    write("t1.png", 1)()
    assert go().new == 1
    write("t2.png", 2)()
    summary = go()
    assert summary.new == 1
    assert [row["image"] for row in written(tmp_path / "out" / "counts.csv")] == ["t1.png", "t2.png"]
    assert any("goes on after 1 frame" in note for note in told)


def test_a_kill_in_the_middle_of_a_row_counts_that_frame_again(go, write, tmp_path):
    write("t1.png", 1)()
    write("t2.png", 2)()
    go()
    table = tmp_path / "out" / "counts.csv"
    whole = table.read_text()
    table.write_text(whole[:-9])  # a row cut short
    assert go().new == 1
    assert table.read_text() == whole


def test_a_half_written_file_is_awaited(go, write, folder, picture, tmp_path):
    whole = imagecodecs.png_encode(picture(1))
    half = lambda: (folder / "t1.png").write_bytes(whole[: len(whole) // 2])  # noqa: E731
    rest = lambda: (folder / "t1.png").write_bytes(whole)  # noqa: E731
    summary = go(half, None, None, None, rest)  # unreadable for a while, though it does not grow
    assert [row.image for row in summary.rows] == ["t1.png"]
    assert not summary.failures


def test_a_broken_file_fails_once_and_the_rest_goes_on(go, write, folder, tmp_path, told):
    (folder / "bad.png").write_bytes(b"no picture")
    write("good.png")()
    summary = go()
    assert [row.image for row in summary.rows] == ["good.png"]
    assert [name for name, _ in summary.failures] == ["bad.png"]
    assert len([line for line in told if "bad.png" in line]) == 1
    assert "bad.png" in (tmp_path / "out" / "failures.csv").read_text()


def test_a_folder_that_vanishes_and_returns(go, write, folder, told):
    away = folder.with_name("away")
    summary = go(
        write("t1.png", 1),
        None,
        None,
        lambda: folder.rename(away),
        None,
        lambda: away.rename(folder),
        write("t2.png", 2),
    )
    assert [row.image for row in summary.rows] == ["t1.png", "t2.png"]
    assert [note.split(": ")[-1] for note in told] == ["is not there any more; waiting for it to return.", "is back."]


def test_a_file_written_again_is_told_and_keeps_its_count(go, write, told):
    summary = go(write("t1.png", 1), None, None, None, write("t1.png", 2), idle=0.3)
    assert len(summary.rows) == 1
    assert sum("was written again" in note for note in told) == 1


def test_it_stops_after_so_many_frames(go, write):
    for number in range(4):
        write(f"t{number}.png", number)()
    assert len(go(frames=2).rows) == 2


def test_what_cannot_be_watched_is_refused_before_anything_is_written(go, folder, tmp_path, model, write):
    with pytest.raises(UsageError, match="is no folder"):
        watch_folder(tmp_path / "nowhere", tmp_path / "out", model)
    with pytest.raises(UsageError, match="lies in the folder that is watched"):
        watch_folder(folder, folder / "out", model)
    assert not (tmp_path / "out").exists()
    write("t1.png")()
    go()
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    with pytest.raises(UsageError, match="holds the counts of another folder"):
        watch_folder(other, tmp_path / "out", model, WatchOptions(frames=1))
    with pytest.raises(UsageError, match="interval was None and is 5"):
        go(interval=5.0)


@pytest.mark.parametrize("name", ["interval", "every", "idle", "frames"])
def test_numbers_that_make_no_sense_are_refused(name):
    with pytest.raises(UsageError, match=f"--{name} 0 makes no sense"):
        WatchOptions(**{name: 0})
