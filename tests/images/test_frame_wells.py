"""Wells, tiles and channels by a pattern of names."""

from __future__ import annotations

from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cytally.errors import ImageError, UsageError
from cytally.images.frames import TimeLapse, find_timelapses, open_timelapses

imwrite = partial(tifffile.imwrite, photometric="minisblack")
SHAPE = 3, 16, 20


def picture(*key: object) -> np.ndarray:
    """Pixels that belong to a well, tile, time and channel, and to no other."""
    return np.random.default_rng([ord(c) for c in repr(key)]).integers(1, 255, (16, 20)).astype(np.uint8)


def pixels(timelapse: TimeLapse) -> np.ndarray:
    return np.stack([timelapse.read(index).data for index in range(len(timelapse))])


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    """Two wells of six tiles, two channels and three times; names do not sort by their letters."""
    for well, tile, time, channel in product(("A1", "B10"), range(1, 7), (1, 2, 10), ("DAPI", "GFP")):
        imwrite(tmp_path / f"{well}_{tile}_t{time}_{channel}.tif", picture(well, tile, time, channel))
    return tmp_path


PATTERN = "{well}_{tile}_t{time}_{channel}"


def test_each_well_is_stitched(plate: Path) -> None:
    found = open_timelapses([plate], pattern=PATTERN, grid=(2, 3), interval=10)
    assert [one.stem for one in found] == ["A1", "B10"]
    for one in found:
        assert (len(one), one.shape, one.channels) == (3, (32, 60), ("DAPI", "GFP"))
        assert one.frame_names == (f"{one.stem}#0,0", f"{one.stem}#0,1", f"{one.stem}#0,9")
        assert one.times is not None
        assert one.times.tolist() == [0, 10, 90]
        for frame, time in zip(pixels(one), (1, 2, 10), strict=True):
            for place, channel in product(range(6), range(2)):
                top, left = place // 3 * 16, place % 3 * 20
                expected = picture(one.stem, place + 1, time, ("DAPI", "GFP")[channel])
                assert np.array_equal(frame[channel, top : top + 16, left : left + 20], expected)
        assert len(one.notes) == 1
        assert f"frames 3 to 9 of {one.stem} are missing by the numbers in the names" in one.notes[0]


def test_a_grid_is_guessed_and_told(plate: Path) -> None:
    found = open_timelapses([plate], pattern=PATTERN, interval=10)
    assert [one.shape for one in found] == [(32, 60)] * 2
    assert "B10 has 6 tiles, taken as a grid of 2x3, row by row from the top left; give rows" in found[1].notes[0]
    # Another grid of as many places is the user's word, without a note.
    found = open_timelapses([plate], pattern=PATTERN, grid=(3, 2), interval=10)
    assert found[0].shape == (48, 40)
    assert not any("taken as a grid" in note for note in found[0].notes)
    with pytest.raises(UsageError, match="the grid of 2x2 has 4 places, and there are 6 tiles"):
        open_timelapses([plate], pattern=PATTERN, grid=(2, 2))


def test_a_tile_that_is_missing_once(plate: Path) -> None:
    (plate / "A1_5_t2_GFP.tif").unlink()
    one, two = open_timelapses([plate], pattern=PATTERN, grid=(2, 3), interval=10)
    assert [frame.marks for frame in one.frames()] == [(), ("unreadable",), ()]
    assert "lacks tile 5 in channel GFP of frame 2 of A1, which is left out; add the files" in one.notes[-1]
    assert [frame.marks for frame in two.frames()] == [(), (), ()]


def test_a_tile_that_is_always_missing(plate: Path) -> None:
    for path in plate.glob("A1_4_*"):
        path.unlink()
    one, _ = open_timelapses([plate], pattern=PATTERN, grid=(2, 3), interval=10)
    frame = one.read(0).data
    assert not frame[:, 16:, :20].any()
    assert np.array_equal(frame[0, 16:, 20:40], picture("A1", 5, 1, "DAPI"))
    assert "A1 lacks tile 4 at all times, whose place is left black" in one.notes[0]
    (one, _) = open_timelapses([plate], pattern=PATTERN, grid=(1, 7), interval=10)
    assert one.shape == (16, 140)


def test_a_time_that_one_well_lacks(plate: Path) -> None:
    for path in plate.glob("B10_*_t1_*"):
        path.unlink()
    one, two = open_timelapses([plate], pattern=PATTERN, grid=(2, 3), interval=10)
    # Both wells have one clock.
    assert one.times is not None
    assert two.times is not None
    assert (one.times.tolist(), two.times.tolist()) == ([0, 10, 90], [10, 90])
    assert "frames 1 and 3 to 9 of B10 are missing" in two.notes[0]


def test_a_tile_of_another_size(plate: Path) -> None:
    imwrite(plate / "A1_5_t2_GFP.tif", picture()[:10])
    one, _ = open_timelapses([plate], pattern=PATTERN, grid=(2, 3), interval=10)
    assert [frame.marks for frame in one.frames()] == [(), ("size",), ()]
    with pytest.raises(ImageError, match=r"A1_5_t2_GFP\.tif: has 10 x 20 pixels \(Y x X\), and .* 16 x 20"):
        one.read(1)


def test_a_broken_tile(plate: Path) -> None:
    (plate / "A1_5_t2_GFP.tif").write_bytes(b"")
    one, _ = open_timelapses([plate], pattern=PATTERN, grid=(2, 3), interval=10)
    assert [frame.marks for frame in one.frames()] == [(), ("unreadable",), ()]
    with pytest.raises(ImageError, match=r"A1_5_t2_GFP\.tif: is empty"):
        one.read(1)


def test_files_that_fit_no_pattern_or_one_twice(plate: Path) -> None:
    imwrite(plate / "overview.tif", picture())
    imwrite(plate / "A1_1_t01_GFP.tif", picture())
    found, errors = find_timelapses([plate], pattern=PATTERN, grid=(2, 3))
    assert [len(one) for one in found] == [3, 3]
    assert [Path(str(error.file)).name for error in errors] == ["overview.tif", "A1_1_t1_GFP.tif"]
    assert "is the same frame as 'A1_1_t01_GFP.tif' by the pattern" in str(errors[1])
    assert np.array_equal(found[0].read(0).data[1, :16, :20], picture())


def test_stacks_of_tiles(tmp_path: Path) -> None:
    stacks = {tile: np.stack([picture(tile, time) for time in range(5)]) for tile in range(4)}
    for tile, stack in stacks.items():
        imwrite(tmp_path / f"C3_{tile}.tif", stack[: 4 if tile == 3 else 5])
    (one,) = open_timelapses([tmp_path], pattern="{well}_{tile}", interval=1)
    assert (len(one), one.shape, one.name) == (5, (32, 40), "C3")
    assert [frame.marks for frame in one.frames()] == [(), (), (), (), ("unreadable",)]
    frame = one.read(2).data[0]
    top = np.concatenate([stacks[0][2], stacks[1][2]], axis=1)
    assert np.array_equal(frame, np.concatenate([top, np.concatenate([stacks[2][2], stacks[3][2]], axis=1)]))


def test_a_stack_for_each_well(tmp_path: Path) -> None:
    for well in ("A1", "A2"):
        imwrite(tmp_path / f"{well}.tif", np.stack([picture(well, time) for time in range(5)]))
    one, two = open_timelapses([tmp_path], pattern="{well}")
    assert (one.frame_names[1], len(two), two.stem) == ("A1.tif#0,1", 5, "A2")
    # One that cannot be read is told, and the rest goes on.
    (tmp_path / "A1.tif").write_bytes(b"")
    found, errors = find_timelapses([tmp_path], pattern="{well}")
    assert ([one.stem for one in found], len(errors)) == (["A2"], 1)


def test_without_wells_or_times(tmp_path: Path) -> None:
    for place in (1, 2, 10):
        imwrite(tmp_path / f"B2_x{place}.tif", picture(place))
    (one,) = open_timelapses([tmp_path], pattern="{well}_*")
    assert one.frame_names == ("B2_x1.tif", "B2_x2.tif", "B2_x10.tif")
    (one,) = open_timelapses([tmp_path], pattern="B2_x{time}", interval=1)
    assert (one.stem, one.places.tolist()) == (tmp_path.name, [0, 1, 9])


def test_folders_are_other_plates(tmp_path: Path) -> None:
    for plate, time in product(("p1", "p2"), (1, 2)):
        (tmp_path / plate).mkdir(exist_ok=True)
        imwrite(tmp_path / plate / f"A1_{time}.tif", picture(plate, time))
    found = open_timelapses([tmp_path / "p1", tmp_path / "p2"], pattern="{well}_{time}")
    assert [one.stem for one in found] == ["p1_A1", "p2_A1"]
    assert np.array_equal(found[1].read(1).data[0], picture("p2", 2))


def test_tiles_of_different_types_keep_their_values(tmp_path: Path) -> None:
    imwrite(tmp_path / "A1_1.tif", np.stack([picture(1, time) for time in range(4)]))
    imwrite(tmp_path / "A1_2.tif", np.stack([picture(2, time) for time in range(4)]).astype(np.uint16) + 1000)
    (one,) = open_timelapses([tmp_path], pattern="{well}_{tile}", grid=(1, 2), interval=1)
    frame = one.read(3).data[0]
    assert frame.dtype == np.uint16
    assert np.array_equal(frame, np.concatenate([picture(1, 3), picture(2, 3).astype(np.uint16) + 1000], axis=1))


def test_scenes_that_are_left_out_are_told(tmp_path: Path) -> None:
    for well, scenes in (("A1", 3), ("A2", 1)):
        with tifffile.TiffWriter(tmp_path / f"{well}.ome.tif", ome=True) as file:
            for scene in range(scenes):
                file.write(np.stack([picture(scene, time) for time in range(4)]), metadata={"axes": "TYX"})
    one, two = open_timelapses([tmp_path], pattern="{well}", interval=1)
    path = tmp_path / "A1.ome.tif"
    assert one.notes == (
        f"{path}: has 3 scenes, of which a pattern takes the first; the others are left out; "
        "split its scenes into files of their own",
    )
    assert two.notes == ()
