"""One axis of a slide in two sizes: its own pixels, and those that the network sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Axis:
    """An axis of `own` pixels that the network sees as `inner` pixels.

    Every pixel of the network's map hands its mass to the slide's own pixels that lie in it, in equal parts, or, where
    the picture was enlarged, to the one it lies in. So a sum over the slide's pixels is a sum over the map, and parts
    of the slide can be added up in whatever way it is cut.

    Examples
    --------
    >>> axis = Axis(own=8, inner=2)
    >>> axis.inside(0, 6), axis.shares(0, 6).tolist()
    (slice(0, 2, None), [1.0, 0.5])
    >>> axis.spread(np.array([[8.0], [2.0]]), 0, 6).ravel().tolist()
    [2.0, 2.0, 2.0, 2.0, 0.5, 0.5]
    """

    own: int
    inner: int

    @property
    def step(self) -> float:
        """Own pixels per inner pixel."""
        return self.own / self.inner

    def inside(self, start: int, stop: int) -> slice:
        """Inner pixels that have a part in the own pixels from `start` to `stop`."""
        if self.inner <= self.own:
            first, last = self._owner(np.array([start, stop - 1]), self.own, self.inner)
            return slice(int(first), int(last) + 1)
        return self.owned(start, stop)

    def shares(self, start: int, stop: int) -> NDArray[np.float64]:
        """What part of each inner pixel of `inside` lies in the own pixels from `start` to `stop`."""
        inside = self.inside(start, stop)
        if self.inner > self.own:
            return np.ones(inside.stop - inside.start)
        here = np.bincount(self._owner(np.arange(start, stop), self.own, self.inner) - inside.start)
        shares: NDArray[np.float64] = here / self._held(inside)
        return shares

    def spread(self, values: NDArray[np.floating], start: int, stop: int) -> NDArray[np.floating]:
        """The inner pixels of `inside`, first axis of `values`, as own pixels; sums are kept."""
        inside = self.inside(start, stop)
        if self.inner == self.own:
            return values
        if self.inner < self.own:
            places = self._owner(np.arange(start, stop), self.own, self.inner) - inside.start
            parts: NDArray[np.floating] = (values.T / self._held(inside).astype(values.dtype)).T
            handed: NDArray[np.floating] = parts[places]
            return handed
        owners = self._owner(np.arange(inside.start, inside.stop), self.inner, self.own)
        summed: NDArray[np.floating] = np.add.reduceat(values, np.searchsorted(owners, np.arange(start, stop)), axis=0)
        return summed

    def owned(self, start: int, stop: int) -> slice:
        """Inner pixels whose middle lies in the own pixels from `start` to `stop`: each in exactly one part."""
        owners = self._owner(np.arange(self.inner), self.inner, self.own)
        first, last = np.searchsorted(owners, [start, stop])
        return slice(int(first), int(last))

    def places(self, inner: slice) -> NDArray[np.float64]:
        """Where the middles of inner pixels lie, in own pixels with the first one's middle as origin."""
        return (np.arange(inner.start, inner.stop) + 0.5) * self.step - 0.5

    @staticmethod
    def _owner(places: NDArray[np.int64], length: int, others: int) -> NDArray[np.int64]:
        """Which of `others` pixels the middles of some of `length` pixels lie in; in whole numbers, so exact."""
        return np.asarray((2 * places + 1) * others // (2 * length))

    def _held(self, inside: slice) -> NDArray[np.int64]:
        """How many own pixels lie in each of the inner pixels."""
        edges = np.arange(inside.start, inside.stop + 1)
        # own pixel y lies in inner pixel i when (2 y + 1) inner // (2 own) is i
        first = -(-(2 * edges * self.own - self.inner) // (2 * self.inner))
        held: NDArray[np.int64] = np.diff(np.clip(first, 0, self.own))
        return held
