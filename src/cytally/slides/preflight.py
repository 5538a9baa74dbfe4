"""What counting a slide will take, told before it begins, and refused where it cannot work."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from cytally.errors import ImageError, UsageError
from cytally.slides.plan import GRAIN
from cytally.slides.words import size_in_words

MEGA, GIB, GB = 1e6, 2**30, 1e9
SMALLEST_TILE = 64
"""Side of the smallest core, below which nearly all of a window is halo."""
LARGEST_TILE = 2048
"""Side of the largest core that is chosen: beyond, hardly any halo is saved."""
MARGIN = 0.1
"""GiB by which a cure asks for more memory than the estimate needs."""


@dataclass(frozen=True)
class PreflightFacts:
    """What is known of a slide and of the machine before anything is counted.

    Parameters
    ----------
    name
        The slide, as messages name it.
    shape
        (Y, X) in the slide's own pixels.
    inner
        (Y, X) in pixels of the network.
    tissue
        Share of the slide that is tissue, from 0 to 1.
    tiles
        How many tiles are still to be counted.
    tile
        Side of a tile's core, in pixels of the network.
    window
        (Y, X) of what the network sees for a tile: the core and the halo around it, in its pixels.
    read
        Pixels (Y, X) of the level that is read for each of these pixels, together: 1 where a level has just this size.
    base_gib
        Memory that is held before the first tile: Python, the libraries, the network.
    bytes_per_pixel
        Memory for each pixel of a window: the network's (`cytally.slides.window_memory`), and whatever else is held.
    seconds_per_megapixel
        Of the network, for a million pixels of windows, measured on this machine.
    read_seconds_per_megapixel
        Of reading a million pixels of the level.
    disk_bytes_per_pixel
        What a pixel of tissue takes in the results, in pixels of the network.
    workers
        Processes at a time. They share the cores, so that more of them take more memory and no less time.
    grain
        Pixels of the network that a tile's side is a multiple of.
    asked
        The tile that was asked for; None where the memory decided.
    """

    name: str
    shape: tuple[int, int]
    inner: tuple[int, int]
    tissue: float
    tiles: int
    tile: int
    window: tuple[int, int]
    read: float
    base_gib: float
    bytes_per_pixel: float
    seconds_per_megapixel: float
    read_seconds_per_megapixel: float
    disk_bytes_per_pixel: float
    workers: int = 1
    grain: float = 1.0
    asked: int | None = None

    @property
    def window_pixels(self) -> int:
        """Pixels of a window."""
        return self.window[0] * self.window[1]

    @property
    def pixels(self) -> float:
        """Pixels of the whole slide at the network's size."""
        return float(self.inner[0]) * self.inner[1]


@dataclass(frozen=True)
class Preflight:
    """What counting a slide will take: peak memory in GiB (2^30 bytes), time in seconds, results in GB (10^9 bytes)."""

    facts: PreflightFacts
    memory_gib: float
    seconds: float
    disk_gb: float

    def line(self) -> str:
        """The estimate as one line."""
        facts = self.facts
        megapixels = facts.pixels / MEGA
        places = 1 if megapixels >= 1 else 2
        size = f"{size_in_words(facts.shape)}, {megapixels:.{places}f} megapixels for the network"
        tiles = f"{facts.tiles:,} tile{'s' * (facts.tiles != 1)} of {facts.tile}"
        if facts.asked is not None and facts.asked != facts.tile and facts.asked < max(facts.inner):
            tiles += f" (not {facts.asked}: a multiple of {facts.grain:.4g}, which is {GRAIN} pixels of the slide)"
        cost = f"about {self.memory_gib:.1f} GiB of memory, {_duration(self.seconds)}, {_size(self.disk_gb)} on disk"
        return f"{facts.name}: {size} ({100 * facts.tissue:.0f} % tissue), {tiles}: {cost}"


@dataclass(frozen=True)
class Limits:
    """What there is: the GiB of memory that each worker may take, those that are free on the machine for all of them
    (with what this process holds already), and the GB that are free on the disk."""

    memory_gib: float
    free_memory_gib: float
    free_disk_gb: float


def estimate(facts: PreflightFacts) -> Preflight:
    """What counting a slide will take.

    Memory is what each worker holds before the first tile and what one window needs; it does not depend on the slide's
    size. Time is that of the windows, halos included, through the network and off the disk. Disk is the density map
    with its pyramid, of which tiles without tissue take nothing.

    Examples
    --------
    >>> facts = PreflightFacts(
    ...     "skin.tif", shape=(26_624, 30_000), inner=(6656, 7500), tissue=0.61, tiles=64, tile=1024,
    ...     window=(1168, 1168), read=1.0, base_gib=0.5, bytes_per_pixel=472.0, seconds_per_megapixel=0.9,
    ...     read_seconds_per_megapixel=0.1, disk_bytes_per_pixel=13.0,
    ... )
    >>> estimate(facts).line().rpartition(": ")[2]
    'about 1.1 GiB of memory, 87 seconds, 0.4 GB on disk'
    """
    megapixels = facts.tiles * facts.window_pixels / MEGA
    each = facts.seconds_per_megapixel + facts.read * facts.read_seconds_per_megapixel
    held = facts.base_gib + facts.window_pixels * facts.bytes_per_pixel / GIB
    return Preflight(
        facts,
        memory_gib=facts.workers * held,
        seconds=megapixels * each,
        disk_gb=facts.tissue * facts.pixels * facts.disk_bytes_per_pixel / GB,
    )


def refuse(preflight: Preflight, limits: Limits, *, halo: int, stride: int) -> None:
    """Refuse what cannot work, with the setting that would.

    Parameters
    ----------
    preflight
        What counting the slide will take.
    limits
        What there is.
    halo, stride
        Of the tiles, in pixels of the network, to say which tile would fit.

    Raises
    ------
    ImageError
        When a tile does not fit into the memory that is allowed, or that is free, or the results onto the disk.
    """
    facts = preflight.facts
    each = preflight.memory_gib / facts.workers
    if each > limits.memory_gib:
        smaller = _smaller_tile(facts, limits.memory_gib, halo, stride)
        cures = [] if smaller is None else [f"--tile {smaller}"]
        raise ImageError(
            f"needs {each:.1f} GiB for tiles of {facts.tile} and --memory is {limits.memory_gib:g}",
            file=facts.name,
            cure=f"use {' or '.join([*cures, f'--memory {_upwards(each)}'])}",
        )
    if preflight.memory_gib > limits.free_memory_gib:
        smaller = _smaller_tile(facts, limits.free_memory_gib / facts.workers, halo, stride)
        cures = [f"use --workers {facts.workers // 2}"] if facts.workers > 1 else []
        cures += [] if smaller is None else [f"use --tile {smaller}"]
        raise ImageError(
            f"needs {preflight.memory_gib:.1f} GiB of memory, of which {limits.free_memory_gib:.1f} are free",
            file=facts.name,
            cure=" or ".join(["close other programs", *cures]),
        )
    if preflight.disk_gb > limits.free_disk_gb:
        raise ImageError(
            f"needs {_size(preflight.disk_gb)} on disk, of which {_size(limits.free_disk_gb)} are free",
            file=facts.name,
            cure="free some, or name another folder with -o",
        )


def _smaller_tile(facts: PreflightFacts, memory_gib: float, halo: int, stride: int) -> int | None:
    """The largest tile that fits and is smaller than the one that does not; None where there is none."""
    fits = fitting_tile(memory_gib, halo, stride, facts.base_gib, facts.bytes_per_pixel)
    if fits is None or fits < facts.grain:
        return None
    tile = math.ceil(fits // facts.grain * facts.grain)
    return tile if tile < facts.tile else None


def fitting_tile(memory_gib: float, halo: int, stride: int, base_gib: float, bytes_per_pixel: float) -> int | None:
    """Side of the largest core, a multiple of `stride`, whose window fits; None where `SMALLEST_TILE` does not."""
    free = (memory_gib - base_gib) * GIB
    if free <= 0:
        return None
    side = math.isqrt(int(free / bytes_per_pixel)) - 2 * halo
    tile = min(side, LARGEST_TILE) // stride * stride
    return tile if tile >= SMALLEST_TILE else None


def largest_tile(
    memory_gib: float, halo: int, stride: int, base_gib: float, bytes_per_pixel: float, smallest: int = SMALLEST_TILE
) -> int:
    """Side of the largest tile's core for which the memory is enough, in pixels of the network.

    Parameters
    ----------
    memory_gib
        Memory that one worker may take, in GiB.
    halo
        Pixels around the core that the network sees as well.
    stride
        The core's side is a multiple of it.
    base_gib
        Memory that is held before the first tile.
    bytes_per_pixel
        Memory for each pixel of core and halo.
    smallest
        Side of the smallest core that will do.

    Raises
    ------
    UsageError
        When not even a core of `smallest` fits; the cure names the memory that is enough for it.

    Examples
    --------
    >>> largest_tile(1.5, halo=72, stride=8, base_gib=0.5, bytes_per_pixel=500)
    1320
    """
    tile = fitting_tile(memory_gib, halo, stride, base_gib, bytes_per_pixel)
    if tile is None or tile < smallest:
        smallest = -(-max(smallest, SMALLEST_TILE) // stride) * stride
        needed = base_gib + (smallest + 2 * halo) ** 2 * bytes_per_pixel / GIB
        raise UsageError(
            f"{memory_gib:.2g} GiB of memory are not enough: tiles of {smallest} need {needed:.2g}",
            cure=f"use --memory {_upwards(needed)}",
        )
    return tile


def free_disk_gb(folder: Path) -> float:
    """GB that are free where `folder` is, or will be."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free / GB


def _upwards(gib: float) -> str:
    """GiB with a margin, rounded up to a tenth."""
    return f"{math.ceil(10 * (gib + MARGIN) - 1e-9) / 10:g}"


def _duration(seconds: float) -> str:
    """Seconds, minutes or hours, as a person would say them."""
    if seconds < 90:
        return f"{max(1, round(seconds))} second{'s' * (round(seconds) > 1)}"
    return f"{seconds / 60:.1f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _size(gigabytes: float) -> str:
    """GB, or MB where they are few."""
    return f"{gigabytes:.1f} GB" if gigabytes >= 0.05 else f"{max(1, math.ceil(1000 * gigabytes))} MB"
