"""The frames of a time-lapse: turned upright, their shifts, and what is counted in each."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import CytallyError
from cytally.files import write_text
from cytally.images.channels import find_channel, most_varying
from cytally.images.image import Plane
from cytally.images.timelapse import Frame, TimeLapse
from cytally.models.model import Model
from cytally.tasks.counted_frames import CountedFrame, FrameStore
from cytally.tasks.failures import failure_line
from cytally.tasks.growth_counts import count_frame
from cytally.tasks.growth_options import GrowthTaskOptions
from cytally.tasks.output import writing
from cytally.timelapse.stabilise import Registration, register
from cytally.timelapse.upright import estimate_tilt, turned

logger = logging.getLogger(__name__)

FIRST_FRAMES = 5
"""So many are looked at for the walls of chambers and for the channel that shifts are seen in."""

OnShare = Callable[[float], None]
OnNote = Callable[[str], None]


@dataclass(frozen=True)
class FrameReader:
    """Frames as all that follows sees them.

    Parameters
    ----------
    lapse
        The time-lapse.
    channel
        Index of the channel that shifts and pictures are taken from.
    tilt
        Degrees by which frames are turned; 0: not at all.
    """

    lapse: TimeLapse
    channel: int
    tilt: float

    @classmethod
    def of(cls, lapse: TimeLapse, options: GrowthTaskOptions, on_note: OnNote) -> FrameReader:
        """Look at the first frames for what holds for all.

        Raises
        ------
        ImageError
            When there is no such channel.
        """
        first: list[Plane] = []
        for index in range(len(lapse)):
            try:
                first.append(lapse.read(index))
            except CytallyError:
                continue
            if len(first) == FIRST_FRAMES:
                break
        if not first:
            return cls(lapse, 0, 0.0)
        if options.channel is not None:
            channel = find_channel(first[0], options.channel)
        else:
            channel = most_varying(first[0].data)
        if not options.upright:
            return cls(lapse, channel, 0.0)
        tilt = estimate_tilt([plane.data[channel] for plane in first])
        if tilt is None:
            on_note(f"{lapse.name}: shows no straight walls, so nothing is turned.")
        return cls(lapse, channel, tilt or 0.0)

    def frames(self) -> Iterator[Frame]:
        """All frames, turned upright."""
        for frame in self.lapse.frames():
            yield replace(frame, plane=None if frame.plane is None else self._upright(frame.plane))

    def read(self, index: int) -> Plane:
        """One frame, turned upright."""
        return self._upright(self.lapse.read(index))

    def _upright(self, plane: Plane) -> Plane:
        if not self.tilt:
            return plane
        return replace(plane, data=np.stack([turned(channel, self.tilt) for channel in plane.data]))

    def pictures(self, on_share: OnShare) -> Iterator[NDArray[Any]]:
        """What shifts are seen in: one channel (Y, X) of each frame; nothing but zeros where there is none."""
        for frame in self.frames():
            plane = frame.plane
            yield np.zeros(self.lapse.shape, np.uint8) if plane is None else plane.data[self.channel]
            on_share((frame.index + 1) / len(self.lapse))


def find_shifts(reader: FrameReader, store: FrameStore, options: GrowthTaskOptions, on_share: OnShare) -> Registration:
    """How far the content of each frame is displaced from the first; kept beside the frames."""
    number, kept = len(reader.lapse), store.folder / "shifts.json"
    if not options.stabilise or number == 1:
        return Registration(np.zeros((number, 2)), np.zeros(number, bool))
    if kept.is_file():
        known = json.loads(kept.read_text(encoding="utf-8"))
        if len(known["shifts"]) == number:
            return Registration(np.array(known["shifts"], float), np.array(known["lost"], bool), tuple(known["breaks"]))
    found = register(reader.pictures(on_share))
    told = {"shifts": found.shifts.tolist(), "lost": found.lost.tolist(), "breaks": list(found.breaks)}
    with writing(store.folder):
        write_text(kept, json.dumps(told))
    return found


def count_frames(
    model: Model, reader: FrameReader, store: FrameStore, options: GrowthTaskOptions, on_share: OnShare
) -> dict[str, str]:
    """Count every frame that is not kept yet.

    Returns
    -------
    dict
        Of frames that could not be read or counted: the name and the line that says why.
    """
    failures = {}
    for frame in reader.frames():
        if frame.error is not None:
            failures[frame.name] = failure_line(frame.error, reader.lapse.source)
        if not store.has(frame.index):
            try:
                counted = _count(model, frame, options)
            except Exception as error:
                failures[frame.name] = failure_line(error, reader.lapse.source / frame.name)
                if not isinstance(error, CytallyError):
                    logger.debug("%s", frame.name, exc_info=error)
                counted = CountedFrame.of_nothing("unreadable")
            with writing(store.folder):
                store.keep(frame.index, counted)
        on_share((frame.index + 1) / len(reader.lapse))
    return failures


def _count(model: Model, frame: Frame, options: GrowthTaskOptions) -> CountedFrame:
    if frame.plane is None or "black" in frame.marks:
        return CountedFrame.of_nothing(*frame.marks)
    counted = count_frame(model, frame.plane, options.channel, options.diameter)
    return replace(counted, flags=tuple(dict.fromkeys((*counted.flags, *frame.marks))))
