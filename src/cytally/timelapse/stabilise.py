"""How far the camera drifted and jumped in each frame of a time-lapse, by sub-pixel registration."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from cytally.errors import ImageError
from cytally.timelapse.resampling import common_area, inside, stabilised
from cytally.timelapse.shift_spectrum import LEAST_SIDE, Packed, Registrar, Spectrum

__all__ = ["Registration", "StabiliseOptions", "common_area", "estimate_shifts", "inside", "register", "stabilised"]

logger = logging.getLogger(__name__)

Floats = NDArray[np.float64]

ROUNDS = 2
"""How often all frames are registered once more."""

CORRECTION = 5.0
"""By so much at most does a further round correct, px; more would be another place, not a better one."""


class StabiliseOptions(BaseModel):
    """How shifts of the camera are found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    memory: int = Field(
        40, ge=1, description="Each frame is compared with the mean of so many frames before it, and then after it too."
    )
    certainty: float = Field(
        7.0,
        gt=0,
        description="A frame of which the peak of correlation is lower, in standard deviations of chance, counts as "
        "lost: its shift is that between its neighbours.",
    )
    longest_side: int = Field(
        1200, ge=64, description="Frames with a longer side are reduced to it before they are compared, px."
    )


@dataclass(frozen=True, eq=False)
class Registration:
    """Where the frames lie.

    Attributes
    ----------
    shifts
        (T, 2) y, x in px by which the content of each frame is displaced from the first: what is at p there is at
        p + shifts[t] here.
    lost
        (T,) frames in which nothing was recognised, as black ones and noise: their shifts are interpolated between
        their neighbours, or those of the next one at either end.
    breaks
        Frames with which the content begins that was not recognised in any frame before; their shift is taken to be
        that of the last one that was.
    """

    shifts: Floats
    lost: NDArray[np.bool_]
    breaks: tuple[int, ...] = ()


def estimate_shifts(frames: Iterable[NDArray[Any]], options: StabiliseOptions | None = None) -> Floats:
    """How far the content of each frame (Y, X) is displaced from the first, (T, 2) y, x in px; see `register`."""
    found = register(frames, options)
    if found.lost.any():
        logger.warning("nothing was recognised in %d of %d frames", found.lost.sum(), len(found.lost))
    return found.shifts


def register(frames: Iterable[NDArray[Any]], options: StabiliseOptions | None = None) -> Registration:
    """Find out where the frames of a time-lapse lie.

    Each frame is registered (`skimage.registration.phase_cross_correlation`, Guizar-Sicairos et al. 2008) on the mean
    of the frames before it, laid over each other. In that mean moving cells fade, and what stands still remains; it
    follows slow change, since old frames fade too. Further rounds register each frame on the mean of those before and
    after it, so that errors do not add up.

    Parameters
    ----------
    frames
        T frames (Y, X) of one shape; they are read once.
    options
        None: the defaults.

    Returns
    -------
    Registration
        Shifts, and which frames are lost.

    Raises
    ------
    ImageError
        The frames differ in shape.

    Notes
    -----
    Where nothing stands still, as of cells on clean glass, what all cells do together passes for the camera's motion.
    """
    chosen = options or StabiliseOptions()
    course: _Course | None = None
    shape: tuple[int, ...] = ()
    step = 1
    for number, frame in enumerate(frames):
        if course is None:
            shape = frame.shape
            step = -(-max(shape, default=1) // chosen.longest_side)
            course = _Course(Registrar((shape[0] // step, shape[1] // step)), chosen)
        if frame.shape != shape:
            raise ImageError(
                f"frame {number} has {frame.shape} pixels, the first has {shape}", cure="crop them to one size"
            )
        course.follow(_reduced(frame, step))
    if course is None:
        return Registration(np.zeros((0, 2)), np.zeros(0, dtype=bool))
    for _ in range(ROUNDS):
        course.refine()
    shifts, lost = course.result()
    return Registration(shifts * step, lost, tuple(course.breaks))


@dataclass
class _Course:
    """The spectra so far, and where their frames lie."""

    registrar: Registrar
    options: StabiliseOptions
    packed: list[Packed | None] = field(default_factory=list)
    shifts: list[Floats | None] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    _reference: Spectrum | None = None
    _averaged: int = 0
    _before: tuple[int, Spectrum] | None = None

    def follow(self, frame: NDArray[Any]) -> None:
        """Register the next frame on the mean of those before it."""
        spectrum = self.registrar.spectrum(frame) if min(self.registrar.shape) >= LEAST_SIDE else None
        index = len(self.packed)
        self.packed.append(None if spectrum is None else Packed.of(spectrum))
        self.shifts.append(None)
        if spectrum is None:
            return
        if self._reference is None:
            self._begin(index, spectrum, np.zeros(2))
        else:
            by, certainty = self.registrar.displacement(spectrum, self._reference)
            if certainty >= self.options.certainty:
                self._take(index, spectrum, by)
            elif self._before is not None:
                # Unlike all before, but like the one before, which was lost too: something has changed for good.
                other, earlier = self._before
                by, certainty = self.registrar.displacement(spectrum, earlier)
                if certainty >= self.options.certainty:
                    known = next(shift for shift in reversed(self.shifts) if shift is not None)
                    self.breaks.append(other)
                    self._begin(other, earlier, known)
                    self._take(index, spectrum, known + by)
        self._before = (index, spectrum) if self.shifts[index] is None else None

    def refine(self) -> None:
        """Register each frame on the mean of those around it, itself left out."""
        memory, count = self.options.memory, len(self.packed)
        around = np.zeros_like(self._reference) if self._reference is not None else None
        places = list(self.shifts)
        for end in range(count + memory):
            for index, sign in ((end, 1), (end - 2 * memory - 1, -1)):
                if around is not None and 0 <= index < count:
                    around += sign * self._aligned(index, places)
            index = end - memory
            place, packed = (places[index], self.packed[index]) if 0 <= index < count else (None, None)
            if around is None or place is None or packed is None:
                continue
            spectrum = self.registrar.moved(packed.spectrum(), -place)
            by, certainty = self.registrar.displacement(spectrum, around - spectrum)
            if certainty >= self.options.certainty and np.hypot(*by) <= CORRECTION:
                self.shifts[index] = place + by

    def result(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Shifts (T, 2), those of lost frames interpolated, and which frames are lost (T,)."""
        found = np.array([index for index, shift in enumerate(self.shifts) if shift is not None], dtype=np.intp)
        lost = np.ones(len(self.shifts), dtype=bool)
        lost[found] = False
        if not len(found):
            return np.zeros((len(lost), 2)), lost
        known = np.array([self.shifts[index] for index in found])
        every = np.arange(len(lost))
        shifts = np.stack([np.interp(every, found, known[:, axis]) for axis in (0, 1)], axis=1)
        return shifts - shifts[0], lost

    def _begin(self, index: int, spectrum: Spectrum, shift: Floats) -> None:
        self._averaged, self._reference = 0, np.zeros_like(spectrum)
        self._take(index, spectrum, shift)

    def _take(self, index: int, spectrum: Spectrum, shift: Floats) -> None:
        """Let a frame lie there, and add it to the mean."""
        assert self._reference is not None
        self.shifts[index] = shift
        self._averaged += 1
        share = np.float32(max(1 / self._averaged, 1 / self.options.memory))
        self._reference += share * (self.registrar.moved(spectrum, -shift) - self._reference)

    def _aligned(self, index: int, places: list[Floats | None]) -> Spectrum | float:
        place, packed = places[index], self.packed[index]
        return 0.0 if place is None or packed is None else self.registrar.moved(packed.spectrum(), -place)


def _reduced(frame: NDArray[Any], step: int) -> NDArray[Any]:
    """The mean of each block of `step` by `step` pixels."""
    if step == 1:
        return frame
    rows, columns = frame.shape[0] // step, frame.shape[1] // step
    blocks = frame[: rows * step, : columns * step].reshape(rows, step, columns, step)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))
