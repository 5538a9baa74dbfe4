"""Decoded tiles that are kept for the next window, bounded in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any

from numpy.typing import NDArray

DEFAULT_BYTES = 96 * 2**20


class TileCache:
    """The tiles that were used last. Threads may share it.

    Parameters
    ----------
    most
        Bytes that all tiles together may take. A tile that is larger is not kept.

    Examples
    --------
    >>> import numpy as np
    >>> cache = TileCache(most=100)
    >>> for name in "abc":
    ...     cache.put(name, np.zeros(40, np.uint8))
    >>> cache.get("a") is None, cache.get("c") is None, cache.size
    (True, False, 80)
    """

    def __init__(self, most: int = DEFAULT_BYTES) -> None:
        self._most = most
        self._tiles: OrderedDict[Hashable, NDArray[Any]] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    @property
    def size(self) -> int:
        """Bytes that the kept tiles take."""
        return self._size

    def get(self, key: Hashable) -> NDArray[Any] | None:
        """The tile, or None where it is not kept."""
        with self._lock:
            tile = self._tiles.get(key)
            if tile is not None:
                self._tiles.move_to_end(key)
            return tile

    def put(self, key: Hashable, tile: NDArray[Any], *, soon_wanted: bool = True) -> None:
        """Keep a tile; those that were not used for longest go.

        Parameters
        ----------
        key
            What to find it by.
        tile
            Its pixels.
        soon_wanted
            Whether it is the last to go; without it, the first.
        """
        if tile.nbytes > self._most:
            return
        with self._lock:
            if key in self._tiles:
                return
            self._tiles[key] = tile
            self._tiles.move_to_end(key, last=soon_wanted)
            self._size += tile.nbytes
            while self._size > self._most:
                self._size -= self._tiles.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        """Forget all tiles."""
        with self._lock:
            self._tiles.clear()
            self._size = 0
