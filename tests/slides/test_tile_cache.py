"""Tiles that are kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from cytally.slides.tile_cache import TileCache


def test_the_longest_unused_go_first() -> None:
    cache = TileCache(most=300)
    for name in "abc":
        cache.put(name, np.zeros(100, np.uint8))
    assert cache.get("a") is not None
    cache.put("d", np.zeros(100, np.uint8))
    assert [cache.get(name) is None for name in "abcd"] == [False, True, False, False]


def test_those_that_are_not_wanted_soon_go_before() -> None:
    cache = TileCache(most=300)
    cache.put("edge", np.zeros(100, np.uint8))
    cache.put("middle", np.zeros(100, np.uint8), soon_wanted=False)
    cache.put("edge again", np.zeros(150, np.uint8))
    assert [cache.get(name) is None for name in ("edge", "middle", "edge again")] == [False, True, False]


def test_what_is_too_large_is_not_kept() -> None:
    cache = TileCache(most=300)
    cache.put("a", np.zeros(200, np.uint8))
    cache.put("b", np.zeros(400, np.uint8))
    assert cache.get("b") is None
    assert cache.size == 200
    cache.clear()
    assert (cache.size, cache.get("a")) == (0, None)


def test_threads_never_exceed_the_limit() -> None:
    cache = TileCache(most=1000)

    def fill(start: int) -> None:
        for number in range(start, start + 300):
            cache.put(number % 400, np.zeros(90, np.uint8))
            cache.get((number * 7) % 400)
            assert cache.size <= 1090  # one more while it is put

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fill, range(0, 400, 100)))
    assert cache.size == 990
