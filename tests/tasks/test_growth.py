import csv
import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cytally.errors import UsageError
from cytally.images.smooth import gaussian
from cytally.tasks import growth_frames
from cytally.tasks.growth import growth
from cytally.tasks.growth_counts import count_frame
from cytally.tasks.growth_options import GrowthTaskOptions, grid_of
from cytally.tasks.watch import Watch

FILM = Path(__file__).parents[2] / "../shared/data/timelapse/drosophila_sequence1.tif"


@pytest.fixture
def frames(draw):
    """Six frames (T, Y, X) uint8 of discs, two more each time."""
    pictures = [draw(3 + 2 * time, seed=5, shape=(48, 56)).image[0] for time in range(6)]
    return (np.clip(np.stack(pictures), 0, 1) * 200 + 20).astype(np.uint8)


@pytest.fixture
def stack(frames, tmp_path):
    path = tmp_path / "lapse.tif"
    tifffile.imwrite(path, frames, imagej=True, metadata={"axes": "TYX"})
    return path


@pytest.fixture
def follow(model, tmp_path):
    def run(inputs, out="out", watch=None, **options):
        given = GrowthTaskOptions(**{"video": False, "stabilise": False, **options})
        return growth([inputs] if not isinstance(inputs, list) else inputs, tmp_path / out, model, given, watch)

    return run


def table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_file_is_there_and_says_what_it_should(follow, stack, model, frames, tmp_path):
    summary = follow(stack, interval=30, video=True, stabilise=True)
    out = tmp_path / "out"
    names = {path.name for path in out.iterdir()}
    assert names == {
        *("growth.csv", "frames.csv", "fit.json", "tracks.csv", "cells.csv", "motility.csv", "tracking.json"),
        *("curve.png", "curve.svg", "lineage.png", "lineage.svg", "video.mp4", "TRA_RES"),
        *("summary.csv", "report.html", "run.json"),
    }
    rows = table(out / "growth.csv")
    assert list(rows[0]) == ["frame", "time", "count", "lower", "upper", "shift_y", "shift_x"]
    assert [row["time"] for row in rows] == ["0", "30", "60", "90", "120", "150"]
    assert list(table(out / "tracks.csv")[0])[:5] == ["track", "frame", "y", "x", "parent"]
    fit = json.loads((out / "fit.json").read_text())
    assert {"model", "growth_rate", "doubling_time", "growth_rate_interval", "made_by"} <= set(fit)
    assert json.loads((out / "run.json").read_text())["finished"] is True
    assert "lapse.tif" in (out / "report.html").read_text()
    assert summary.frames == 6 and not summary.failures


def test_counts_are_those_of_the_frames_where_nothing_drifts(follow, stack, model, frames, tmp_path):
    follow(stack, interval=30)
    expected = [model.count(frame).count for frame in frames]
    found = [float(row["count"]) for row in table(tmp_path / "out" / "growth.csv")]
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_run_that_was_stopped_counts_only_what_is_left(follow, stack, tmp_path, monkeypatch):
    follow(stack, out="whole", interval=30)
    counted = []

    def stops(model, plane, *given):
        if len(counted) == 4:
            raise KeyboardInterrupt
        counted.append(plane.name)
        return count_frame(model, plane, *given)

    monkeypatch.setattr(growth_frames, "count_frame", stops)
    with pytest.raises(KeyboardInterrupt):
        follow(stack, interval=30)
    monkeypatch.setattr(
        growth_frames, "count_frame", lambda *given: counted.append(given[1].name) or count_frame(*given)
    )
    follow(stack, interval=30, resume=True)
    assert len(counted) == 6
    for name in ("growth.csv", "tracks.csv", "summary.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not (tmp_path / "out" / ".work").exists()


def test_other_options_are_not_gone_on_with_and_a_finished_run_is_left(follow, stack, tmp_path):
    follow(stack, interval=30)
    (note,) = follow(stack, interval=30, resume=True).notes
    assert "finished already" in note
    with pytest.raises(UsageError, match="upright was False and is True"):
        follow(stack, interval=30, resume=True, upright=True)
    with pytest.raises(UsageError, match="exists"):
        follow(stack, interval=30)
    assert follow(stack, interval=30, overwrite=True).frames == 6


def test_frames_that_are_black_or_twice_there_are_told_and_not_fitted(follow, frames, tmp_path):
    frames[2] = 0
    frames[4] = frames[3]
    path = tmp_path / "odd.tif"
    tifffile.imwrite(path, frames, imagej=True, metadata={"axes": "TYX"})
    summary = follow(path, interval=30)
    rows, told = table(tmp_path / "out" / "growth.csv"), table(tmp_path / "out" / "frames.csv")
    assert rows[2]["count"] == "" and float(rows[4]["count"]) == float(rows[3]["count"])
    assert [row["fitted"] for row in told] == ["yes", "yes", "no", "yes", "no", "yes"]
    assert "black" in told[2]["flags"] and "duplicate" in told[4]["flags"]
    assert any("black" in note for note in summary.notes)


def test_without_an_interval_the_curve_is_in_frames(follow, stack, tmp_path):
    summary = follow(stack)
    assert json.loads((tmp_path / "out" / "fit.json").read_text())["units"]["doubling_time"] == "frames"
    assert any("--interval" in note for note in summary.notes)


def test_a_diameter_is_refused_by_models_that_do_not_estimate_it(follow, stack, tmp_path):
    with pytest.raises(UsageError, match="sees images in their own size, whatever the diameter"):
        follow(stack, diameter=9)
    assert not (tmp_path / "out").exists()


def test_one_frame_and_no_cells_are_told(follow, tmp_path, frames):
    for name, data in (("one", frames[:1]), ("dark", np.zeros_like(frames))):
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, data, metadata={"axes": "TYX"})
        summary = follow(path, out=name, axes="TYX", interval=10)
        assert summary.sentences[0].startswith(f"{name}.tif: ")
        assert summary.notes


def test_a_broken_file_fails_and_the_others_are_followed(follow, stack, tmp_path):
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"II*\0nothing")
    told = []
    summary = follow([stack, broken], interval=30, watch=Watch(on_failure=lambda image, line: told.append(line)))
    assert len(summary.lapses) == 1 and len(summary.failures) == 1
    assert told and "broken.tif" in told[0]
    assert "broken.tif" in (tmp_path / "out" / "failures.csv").read_text()


def test_conditions_are_compared(follow, frames, tmp_path):
    folder = tmp_path / "wells"
    folder.mkdir()
    rows = ["image,drug"]
    for number, well in enumerate(("a", "b", "c", "d")):
        tifffile.imwrite(folder / f"{well}.tif", np.roll(frames, number, axis=2), imagej=True, metadata={"axes": "TYX"})
        rows.append(f"{well}.tif,{'none' if number < 2 else 'high'}")
    (tmp_path / "sheet.csv").write_text("\n".join([*rows, ""]))
    summary = follow(
        [folder / f"{well}.tif" for well in "abcd"], interval=30, samples=tmp_path / "sheet.csv", track=False
    )
    assert (tmp_path / "out" / "timelapses" / "a" / "growth.csv").is_file()
    assert [row["condition"] for row in table(tmp_path / "out" / "summary.csv")] == ["none", "none", "high", "high"]
    (pair,) = table(tmp_path / "out" / "comparison.csv")
    assert (pair["first"], pair["second"], pair["n_first"]) == ("none", "high", "2")
    assert len(summary.sentences) == 4


def test_numbers_that_make_no_sense_are_refused():
    with pytest.raises(UsageError, match="an interval of -1 minutes makes no sense"):
        GrowthTaskOptions(interval=-1)
    with pytest.raises(UsageError, match="a diameter of 0 pixels makes no sense"):
        GrowthTaskOptions(diameter=0)
    with pytest.raises(UsageError, match="--grid says how a well's tiles lie"):
        GrowthTaskOptions(grid=(2, 2))
    for text in ("2", "0x3", "axb", "2x-1"):
        with pytest.raises(UsageError, match="is no grid of tiles; give rows x columns"):
            grid_of(text)


def interrupted(monkeypatch, after):
    """Let counting stop after so many frames."""
    counted = []

    def stops(*given):
        if len(counted) == after:
            raise KeyboardInterrupt
        counted.append(given[1].name)
        return count_frame(*given)

    monkeypatch.setattr(growth_frames, "count_frame", stops)


def test_other_frames_are_not_mixed_with_what_is_counted(follow, frames, tmp_path, monkeypatch):
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, frame in enumerate(frames[1:], start=1):
        tifffile.imwrite(folder / f"t{number}.tif", frame)
    interrupted(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        follow(folder, interval=30)
    monkeypatch.setattr(growth_frames, "count_frame", count_frame)
    tifffile.imwrite(folder / "t0.tif", frames[0])
    with pytest.raises(UsageError, match="was begun with other frames of frames"):
        follow(folder, interval=30, resume=True)
    (folder / "t0.tif").unlink()
    tifffile.imwrite(folder / "t1.tif", frames[0])
    with pytest.raises(UsageError, match="was begun with other frames of frames"):
        follow(folder, interval=30, resume=True)


def test_a_frame_that_failed_is_tried_again(follow, stack, tmp_path, monkeypatch):
    follow(stack, out="whole", interval=30)
    failing = {"lapse.tif#0,2"}

    def fails(model, plane, *given):
        if plane.name in failing:
            raise MemoryError
        return count_frame(model, plane, *given)

    monkeypatch.setattr(growth_frames, "count_frame", fails)
    summary = follow(stack, interval=30)
    ((name, line),) = summary.failures
    assert name in failing and "memory" in line
    assert json.loads((tmp_path / "out" / "run.json").read_text())["finished"] is False
    failing.clear()
    assert not follow(stack, interval=30, resume=True).failures
    assert not (tmp_path / "out" / "failures.csv").exists()
    for name in ("growth.csv", "frames.csv", "tracks.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_what_is_counted_outlives_a_failure_after_it(follow, stack, tmp_path, monkeypatch):
    def breaks(*given, **more):
        raise MemoryError

    counted = []
    monkeypatch.setattr(
        growth_frames, "count_frame", lambda *given: counted.append(given[1].name) or count_frame(*given)
    )
    with monkeypatch.context() as patch:
        patch.setattr("cytally.tasks.growth_lapse.track", breaks)
        assert len(follow(stack, interval=30).failures) == 1
    assert not follow(stack, interval=30, resume=True).failures
    assert len(counted) == 6


def test_the_channel_stays_the_same_whichever_varies_most(follow, frames, tmp_path):
    rising = np.stack([frame * (time > 2) * 1.2 for time, frame in enumerate(frames[::-1])]).clip(0, 255)
    path = tmp_path / "two.tif"
    both = np.stack([frames, rising.astype(np.uint8)], axis=1)
    tifffile.imwrite(path, both, imagej=True, metadata={"axes": "TCYX"})
    follow(path, interval=30)
    follow(path, out="first", interval=30, channel="0")
    assert (tmp_path / "out" / "growth.csv").read_bytes() == (tmp_path / "first" / "growth.csv").read_bytes()


def test_a_finished_run_is_not_taken_for_one_with_another_interval(follow, stack):
    follow(stack, interval=30)
    with pytest.raises(UsageError, match=r"interval was 30 and is 20 now"):
        follow(stack, interval=20, resume=True)


def test_missing_frames_take_their_time_in_speeds_too(follow, frames, tmp_path):
    folder = tmp_path / "gap"
    folder.mkdir()
    for number, frame in zip((1, 2, 4, 5, 7, 8), frames, strict=True):
        tifffile.imwrite(folder / f"t{number}.tif", frame)
    follow(folder, interval=10)
    assert [row["time"] for row in table(tmp_path / "out" / "growth.csv")] == ["0", "10", "30", "40", "60", "70"]
    whole = [row for row in table(tmp_path / "out" / "cells.csv") if (row["first"], row["last"]) == ("0", "5")]
    assert whole and {row["duration"] for row in whole} == {"70"}


@pytest.mark.skipif(not FILM.is_file(), reason="needs ../shared/data")
def test_nuclei_among_granules_are_found_and_followed_without_settings(tmp_path):
    summary = growth([FILM], tmp_path / "out", "nuclei-fluorescence", GrowthTaskOptions(video=False, backend="torch"))
    assert [row["count"] for row in table(tmp_path / "out" / "growth.csv")] == ["4"] * 21
    lengths = [row["track"] for row in table(tmp_path / "out" / "tracks.csv")]
    assert sorted(map(lengths.count, set(lengths))) == [21] * 4
    assert any("4 bright objects stand out of a fine texture" in note for note in summary.notes)


def test_grains_are_counted_where_the_diameter_says_so(tmp_path):
    noise = gaussian(np.random.default_rng(3).random((200, 260), dtype=np.float32), 2.0)
    grains = ((noise - noise.mean()) / noise.std()).clip(0) * 30 + 10
    y, x = np.mgrid[:200, :260]
    nuclei = [100 * (np.hypot(y - row, x - column) < 14) for row, column in ((60, 70), (130, 200))]
    tifffile.imwrite(tmp_path / "yolk.tif", np.stack([grains + sum(nuclei)] * 2).astype(np.float32))
    for name, diameter in (("out", None), ("large", 30.0), ("grains", 7.0)):
        given = GrowthTaskOptions(video=False, track=False, stabilise=False, backend="torch", diameter=diameter)
        summary = growth([tmp_path / "yolk.tif"], tmp_path / name, "nuclei-fluorescence", given)
        count = float(table(tmp_path / name / "growth.csv")[0]["count"])
        cleared = any("stand out of a fine texture" in note for note in summary.notes)
        assert (count > 50, cleared) == ((True, False) if name == "grains" else (False, True))
        assert name == "grains" or 1.5 < count < 2.5
