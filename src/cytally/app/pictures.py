"""The pictures that are open: those that were looked at last, bounded in memory."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import Any, Generic, TypeVar

from cytally.app.picture import Picture, open_picture

MOST_BYTES = 512 * 2**20
MOST_OPEN = 32

Kept = TypeVar("Kept")


class Shelf(Generic[Kept]):
    """Things that take a while to make, those used last. Threads that want the same one wait for the first of them.

    Parameters
    ----------
    weigh
        Bytes that one takes.
    most_bytes, most
        What all together may take, and how many there may be; the last one stays whatever it takes.
    """

    def __init__(self, weigh: Callable[[Kept], int], most_bytes: int = MOST_BYTES, most: int = MOST_OPEN) -> None:
        self._weigh, self._most_bytes, self._most = weigh, most_bytes, most
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._making: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """The thing of that name, made where it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            making = self._making.setdefault(key, Lock())
        with making:
            with self._lock:
                if key in self._kept:
                    return self._kept[key]
            try:
                made = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            with self._lock:
                self._kept[key] = made
                while len(self._kept) > 1 and (
                    len(self._kept) > self._most or sum(map(self._weigh, self._kept.values())) > self._most_bytes
                ):
                    self._kept.popitem(last=False)
            return made


class Pictures:
    """Opens the pictures of images, and makes what they lack.

    Parameters
    ----------
    cache
        Folder for resolutions that files do not have.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._shelf: Shelf[Picture] = Shelf(lambda picture: picture.kept_bytes)
        self.others: Shelf[Any] = Shelf(lambda array: getattr(array, "nbytes", 0) or getattr(array, "kept_bytes", 0))
        """Maps and labels."""
        self.heavy = BoundedSemaphore(max(2, os.cpu_count() or 2))
        """Who decodes and draws: more at a time would only wait for each other, and need more memory."""

    def levels(self, image: str) -> Path:
        """Where the resolutions of an image lie that its file does not have."""
        return self._cache / "levels" / image

    def get(self, image: str, path: Path, place: str) -> Picture:
        """The picture of an image, with all its resolutions.

        Raises
        ------
        ImageError
            When it cannot be read.
        """

        def make() -> Picture:
            picture = open_picture(path, place)
            picture.keep_levels(self.levels(image))
            return picture

        return self._shelf.get(image, make)
