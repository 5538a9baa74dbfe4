import csv
import json
import shutil
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
import tifffile

from cytally.errors import UsageError
from cytally.tasks import folder_watch
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
    def run(*steps, out="out", on_row=None, **options):
        microscope = Microscope(*steps)
        watch = Watch(on_note=told.append, on_failure=lambda image, line: told.append(line))
        watch = replace(watch, on_row=on_row) if on_row else watch
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
    assert [row["minutes"] for row in rows] == ["0", "20", "180"]  # t3 to t9 are missing
    assert summary.new == 3 and not summary.failures
    assert (tmp_path / "out" / "curve.png").stat().st_size > 1000
    assert json.loads((tmp_path / "out" / "run.json").read_text())["task"] == "watch"
    assert (tmp_path / "out" / "overlays" / "t1.png").is_file()


def test_run_json_tells_where_the_model_lies(folder, model_folder, tmp_path):
    watch_folder(folder, tmp_path / "out", model_folder, WatchOptions(idle=1e-6, every=1e-3))
    told = json.loads((tmp_path / "out" / "run.json").read_text())["model"]
    assert told["folder"] == told["name"] == str(model_folder)


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


class Endless(Exception):
    """The watcher went on though its work was done."""


def never():
    raise Endless


def minutes_of(path):
    return {row["image"]: float(row["minutes"]) for row in written(path / "out" / "counts.csv")}


def test_it_returns_at_once_where_its_work_is_done_already(go, write):
    for number in range(2):
        write(f"t{number}.png", number)()
    go(frames=2)
    assert go(never, frames=2).new == 0


def test_failed_files_are_among_the_frames_to_stop_after(go, write, folder):
    (folder / "t1.png").write_bytes(b"no picture")
    write("t2.png")()
    summary = go(*[None] * 20, never, frames=2, idle=None)
    assert len(summary.rows) == len(summary.failures) == 1


def test_minutes_follow_the_numbers_in_names(go, write, folder, tmp_path):
    (folder / "t2.png").write_bytes(b"no picture")
    # t4 is missing, and t3 comes last
    summary = go(
        write("t1.png"), write("t5.png"), write("t6.png"), None, None, None, None, write("t3.png"), interval=20
    )
    assert [name for name, _ in summary.failures] == ["t2.png"]
    assert minutes_of(tmp_path) == {"t1.png": 0, "t3.png": 40, "t5.png": 80, "t6.png": 100}
    go(write("t4.png"), interval=20)
    assert minutes_of(tmp_path) == {"t1.png": 0, "t3.png": 40, "t4.png": 60, "t5.png": 80, "t6.png": 100}


def test_a_failed_file_without_a_number_keeps_its_place(go, write, folder, tmp_path):
    (folder / "b.png").write_bytes(b"no picture")
    go(write("a.png"), write("c.png"), interval=20)
    assert minutes_of(tmp_path) == {"a.png": 0, "c.png": 40}


def test_frames_of_a_stack_get_the_minute_of_their_file(go, folder, picture, tmp_path):
    stack = np.stack([picture(1), picture(2)])
    for name in ("t1.tif", "t2.tif"):
        tifffile.imwrite(folder / name, stack, metadata={"axes": "TYX"})
    go(interval=20)
    assert list(minutes_of(tmp_path).values()) == [0, 0, 20, 20]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace(",", ";"), "has other columns"),
        (lambda text: "".join(text.splitlines(keepends=True)[:2]), "holds 1 frames, not the 3"),
        (lambda text: text.rpartition(",")[0] + ",soon\n", "holds what is no number, for t2.png"),
        (lambda text: text.rpartition(",")[0] + ",nan\n", "holds what is no number, for t2.png"),
    ],
)
def test_a_table_that_was_changed_is_refused_and_stays(go, write, tmp_path, change, message):
    for number in range(3):
        write(f"t{number}.png", number)()
    go()
    table = tmp_path / "out" / "counts.csv"
    changed = change(table.read_text())
    table.write_text(changed)
    with pytest.raises(UsageError, match=message) as caught:
        go()
    assert "counts.csv" in caught.value.line() and "restore it, or use --overwrite" in caught.value.line()
    assert table.read_text() == changed
    assert go(overwrite=True).new == 3


@pytest.mark.parametrize("while_read", [False, True])
def test_a_folder_that_vanishes_in_a_backlog_fails_no_file(go, write, folder, monkeypatch, while_read):
    away = folder.with_name("away")
    for number in range(3):
        write(f"t{number}.png", number)()

    def leave(image, count):
        if image == "t0.png" and not while_read:
            folder.rename(away)

    def count(model, job, *rest):
        if while_read and job.name == "t1.png" and not seen:
            seen.append(folder.rename(away))
        return count_input(model, job, *rest)

    seen, count_input = [], folder_watch.count_input
    monkeypatch.setattr(folder_watch, "count_input", count)
    back = lambda: away.rename(folder)  # noqa: E731
    summary = go(*[None] * 4, back, on_row=leave, patience=0)
    assert [row.image for row in summary.rows] == ["t0.png", "t1.png", "t2.png"]
    assert not summary.failures


def test_a_file_that_failed_is_tried_again_when_it_changes(go, write, folder, tmp_path):
    (folder / "t1.png").write_bytes(b"no picture")
    failed = tmp_path / "out" / "failures.csv"
    seen = []
    summary = go(*[None] * 8, lambda: seen.append(failed.is_file()), write("t1.png"))
    assert seen == [True]
    assert [row.image for row in summary.rows] == ["t1.png"]
    assert not summary.failures and not failed.exists()
    assert json.loads((tmp_path / "out" / "run.json").read_text())["failures"] == {}


def test_files_that_differ_in_their_ending_have_results_of_their_own(go, write, folder, picture, tmp_path):
    write("a.png", 1)()
    go()
    tifffile.imwrite(folder / "a.tif", picture(2))
    go()
    write("A_tif.png", 3)()
    go()
    names = ["A_tif_png.png", "a.png", "a_tif.png"]
    assert sorted(path.name for path in (tmp_path / "out" / "overlays").iterdir()) == names


def test_names_with_a_number_sign_are_counted_once(go, write):
    write("well#1.png")()
    assert go().new == 1
    assert go().new == 0


def test_a_kill_while_the_first_row_is_appended_keeps_the_clock(go, write, tmp_path, monkeypatch):
    write("t1.png")()
    changed = (tmp_path / "frames" / "t1.png").stat().st_mtime
    told = []
    add = folder_watch.WatchedCounts.add

    def killed(counts, *rest):
        told.append(json.loads((tmp_path / "out" / "run.json").read_text()))
        add(counts, *rest)

    monkeypatch.setattr(folder_watch.WatchedCounts, "add", killed)
    go()
    assert told[0]["begun"] == changed and told[0]["frames"] == 0
