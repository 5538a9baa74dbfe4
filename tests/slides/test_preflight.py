"""What a slide will take, worked out by hand, and what is refused with which cure."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cytally.errors import ImageError, UsageError
from cytally.slides import preflight
from cytally.slides.preflight import (
    GIB,
    SMALLEST_TILE,
    Limits,
    PreflightFacts,
    estimate,
    fitting_tile,
    free_disk_gb,
    largest_tile,
    refuse,
)

HALO, STRIDE = 72, 8
SKIN = PreflightFacts(
    "skin.tif",
    shape=(26_624, 30_000),
    inner=(6656, 7500),
    tissue=0.61,
    tiles=64,
    tile=1024,
    window=(1168, 1168),
    read=1.0,
    base_gib=0.5,
    bytes_per_pixel=472.0,
    seconds_per_megapixel=0.9,
    read_seconds_per_megapixel=0.1,
    disk_bytes_per_pixel=13.0,
)
PLENTY = Limits(memory_gib=64, free_memory_gib=64, free_disk_gb=1000)


def test_a_slide_by_hand() -> None:
    told = estimate(SKIN)
    assert told.memory_gib == pytest.approx(0.5 + 1168**2 * 472 / 2**30)
    assert told.seconds == pytest.approx(64 * 1.168**2 * 1.0)
    assert told.disk_gb == pytest.approx(0.61 * 49.92e6 * 13 / 1e9)
    assert told.line() == (
        "skin.tif: 30,000 x 26,624 pixels (width x height), 49.9 megapixels for the network (61 % tissue), "
        "64 tiles of 1024: "
        "about 1.1 GiB of memory, 87 seconds, 0.4 GB on disk"
    )


@pytest.mark.parametrize(
    ("asked", "used", "told"),
    [
        (None, 1024, "64 tiles of 1024: "),
        (1024, 1024, "64 tiles of 1024: "),
        (1000, 960, "64 tiles of 960 (not 1000: a multiple of 64, which is 256 pixels of the slide): "),
        (20, 64, "64 tiles of 64 (not 20: a multiple of 64, which is 256 pixels of the slide): "),
        (100_000, 7552, "64 tiles of 7552: "),  # one that has room for the whole slide
    ],
)
def test_a_tile_that_is_not_the_one_asked_for_is_told(asked: int | None, used: int, told: str) -> None:
    assert told in estimate(replace(SKIN, tile=used, asked=asked, grain=64.0)).line()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tiles": 1}, "(61 % tissue), 1 tile of 1024: about 1.1 GiB of memory, 1 second,"),
        ({"tiles": 0}, "0 tiles of 1024: about 1.1 GiB of memory, 1 second,"),
        ({"tiles": 67}, ", 1.5 minutes,"),
        ({"seconds_per_megapixel": 89.0}, ", 2.2 hours,"),
        ({"tissue": 0.03}, "(3 % tissue), 64 tiles of 1024: about 1.1 GiB of memory, 87 seconds, 20 MB on disk"),
        ({"inner": (100, 200), "tissue": 0.0}, ", 0.02 megapixels for the network (0 % tissue)"),
    ],
)
def test_words(changes: dict[str, object], words: str) -> None:
    assert words in estimate(replace(SKIN, **changes)).line()  # type: ignore[arg-type]


@given(st.floats(1, 100), st.integers(1, 1000))
def test_twice_the_area_takes_twice_the_time_and_no_more_memory(area: float, tiles: int) -> None:
    one = estimate(replace(SKIN, tiles=tiles, inner=(round(1000 * area), 7500)))
    two = estimate(replace(SKIN, tiles=2 * tiles, inner=(2 * round(1000 * area), 7500)))
    assert two.seconds == pytest.approx(2 * one.seconds) and two.disk_gb == pytest.approx(2 * one.disk_gb)
    assert two.memory_gib == one.memory_gib


def test_workers_share_the_time_and_add_up_the_memory() -> None:
    one, three = estimate(SKIN), estimate(replace(SKIN, workers=3))
    assert three.memory_gib == pytest.approx(3 * one.memory_gib) and three.seconds == one.seconds


def test_reading_a_larger_level_takes_longer() -> None:
    near, far = estimate(SKIN), estimate(replace(SKIN, read=16.0))
    assert far.seconds - near.seconds == pytest.approx(64 * 1.168**2 * 15 * 0.1)


def test_what_fits_passes() -> None:
    told = estimate(SKIN)
    refuse(told, PLENTY, halo=HALO, stride=STRIDE)
    exactly = Limits(told.memory_gib, told.memory_gib, told.disk_gb)
    refuse(told, exactly, halo=HALO, stride=STRIDE)


def refusal(facts: PreflightFacts, limits: Limits) -> str:
    with pytest.raises(ImageError) as caught:
        refuse(estimate(facts), limits, halo=HALO, stride=STRIDE)
    return caught.value.line()


def test_memory_that_is_not_allowed_names_a_tile_and_a_memory_that_work() -> None:
    large = replace(SKIN, tile=2048, window=(2192, 2192))  # 0.5 + 2.11 GiB
    limits = replace(PLENTY, memory_gib=1.5)
    line = refusal(large, limits)
    assert line.startswith("skin.tif: needs 2.6 GiB for tiles of 2048 and --memory is 1.5; use --tile ")
    tile, memory = re.search(r"--tile (\d+) or --memory ([\d.]+)$", line).groups()  # type: ignore[union-attr]
    side = int(tile) + 2 * HALO
    refuse(estimate(replace(large, tile=int(tile), window=(side, side))), limits, halo=HALO, stride=STRIDE)
    refuse(estimate(large), replace(PLENTY, memory_gib=float(memory)), halo=HALO, stride=STRIDE)
    larger = side + STRIDE
    with pytest.raises(ImageError):
        refuse(estimate(replace(large, window=(larger, larger))), limits, halo=HALO, stride=STRIDE)


@pytest.mark.parametrize("grain", [64.0, 85.4, 256.0])
def test_the_tile_that_is_named_is_one_that_there_is(grain: float) -> None:
    """The next smaller multiple fits too, and is not refused again."""
    large = replace(SKIN, tile=2048, window=(2192, 2192), grain=grain)
    line = refusal(large, replace(PLENTY, memory_gib=1.5))
    tile = int(re.search(r"--tile (\d+)", line)[1])  # type: ignore[index]
    assert tile - 1 < round(tile / grain) * grain <= tile
    small = replace(SKIN, tile=256, window=(400, 400), grain=256.0, bytes_per_pixel=4000.0)
    assert "--tile" not in refusal(small, replace(PLENTY, memory_gib=0.9))


def test_a_tile_that_is_larger_than_the_smallest_needs_its_memory() -> None:
    with pytest.raises(UsageError, match=r"tiles of 256 need 1\.1; use --memory 1\.2"):
        largest_tile(0.7, HALO, STRIDE, 0.5, 4000, smallest=256)
    assert largest_tile(1.2, HALO, STRIDE, 0.5, 4000, smallest=256) >= 256


def test_no_tile_is_named_where_none_fits() -> None:
    line = refusal(SKIN, replace(PLENTY, memory_gib=0.4))
    assert line.endswith("--memory is 0.4; use --memory 1.3") or line.endswith("--memory is 0.4; use --memory 1.2")
    assert "--tile" not in line


def test_each_worker_may_take_the_memory_and_all_share_what_is_free() -> None:
    four = replace(SKIN, workers=4)
    refuse(estimate(four), replace(PLENTY, memory_gib=1.2), halo=HALO, stride=STRIDE)
    assert "needs 1.1 GiB for tiles of 1024 and --memory is 1; use --tile " in refusal(
        four, replace(PLENTY, memory_gib=1)
    )
    line = refusal(four, replace(PLENTY, free_memory_gib=3))
    assert line.startswith("skin.tif: needs 4.4 GiB of memory, of which 3.0 are free; close other programs or use")
    workers, tile = re.search(r"use --workers (\d) or use --tile (\d+)$", line).groups()  # type: ignore[union-attr]
    free = replace(PLENTY, free_memory_gib=3)
    refuse(estimate(replace(SKIN, workers=int(workers))), free, halo=HALO, stride=STRIDE)
    side = int(tile) + 2 * HALO
    refuse(estimate(replace(four, tile=int(tile), window=(side, side))), free, halo=HALO, stride=STRIDE)


def test_memory_that_is_not_free() -> None:
    line = refusal(SKIN, replace(PLENTY, free_memory_gib=0.9))
    assert line.startswith("skin.tif: needs 1.1 GiB of memory, of which 0.9 are free; close other programs or use --t")
    assert refusal(SKIN, replace(PLENTY, free_memory_gib=0.1)).endswith("; close other programs")


def test_a_disk_that_is_nearly_full() -> None:
    line = refusal(SKIN, replace(PLENTY, free_disk_gb=0.2))
    assert line == (
        "skin.tif: needs 0.4 GB on disk, of which 0.2 GB are free; free some, or name another folder with -o"
    )
    assert "of which 3 MB are free" in refusal(SKIN, replace(PLENTY, free_disk_gb=0.003))


@given(st.floats(0.6, 4), st.integers(1, 20), st.sampled_from([4, 8, 16]), st.floats(50, 3000))
def test_the_largest_tile_fits_and_the_next_does_not(memory: float, halo: int, stride: int, each: float) -> None:
    def needed(tile: int) -> float:
        return 0.5 + (tile + 2 * halo * stride) ** 2 * each / GIB

    try:
        tile = largest_tile(memory, halo * stride, stride, 0.5, each)
    except UsageError as error:
        assert needed(SMALLEST_TILE) > memory
        enough = float(str(error).rsplit(" ", 1)[1])
        assert largest_tile(enough, halo * stride, stride, 0.5, each) >= SMALLEST_TILE
        return
    assert tile % stride == 0 and tile >= SMALLEST_TILE and needed(tile) <= memory
    assert tile == preflight.LARGEST_TILE or needed(tile + stride) > memory


def test_memory_below_the_base_is_never_enough() -> None:
    assert fitting_tile(0.5, HALO, STRIDE, 0.5, 100) is None
    with pytest.raises(UsageError, match=r"0\.3 GiB of memory are not enough: tiles of 64 need .*; use --memory 0\.7"):
        largest_tile(0.3, HALO, STRIDE, 0.5, 500)


def test_the_disk_of_a_folder_that_is_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []

    def disk_usage(place: Path) -> SimpleNamespace:
        seen.append(place)
        return SimpleNamespace(free=5e9)

    monkeypatch.setattr(preflight.shutil, "disk_usage", disk_usage)
    assert free_disk_gb(tmp_path / "not" / "there") == 5.0 and seen == [tmp_path]
