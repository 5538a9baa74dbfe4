"""The frames of a time-lapse: turned upright, their shifts, and what is counted in each."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.errors import CytallyError
from cytally.files import write_text
from cytally.images.image import Plane
from cytally.images.prepare import choose_channels
from cytally.images.texture import clear_texture, count_standing_out, find_grain
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
class Failed:
    """A frame that could not be read or counted: its name, the line that says why, and the words for frames.csv."""

    name: str
    line: str
    marks: tuple[str, ...]


@dataclass(frozen=True)
class FrameReader:
    """Frames as all that follows sees them.

    Parameters
    ----------
    lapse
        The time-lapse.
    channels
        Indices of the channels that are counted in, the same in all frames; shifts and pictures are from the first.
    tilt
        Degrees by which frames are turned; 0: not at all.
    grain
        Diameter in pixels of the grains of a texture that is cleared before counting; None where there is none.
    """

    lapse: TimeLapse
    channels: tuple[int, ...]
    tilt: float = 0.0
    grain: float | None = None

    @property
    def channel(self) -> int:
        """The channel that shifts and pictures are taken from."""
        return self.channels[0]

    @classmethod
    def of(cls, lapse: TimeLapse, model: Model, options: GrowthTaskOptions, on_note: OnNote) -> FrameReader:
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
            return cls(lapse, (0,))
        wanted = model.card.configuration.input
        channels = choose_channels(first[0], wanted, options.channel, model.card.input_channels)
        if len(channels) < len(first[0].data) and options.channel is None:
            names = " and ".join(first[0].channels[index] or str(index) for index in channels)
            on_note(f"{lapse.name}: counted in channel {names} of {len(first[0].data)}; --channel takes another.")
        seen = [plane.data[channels[0]] for plane in first]
        grain = _grain(seen, options.diameter) if wanted.object_diameter is not None else None
        if grain is not None:
            objects = round(float(np.median([count_standing_out(plane, grain) for plane in seen])))
            on_note(
                f"{lapse.name}: about {objects} bright object{'s' * (objects != 1)} "
                f"stand{'s' * (objects == 1)} out of a fine texture, which is cleared away before counting; "
                f"--diameter {grain:.0f} counts its grains."
            )
        tilt = estimate_tilt(seen) if options.upright else 0.0
        if tilt is None:
            on_note(f"{lapse.name}: shows no straight walls, so nothing is turned.")
        return cls(lapse, channels, tilt or 0.0, grain)

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

    def to_count(self, plane: Plane) -> Plane:
        """What of a frame is counted in: all of it, or what stands out of a texture."""
        if self.grain is None:
            return plane
        data = [
            clear_texture(channel, self.grain) if index in self.channels else channel.astype(np.float32)
            for index, channel in enumerate(plane.data)
        ]
        return replace(plane, data=np.stack(data))

    def pictures(self, on_share: OnShare) -> Iterator[NDArray[Any]]:
        """What shifts are seen in: one channel (Y, X) of each frame; nothing but zeros where there is none."""
        for frame in self.frames():
            plane = frame.plane
            yield np.zeros(self.lapse.shape, np.uint8) if plane is None else plane.data[self.channel]
            on_share((frame.index + 1) / len(self.lapse))


def _grain(planes: list[NDArray[Any]], diameter: float | None) -> float | None:
    """The grain of a texture that most planes (Y, X) show, and that is much finer than the cells' `diameter`."""
    found = [grain for plane in planes if (grain := find_grain(plane)) is not None]
    if 2 * len(found) <= len(planes):
        return None
    grain = float(np.median(found))
    return grain if diameter is None or diameter >= 2 * grain else None


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
) -> dict[int, Failed]:
    """Count every frame that is not kept yet.

    Returns
    -------
    dict
        The frames that could not be read or counted, which are not kept, so that a later sitting tries them again.
    """
    failures: dict[int, Failed] = {}
    for frame in reader.frames():
        source = reader.lapse.source
        if frame.error is not None:
            failures[frame.index] = Failed(frame.name, failure_line(frame.error, source), frame.marks)
        elif not store.has(frame.index):
            try:
                counted = _count(model, reader, frame, options)
            except Exception as error:
                line = failure_line(error, source / frame.name)
                failures[frame.index] = Failed(frame.name, line, ("unreadable",))
                if not isinstance(error, CytallyError):
                    logger.debug("%s", frame.name, exc_info=error)
            else:
                with writing(store.folder):
                    store.keep(frame.index, counted)
        on_share((frame.index + 1) / len(reader.lapse))
    return failures


def _count(model: Model, reader: FrameReader, frame: Frame, options: GrowthTaskOptions) -> CountedFrame:
    if frame.plane is None or "black" in frame.marks:
        return CountedFrame.of_nothing(*frame.marks)
    channels = ",".join(map(str, reader.channels))
    counted = count_frame(model, reader.to_count(frame.plane), channels, options.diameter)
    return replace(counted, flags=tuple(dict.fromkeys((*counted.flags, *frame.marks))))


def fingerprint(lapse: TimeLapse) -> list[list[str | int]]:
    """What tells the frames of a time-lapse from others: their names, and size and time of change of their files."""
    told: list[list[str | int]] = [[str(lapse.source.absolute()), *_state(lapse.source)]]
    return told + [[name, *_state(lapse.source / name)] for name in lapse.frame_names]


def _state(path: Path) -> list[int]:
    if not path.is_file():
        return []  # a folder, or a frame of a stack
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]
