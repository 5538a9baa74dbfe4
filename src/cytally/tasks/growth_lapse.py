"""One time-lapse from its frames to drift, counts, growth and tracks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cytally.images.frame_order import enumerated
from cytally.images.timelapse import TimeLapse
from cytally.models.model import Model
from cytally.tasks.counted_frames import CountedFrame, Floats, FrameStore
from cytally.tasks.growth_counts import Area, SeenFrame, found_one_by_one, lies_along, seen_frame
from cytally.tasks.growth_frames import Failed, FrameReader, count_frames, find_shifts
from cytally.tasks.growth_options import GrowthTaskOptions
from cytally.timelapse.growth_fit import fit_growth
from cytally.timelapse.growth_result import GrowthFit
from cytally.timelapse.growth_series import IN_FRAMES, fitted_frames
from cytally.timelapse.lineage import Lineage, lineage
from cytally.timelapse.motility import Motility, motility
from cytally.timelapse.stabilise import Registration, common_area
from cytally.timelapse.track_ends import DeathRate, death_rate
from cytally.timelapse.tracking import TrackingOptions, Tracks, track

LEAST_COMMON = 0.25
"""Share of a frame that all frames have to show for cells to be counted there; of less, whole frames are counted."""

STEPS = ("Looking for drift in", "Counting", "Following the cells of")

OnStep = Callable[[str, float], None]
OnNote = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class FollowedLapse:
    """What came of one time-lapse.

    Parameters
    ----------
    reader
        Its frames.
    store
        What was counted in each, in the frame's own pixels.
    shifts
        y, x by which each frame's content is displaced from the first (T, 2).
    area
        Rows and columns of the first frame that all frames show, in which cells are counted.
    seen
        What of each frame lies there.
    sums
        What the model counted there: for density models the sums of their maps.
    one_by_one
        Whether `seen` counts the peaks of density maps in place of these sums.
    flags
        What is unusual about each frame.
    counted
        Which frames take part in the fit (T,).
    fit
        How the count grows.
    tracks, lineage, motility, deaths
        The cells, followed; None where they were not.
    notes
        Sentences on what the user should know.
    failures
        Frames that could not be read or counted, and why.
    """

    reader: FrameReader
    store: FrameStore
    shifts: Floats
    area: Area
    seen: tuple[SeenFrame, ...]
    sums: tuple[float, ...]
    one_by_one: bool
    flags: tuple[tuple[str, ...], ...]
    counted: NDArray[np.bool_]
    fit: GrowthFit
    tracks: Tracks | None
    lineage: Lineage | None
    motility: Motility | None
    deaths: DeathRate | None
    notes: tuple[str, ...]
    failures: dict[int, Failed]

    @property
    def lapse(self) -> TimeLapse:
        """The time-lapse itself."""
        return self.reader.lapse

    @property
    def counts(self) -> Floats:
        """Number of cells in each frame (T,); NaN where nothing could be counted."""
        return np.array([frame.count for frame in self.seen])

    @property
    def fitted(self) -> NDArray[np.bool_]:
        """Which frames were fitted (T,): those counted, but for what lies before the first cell or after the last."""
        return fitted_frames(np.where(self.counted, self.counts, np.nan))

    @property
    def times(self) -> Floats:
        """When each frame was taken (T,): hours, or frames where that is not known."""
        return self.lapse.places if self.lapse.times is None else self.lapse.times / 60

    @property
    def unit(self) -> str:
        """Of `times`."""
        return "frames" if self.lapse.times is None else "hours"


def follow(model: Model, lapse: TimeLapse, work: Path, options: GrowthTaskOptions, on_step: OnStep) -> FollowedLapse:
    """Follow one time-lapse.

    Parameters
    ----------
    model
        What counts.
    lapse
        The time-lapse.
    work
        Folder in which what was counted is kept, and from which a stopped run goes on.
    options
        How to follow it.
    on_step
        Called with what is being done, and the share of that.

    Raises
    ------
    ImageError
        When none of its frames can be counted.
    """
    notes = list(lapse.notes)
    store = FrameStore(work)
    reader = FrameReader.of(lapse, model, options, notes.append)
    found = find_shifts(reader, store, options, lambda share: on_step(STEPS[0], share))
    shifts = found.shifts
    notes += _shift_notes(lapse, found)
    failures = count_frames(model, reader, store, options, lambda share: on_step(STEPS[1], share))
    frames = [
        CountedFrame.of_nothing(*failures[index].marks) if index in failures else store.get(index, planes=False)
        for index in range(len(lapse))
    ]
    says_where = any(store.says_where(index) for index, frame in enumerate(frames) if frame.counts)
    area = _area(shifts, lapse, notes) if says_where else (slice(0, lapse.shape[0]), slice(0, lapse.shape[1]))
    seen = tuple(
        seen_frame(frame if index in failures else store.get(index), lapse.shape, shifts[index], area)
        for index, frame in enumerate(frames)  # of density maps one is held at a time
    )
    sums = tuple(frame.count for frame in seen)
    maps = says_where and not any(frame.areas is not None for frame in frames)
    one_by_one = maps and found_one_by_one([frame for frame, each in zip(seen, frames, strict=True) if each.counts])
    if one_by_one:
        seen = tuple(frame.by_cells() for frame in seen)
    elif maps:
        notes.append(
            f"{lapse.name}: cells are too close to be counted one by one, so density maps are summed; in crowded "
            "fields such sums grow somewhat faster than cells do."
        )
    marks = {index: frame.flags for index, frame in enumerate(frames) if frame.flags}
    notes += lapse.describe(marks)
    told = {failed.line for failed in failures.values()}
    notes = [note for note in notes if note not in told]
    counted = np.array([frame.counts for frame in frames])
    fit = _fit(lapse, np.where(counted, [frame.count for frame in seen], np.nan))
    followed = _follow_cells(frames, lapse.shape, shifts, area, options, notes)
    on_step(STEPS[2], 1.0)
    return FollowedLapse(
        reader,
        store,
        shifts,
        area,
        seen,
        sums,
        one_by_one,
        tuple(frame.flags for frame in frames),
        counted,
        fit,
        followed,
        None if followed is None else lineage(followed, lapse.interval, times=lapse.times),
        None if followed is None else motility(followed, lapse.interval, lapse.pixel_size, times=lapse.times),
        None if followed is None else death_rate(followed, lapse.interval, times=lapse.times),
        tuple(dict.fromkeys([*notes, *(note for note in fit.notes if note != IN_FRAMES)])),  # told by the file's own
        failures,
    )


def _area(shifts: Floats, lapse: TimeLapse, notes: list[str]) -> Area:
    """Rows and columns that all frames show; the whole frame where that is too little."""
    rows, columns = common_area(shifts, lapse.shape)
    share = max(0, rows.stop - rows.start) * max(0, columns.stop - columns.start) / (lapse.shape[0] * lapse.shape[1])
    if share < LEAST_COMMON:
        notes.append(
            f"{lapse.name}: the frames have {share:.0%} of their area in common, too little to count in, so whole "
            "frames are counted; cut the time-lapse where the camera was moved, or use --no-stabilise."
        )
        return slice(0, lapse.shape[0]), slice(0, lapse.shape[1])
    if share < 1:
        notes.append(f"{lapse.name}: counted in the {share:.0%} of the area that all frames show.")
    return rows, columns


def _shift_notes(lapse: TimeLapse, found: Registration) -> list[str]:
    """Sentences on frames in which the picture was not recognised."""
    notes, lost = [], np.flatnonzero(found.lost)
    if len(lost):
        what = f"frame {lost[0]} looks" if len(lost) == 1 else f"{len(lost)} frames, from frame {lost[0]} on, look"
        notes.append(
            f"{lapse.name}: {what} unlike those before, so that drift was taken from the neighbouring frame (frames "
            "are numbered from 0)."
        )
    if found.breaks:
        frames = f"frame{'s' * (len(found.breaks) > 1)} {enumerated([str(each) for each in found.breaks])}"
        notes.append(
            f"{lapse.name}: at {frames} (numbered from 0) no drift could be found, as where frames are far apart or "
            "another scene begins; look at the shifts in the report."
        )
    return notes


def _fit(lapse: TimeLapse, counts: Floats) -> GrowthFit:
    """Fit the counts (T,), NaN where there is none."""
    if lapse.times is not None:
        return fit_growth(lapse.times, counts)
    return fit_growth(lapse.places, counts, in_frames=True)  # missing frames take their time


def _follow_cells(
    frames: list[CountedFrame],
    shape: tuple[int, int],
    shifts: Floats,
    area: Area,
    options: GrowthTaskOptions,
    notes: list[str],
) -> Tracks | None:
    """Track the cells, marking which are in the common area; None where that is not wanted, or nobody knows where."""
    if not options.track:
        return None
    known = [frame for frame in frames if np.isfinite(frame.count)]
    if all(frame.points is None for frame in known):
        if known:
            notes.append(
                "The model does not say where cells are, so they are not tracked, and whole frames are counted."
            )
        return None
    areas = None
    if any(frame.areas is not None for frame in frames):
        areas = [np.empty(len(_points(frame))) if frame.areas is None else frame.areas for frame in frames]
    diameters = [frame.diameter for frame in frames if np.isfinite(frame.diameter)]
    followed = track(
        [_points(frame) for frame in frames],
        TrackingOptions(diameter=float(np.median(diameters)) if diameters and areas is None else None),
        areas=areas,
        shape=shape,
        shifts=shifts,
    )
    inside = lies_along(followed.table["y"].to_numpy(), area[0]) & lies_along(followed.table["x"].to_numpy(), area[1])
    return replace(followed, table=followed.table.assign(common=inside.astype(int)))


def _points(frame: CountedFrame) -> Floats:
    return np.empty((0, 2)) if frame.points is None else frame.points
