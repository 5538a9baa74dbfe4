"""Opening time-lapses: every kind of file, and every kind of bad input."""

from __future__ import annotations

import logging
import os
import pickle
import tracemalloc
from functools import partial
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
import zarr

from cytally.errors import ImageError, UsageError
from cytally.images.frames import TimeLapse, find_timelapses, open_timelapses

imwrite = partial(tifffile.imwrite, photometric="minisblack")
STACK = np.random.default_rng(0).integers(1, 255, (4, 16, 20)).astype(np.uint8)
REAL = Path(__file__).parents[2] / "../shared/data/timelapse/drosophila_sequence1.tif"
UNKNOWN = "tells no time between frames"


def pixels(timelapse: TimeLapse) -> np.ndarray:
    return np.stack([timelapse.read(index).data for index in range(len(timelapse))])


def folder_of(folder: Path, frames: dict[str, np.ndarray], **about: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for second, (name, frame) in enumerate(frames.items()):
        if name.endswith(".png"):
            (folder / name).write_bytes(imagecodecs.png_encode(frame))
        else:
            imwrite(folder / name, frame, **about)
        os.utime(folder / name, (second * 60, second * 60))
    return folder


def marks(timelapse: TimeLapse) -> list[tuple[str, ...]]:
    return [frame.marks for frame in timelapse.frames()]


def test_untagged_stack(tmp_path: Path) -> None:
    for compression in (None, "zlib"):
        imwrite(tmp_path / "a.tif", STACK, compression=compression, metadata=None)
        (found,) = open_timelapses([tmp_path / "a.tif"], interval=20, pixel_size=0.5)
        assert np.array_equal(pixels(found), STACK[:, None])
        assert (found.name, found.stem, found.shape, found.channels) == ("a.tif", "a", (16, 20), ("",))
        assert found.frame_names == ("a.tif#0,0", "a.tif#0,1", "a.tif#0,2", "a.tif#0,3")
        assert (found.interval, found.pixel_size, found.notes) == (20, 0.5, ())
        assert found.times is not None
        assert found.times.tolist() == [0, 20, 40, 60]
        plane = found.read(2)
        assert (plane.name, plane.pixel_size, plane.source) == ("a.tif#0,2", 0.5, tmp_path / "a.tif")


def test_three_frames_are_no_colours(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", STACK[:3], photometric="rgb", planarconfig="separate")
    assert len(open_timelapses([tmp_path / "a.tif"])[0]) == 3


def test_hyperstacks(tmp_path: Path) -> None:
    five = np.random.default_rng(1).integers(0, 60000, (3, 4, 2, 16, 20)).astype(np.uint16)
    for name, about in (("a.tif", {"imagej": True}), ("a.ome.tif", {"ome": True})):
        imwrite(tmp_path / name, five, metadata={"axes": "TZCYX", "finterval": 60, "TimeIncrement": 60.0}, **about)
        (found,) = open_timelapses([tmp_path / name])
        assert np.array_equal(pixels(found), five.max(axis=1))
        assert (found.interval, len(found.channels), found.stem) == (1, 2, "a")


def test_ome_zarr(tmp_path: Path) -> None:
    axes = [{"name": name, **({"unit": "minute"} if name == "t" else {})} for name in "tcyx"]
    scale = {"type": "scale", "scale": [15.0, 1.0, 1.0, 1.0]}
    datasets = [{"path": "0", "coordinateTransformations": [scale]}]
    about = {"ome": {"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]}}
    group = zarr.open_group(tmp_path / "a.ome.zarr", mode="w", attributes=about)
    group.create_array("0", data=STACK[:, None].repeat(2, axis=1), chunks=(1, 1, 16, 20))
    (found,) = open_timelapses([tmp_path / "a.ome.zarr"])
    assert np.array_equal(pixels(found), STACK[:, None].repeat(2, axis=1))
    assert found.times is not None
    assert found.times.tolist() == [0, 15, 30, 45]


def test_times_between_frames_differ(tmp_path: Path) -> None:
    planes = {"DeltaT": [60.0, 120.0, 240.0, 300.0], "DeltaTUnit": ["s"] * 4}
    imwrite(tmp_path / "a.ome.tif", STACK, metadata={"axes": "TYX", "Plane": planes})
    (found,) = open_timelapses([tmp_path / "a.ome.tif"])
    assert found.times is not None
    assert (found.times.tolist(), found.interval) == ([0, 1, 3, 4], 1)
    (found,) = open_timelapses([tmp_path / "a.ome.tif"], interval=5)
    assert found.times is not None
    assert (found.times.tolist(), found.interval) == ([0, 5, 10, 15], 5)


def test_folder_in_natural_order(tmp_path: Path) -> None:
    frames = {"t1.tif": STACK[0], "t2.tif": STACK[1], "t3.tif": STACK[2], "t10.tif": STACK[3]}
    folder = folder_of(tmp_path / "exp.1", frames)
    for inputs in ([folder], [folder / "*.tif"], [folder / name for name in reversed(frames)]):
        (found,) = open_timelapses(inputs, interval=10)
        assert found.frame_names == tuple(frames)
        assert np.array_equal(pixels(found)[:, 0], STACK)
        assert (found.name, found.stem, found.source) == ("exp.1", "exp.1", folder)
        # Missing frames leave a gap in time.
        assert found.times is not None
        assert found.times.tolist() == [0, 10, 20, 90]
        assert found.places.tolist() == [0, 1, 2, 9]
        assert len(found.notes) == 1
        assert found.notes[0].startswith(f"{folder}: frames 4 to 9 are missing by the numbers in the names;")


def test_pictures(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", {f"t{place}.png": frame for place, frame in enumerate(STACK)})
    (found,) = open_timelapses([folder])
    assert np.array_equal(pixels(found)[:, 0], STACK)
    colours = np.stack([STACK[0], STACK[1], STACK[2]], axis=-1)
    folder = folder_of(tmp_path / "b", {"t1.png": colours, "t2.png": colours[::-1]})
    (found,) = open_timelapses([folder])
    assert found.channels == ("red", "green", "blue")
    assert np.array_equal(found.read(0).data, STACK[:3])


def test_frames_are_told_apart_from_stacks(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", {"t1.tif": STACK[0], "t2.tif": STACK[1], "stack.tif": STACK})
    other = folder_of(tmp_path / "b", {"t1.tif": STACK[0], "t2.tif": STACK[1]})
    found = open_timelapses([folder, other])
    assert [(one.name, len(one)) for one in found] == [("stack.tif", 4), ("a", 2), ("b", 2)]


def test_results_never_share_a_name(tmp_path: Path) -> None:
    for name in ("x/a.tif", "y/a.tif"):
        folder_of(tmp_path / name[0], {"a.tif": STACK})
    folder_of(tmp_path / "p/exp", {"t1.png": STACK[0], "t2.png": STACK[1]})
    folder_of(tmp_path / "q/exp", {"t1.png": STACK[0], "t2.png": STACK[1]})
    found = open_timelapses([tmp_path / "x", tmp_path / "y", tmp_path / "p/exp", tmp_path / "q/exp"])
    assert [one.stem for one in found] == ["x_a", "y_a", "p_exp", "q_exp"]


def test_scenes(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as file:
        for scene in range(2):
            file.write(STACK + scene, metadata={"axes": "TYX"})
    one, two = open_timelapses([tmp_path / "a.ome.tif"])
    assert (one.stem, two.stem, two.name, two.frame_names[3]) == ("a_0", "a_1", "a.ome.tif#1", "a.ome.tif#1,3")
    assert np.array_equal(pixels(two)[:, 0], STACK + 1)


def test_pages_written_one_by_one(tmp_path: Path) -> None:
    for name, about in (("a.tif", {}), ("b.tif", {"compression": "zlib"})):
        with tifffile.TiffWriter(tmp_path / name) as file:
            for frame in STACK:
                file.write(frame, **about)
        (found,) = open_timelapses([tmp_path / name])
        assert np.array_equal(pixels(found)[:, 0], STACK)


@pytest.mark.parametrize("about", [{}, {"metadata": None}])
def test_a_page_of_another_size(tmp_path: Path, about: dict[str, Any]) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for place, frame in enumerate(STACK):
            date = f"2024:01:01 00:{place * 15:02d}:00"
            file.write(frame[:12, :12] if place == 1 else frame, datetime=date, **about)
    (found,) = open_timelapses([tmp_path / "a.tif"])
    assert found.shape == (16, 20)
    assert marks(found) == [(), ("size",), (), ()]
    assert np.array_equal(found.read(2).data[0], STACK[2])
    assert found.times is not None
    assert found.times.tolist() == [0, 15, 30, 45]
    with pytest.raises(ImageError, match=r"a\.tif: has 12 x 12 pixels \(Y x X\), and the other frames have 16 x 20; "):
        found.read(1)
    assert len(found.notes) == 1
    assert "has 12 x 12 pixels" in found.notes[0]


def test_frames_of_another_size(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", {f"t{place}.tif": STACK[0] for place in range(5)})
    folder_of(folder, {"t1.tif": STACK[0, :10], "t3.tif": STACK[0, :10]})
    folder_of(folder, {"t4.tif": STACK[:2]}, metadata={"axes": "CYX"})
    (found,) = open_timelapses([folder], interval=1)
    assert marks(found) == [(), ("size",), ("duplicate",), ("size",), ("size",)]
    assert found.notes[0].endswith(
        "3 frames are of another size or number of channels than the others: t1.tif, t3.tif and t4.tif; "
        "crop or resize them"
    )
    with pytest.raises(ImageError, match=r"t4\.tif: has 2 channels, and the other frames have 1; "):
        found.read(4)


def test_black_and_duplicated_frames(tmp_path: Path) -> None:
    black = np.full_like(STACK[0], 7)
    frames = [STACK[0], STACK[0], STACK[0], black, black, STACK[0], STACK[1], STACK[0]]
    imwrite(tmp_path / "a.tif", np.stack(frames))
    (found,) = open_timelapses([tmp_path / "a.tif"], interval=1)
    expected = [(), ("duplicate",), ("duplicate",), ("black",), ("black",), (), (), ()]
    assert marks(found) == expected
    assert marks(found) == expected  # a second pass finds the same
    described = found.describe(dict(enumerate(expected)))
    assert described == [
        f"{tmp_path}/a.tif: 2 frames are black (all pixels alike): a.tif#0,3 and a.tif#0,4; "
        "leave them out, or look after the lamp and the shutter",
        f"{tmp_path}/a.tif: 2 frames are the same as the frame before, pixel by pixel: a.tif#0,1 and a.tif#0,2; "
        "leave them out if the camera stalled",
    ]
    # Frames checked by hand, a channel of them, not all.
    assert found.check(7, found.read(7)) == ()


def test_black_is_a_frame_whose_channels_all_are(tmp_path: Path) -> None:
    imwrite(tmp_path / "a.tif", np.stack([[STACK[0], 0 * STACK[0]]] * 2), metadata={"axes": "TCYX"})
    assert marks(open_timelapses([tmp_path / "a.tif"])[0]) == [(), ("duplicate",)]


def test_unreadable_frames(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", {f"t{place}.tif": frame for place, frame in enumerate(STACK)})
    (folder / "t4.tif").write_bytes((folder / "t3.tif").read_bytes()[:200])
    (folder / "t5.tif").write_bytes(b"")
    (folder / "t6.png").write_bytes(imagecodecs.png_encode(STACK[0])[:-40])
    (found,) = open_timelapses([folder], interval=1)
    assert marks(found) == [(), (), (), (), ("unreadable",), ("unreadable",), ("unreadable",)]
    errors = [frame.error for frame in found.frames()]
    assert "t5.tif: is empty (0 bytes)" in str(errors[5])
    # What a picture's pixels are like is known when they are read.
    assert "t6.png: is a PNG file that is cut off" in str(errors[6])
    assert found.notes[0].endswith("2 frames are unreadable: t4.tif and t5.tif; copy or export them again")
    # The gap that the file t6.png would make is none: another ending does not matter.
    assert found.places.tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_a_damaged_page(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    imwrite(path, STACK, compression="zlib", metadata=None)
    with tifffile.TiffFile(path) as file:
        place = file.pages[2].dataoffsets[0]
    data = bytearray(path.read_bytes())
    data[place : place + 40] = b"\xff" * 40
    path.write_bytes(data)
    (found,) = open_timelapses([path])
    assert marks(found) == [(), (), ("unreadable",), ()]


def test_nan(tmp_path: Path) -> None:
    stack = STACK.astype(np.float32)
    stack[1, 3, 3] = np.nan
    imwrite(tmp_path / "a.tif", stack)
    (found,) = open_timelapses([tmp_path / "a.tif"])
    assert marks(found) == [(), ("unreadable",), (), ()]
    with pytest.raises(ImageError, match=r"1 pixel that is NaN"):
        found.read(1)


def test_one_frame(tmp_path: Path) -> None:
    imwrite(tmp_path / "a.tif", STACK[0])
    (found,) = open_timelapses([tmp_path / "a.tif"])
    assert (len(found), found.name, found.stem) == (1, "a.tif", "a")
    assert found.times is not None
    assert found.times.tolist() == [0]
    assert found.notes == (
        f"{tmp_path}/a.tif: is a single frame; put the frames of a time-lapse into one folder or one file",
    )


def test_unknown_interval(tmp_path: Path) -> None:
    imwrite(tmp_path / "a.tif", STACK)
    (found,) = open_timelapses([tmp_path / "a.tif"])
    assert (found.interval, found.times) == (None, None)
    assert found.notes == (
        f"{tmp_path}/a.tif: tells no time between frames, so that its curve is in frames; "
        "give the minutes between frames with --interval",
    )


def test_files_written_in_another_order(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", {"t1.tif": STACK[0], "t3.tif": STACK[2], "t2.tif": STACK[1]})
    (found,) = open_timelapses([folder], interval=1)
    assert found.frame_names == ("t1.tif", "t2.tif", "t3.tif")
    assert len(found.notes) == 1
    assert "not of the times at which their files were written (t3.tif is older than t2.tif);" in found.notes[0]


def test_dates_of_files(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    for place, minute in enumerate((0, 20, 41)):
        folder_of(folder, {f"t{place}.tif": STACK[place]}, datetime=f"2024:01:01 12:{minute:02d}:00", metadata=None)
    (found,) = open_timelapses([folder])
    assert found.times is not None
    # Written in one second by the system's clock, but dated: the dates count.
    assert (found.times.tolist(), found.interval, found.notes) == ([0, 20, 41], 20.5, ())
    # A frame that cannot be read has its time by its neighbours.
    (folder / "t1.tif").write_bytes(b"")
    (found,) = open_timelapses([folder])
    assert found.times is not None
    assert found.times.tolist() == [0, 20.5, 41]
    folder_of(folder, {"t1.tif": STACK[1]}, datetime="2024:01:01 11:00:00", metadata=None)
    (found,) = open_timelapses([folder])
    assert found.times is None
    assert "not of their dates (t1.tif is older than t0.tif)" in found.notes[0]
    assert UNKNOWN in found.notes[1]


def test_uneven_numbers(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a", {f"{minute}min.tif": STACK[0] for minute in (0, 10, 20, 35)})
    (found,) = open_timelapses([folder], interval=10)
    assert found.times is not None
    assert found.times.tolist() == [0, 10, 20, 35]
    assert "not evenly spaced" in found.notes[0]


def test_depth(tmp_path: Path) -> None:
    imwrite(tmp_path / "a.tif", STACK, imagej=True, metadata={"axes": "ZYX"})
    with pytest.raises(ImageError, match=r"a\.tif: is a volume of 4 slices, not a time-lapse; give --axes TYX if"):
        open_timelapses([tmp_path / "a.tif"])
    assert len(open_timelapses([tmp_path / "a.tif"], axes="TYX")[0]) == 4
    # One volume for each time.
    imwrite(tmp_path / "b.tif", STACK[::-1, ::-1], imagej=True, metadata={"axes": "ZYX"})
    (found,) = open_timelapses([tmp_path], interval=1)
    assert np.array_equal(pixels(found)[:, 0], [STACK.max(axis=0), STACK[:, ::-1].max(axis=0)])
    assert "has 4 slices in each frame, which are projected by their maximum; give --axes TYX" in found.notes[0]


def test_what_cannot_be_used_is_told_and_the_rest_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = folder_of(tmp_path, {"a.tif": STACK, "b.tif": STACK})
    (folder / "b.tif").write_bytes((folder / "b.tif").read_bytes()[:600])
    (folder / "notes.txt").write_text("no image")
    found, errors = find_timelapses([folder, folder / "notes.txt"])
    assert [one.name for one in found] == ["a.tif"]
    assert [Path(str(error.file)).name for error in errors] == ["b.tif", "notes.txt"]
    with caplog.at_level(logging.WARNING):
        assert len(open_timelapses([folder])) == 1
    assert "b.tif: is a TIFF file that is cut off or damaged; copy or export it again" in caplog.text
    with pytest.raises(ImageError, match=r"b\.tif: is a TIFF file that is cut off"):
        open_timelapses([folder / "b.tif"])


def test_refusals(tmp_path: Path) -> None:
    imwrite(tmp_path / "a.tif", STACK)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"interval": 0}, "the interval is 0; give it in minutes, above 0"),
        ({"interval": float("nan")}, "the interval is nan"),
        ({"pixel_size": -1}, "the pixel size is -1; give it in micrometres"),
        ({"grid": (2, 2)}, "a grid is given, and no pattern tells tiles"),
        ({"grid": (2, 2), "pattern": "{well}"}, "a grid is given, and no pattern tells tiles"),
        ({"pattern": "{well}_{tile}"}, "the pattern '{well}_{tile}' does not fit the only name"),
    ]
    for settings, message in wrong:
        with pytest.raises(UsageError, match=message):
            open_timelapses([tmp_path / "a.tif"], **settings)
    with pytest.raises(UsageError, match=r"missing\.tif: does not exist"):
        open_timelapses([tmp_path / "missing.tif"])


def test_it_travels(tmp_path: Path) -> None:
    imwrite(tmp_path / "a.tif", STACK, compression="zlib")
    (found,) = open_timelapses([tmp_path / "a.tif"], interval=1)
    found.read(0)  # the file is open from here on
    again = pickle.loads(pickle.dumps(found))
    assert np.array_equal(pixels(again), pixels(found))
    assert again.frame_names == found.frame_names
    for index in (-1, 4):
        with pytest.raises(IndexError):
            found.read(index)


def test_a_file_that_shrinks(tmp_path: Path) -> None:
    imwrite(tmp_path / "a.tif", STACK)
    (found,) = open_timelapses([tmp_path / "a.tif"])
    imwrite(tmp_path / "a.tif", STACK[:2])
    with pytest.raises(ImageError, match="has fewer frames than when it was opened"):
        found.read(3)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_memory_holds_one_frame(tmp_path: Path, compression: str | None) -> None:
    stack = np.tile(STACK[0], (60, 16, 16))  # 60 frames of 80 KiB
    imwrite(tmp_path / "a.tif", stack, compression=compression)
    tracemalloc.start()
    (found,) = open_timelapses([tmp_path / "a.tif"])
    for _ in found.frames():
        pass
    assert tracemalloc.get_traced_memory()[1] < stack.nbytes / 4
    tracemalloc.stop()


@pytest.mark.skipif(not REAL.exists(), reason="the real time-lapse is not here")
def test_a_real_one() -> None:
    (found,) = open_timelapses([REAL])
    assert (len(found), found.shape, found.name) == (21, (264, 542), REAL.name)
    stack = tifffile.imread(REAL)
    assert np.array_equal(pixels(found)[:, 0], stack)
    # Every third frame of this film is the one before, once more.
    alike = [place for place in range(1, 21) if np.array_equal(stack[place], stack[place - 1])]
    assert (
        [place for place, found in enumerate(marks(found)) if found == ("duplicate",)] == alike == [3, 6, 9, 12, 15, 18]
    )
