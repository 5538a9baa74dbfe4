"""The files of one time-lapse: tables, the fit, pictures, tracks for other programs, and a video."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.files import write_text
from cytally.report.growth_curve import CurveSeries, draw_growth_curve
from cytally.report.lineage_tree import draw_lineage
from cytally.report.overlays import encode_png
from cytally.report.timelapse_frame import draw_frame, grey_limits
from cytally.report.timelapse_video import VideoWriter, frames_per_second, frames_to_show
from cytally.report.track_tails import TrackTails
from cytally.report.vector import write_figure
from cytally.tasks.growth_counts import Area, lies_along
from cytally.tasks.growth_lapse import FollowedLapse, OnStep
from cytally.tasks.growth_series import with_fit
from cytally.tasks.rows import RowFile
from cytally.timelapse.challenge_tracks import MOST_TRACKS, write_challenge_tracks
from cytally.timelapse.point_labels import point_labels
from cytally.timelapse.tracks import write_tracks

COLUMNS = ("frame", "time", "count", "lower", "upper", "shift_y", "shift_x")
FRAMES = ("frame", "name", "fitted", "sum", "cells", "flags")
LIMIT_FRAMES = 9
"""So many frames decide which grey values are black and white in the video."""


def write_lapse(folder: Path, followed: FollowedLapse, made_by: dict[str, Any]) -> None:
    """Write growth.csv, frames.csv, fit.json, curves, and where cells were followed tracks and lineage.

    Parameters
    ----------
    folder
        Where to.
    followed
        What came of the time-lapse.
    made_by
        What made the results, for fit.json.
    """
    RowFile(folder / "growth.csv", COLUMNS, _growth_rows(followed))
    RowFile(folder / "frames.csv", FRAMES, _frame_rows(followed))
    counted = "cells found one by one" if followed.one_by_one else "as the model counts"
    fit = {"time-lapse": followed.lapse.name, "counted": counted, **followed.fit.as_dict(), "made_by": made_by}
    write_text(folder / "fit.json", json.dumps(_plain(fit), indent=2) + "\n")
    write_figure(draw_growth_curve([curve_series(followed)], unit=followed.unit), folder, "curve")
    if followed.tracks is not None:
        _write_tracks(folder, followed)


def curve_series(followed: FollowedLapse, condition: str = "") -> CurveSeries:
    """What the picture of the curve shows of a time-lapse."""
    times, counts = followed.times, followed.counts
    lower, upper = (
        np.array([frame.interval[end] if frame.interval else math.nan for frame in followed.seen]) for end in (0, 1)
    )
    known = bool(np.isfinite(lower).any())
    series = CurveSeries(
        followed.lapse.name,
        times,
        counts,
        condition,
        lower if known else None,
        upper if known else None,
        ~followed.counted,
    )
    return with_fit(series, followed.fit)


def write_video(folder: Path, followed: FollowedLapse, on_step: OnStep) -> tuple[Path, bytes | None]:
    """Write the video, and return its path and a picture of its last frame as PNG.

    Frames that could not be read are left out.
    """
    lapse, reader = followed.lapse, followed.reader
    shown = frames_to_show(len(lapse))
    readable = [index for index in shown if not {"unreadable", "size"} & set(followed.flags[index])]
    tails = None if followed.tracks is None else TrackTails(followed.tracks.table)
    some = (
        [readable[place] for place in np.linspace(0, len(readable) - 1, LIMIT_FRAMES).astype(int)] if readable else []
    )
    limits = (
        grey_limits(reader.read(index).data[reader.channel] for index in dict.fromkeys(some)) if some else (0.0, 1.0)
    )
    poster: bytes | None = None
    with VideoWriter(folder / "video.mp4", rate=frames_per_second(len(shown))) as video:
        for place, index in enumerate(readable):
            picture = _picture(followed, index, tails, limits)
            video.add(picture)
            poster = encode_png(picture) if place == len(readable) - 1 else None
            on_step("Drawing the video of", (place + 1) / len(readable))
    return video.path, poster


def _picture(
    followed: FollowedLapse, index: int, tails: TrackTails | None, limits: tuple[float, float]
) -> NDArray[np.uint8]:
    reader, shift = followed.reader, followed.shifts[index]
    seen = followed.seen[index]
    points, numbers = seen.points, None
    behind: list[tuple[int, NDArray[np.float64]]] = []
    if tails is not None:
        points, numbers, behind = tails.at(index)
    time = followed.times[index]
    words = f"{time:.2f} h" if followed.unit == "hours" else f"frame {index}"
    return draw_frame(
        reader.read(index).data[reader.channel],
        points + shift,
        tracks=numbers,
        tails=[(track, places + shift) for track, places in behind],
        count=f"{seen.count:,.0f} cells" if math.isfinite(seen.count) else "not counted",
        time=words,
        limits=limits,
        inside=_inside(followed.area, shift, followed.lapse.shape),
    )


def _inside(area: Area, shift: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Which pixels of a frame lie in the common area."""
    rows, columns = (
        lies_along(np.arange(side) - moved, along) for along, moved, side in zip(area, shift, shape, strict=True)
    )
    inside: NDArray[np.bool_] = rows[:, None] & columns
    return inside


def _write_tracks(folder: Path, followed: FollowedLapse) -> None:
    tracks = followed.tracks
    assert tracks is not None and followed.lineage is not None and followed.motility is not None
    write_tracks(folder / "tracks.csv", tracks)
    lapse = followed.lapse
    cells = followed.lineage.table.merge(followed.motility.table, on="track").drop(columns="place")
    write_text(folder / "cells.csv", cells.to_csv(index=False, lineterminator="\n", float_format="%.6g"))
    displacement = followed.motility.displacement
    write_text(folder / "motility.csv", displacement.to_csv(index=False, lineterminator="\n", float_format="%.6g"))
    write_text(folder / "tracking.json", json.dumps(_plain(tracking_facts(followed)), indent=2) + "\n")
    hours = None if lapse.times is None else lapse.times / 60
    write_figure(draw_lineage(tracks.table, times=hours), folder, "lineage")
    if len(tracks) <= MOST_TRACKS:
        write_challenge_tracks(folder / "TRA_RES", _label_images(followed), tracks)


def _label_images(followed: FollowedLapse) -> Iterator[NDArray[np.integer[Any]]]:
    """The label images that were tracked; discs where the model finds points."""
    assert followed.tracks is not None
    if followed.tracks.table["area"].isna().all():
        yield from point_labels(followed.tracks, followed.lapse.shape)
        return
    for index in range(len(followed.lapse)):
        labels = followed.store.get(index).labels
        yield np.zeros(followed.lapse.shape, np.uint16) if labels is None else labels


def tracking_facts(followed: FollowedLapse) -> dict[str, Any]:
    """What tracking.json holds: how cells move, divide and die."""
    tracks, motion, deaths = followed.tracks, followed.motility, followed.deaths
    assert tracks is not None and followed.lineage is not None and motion is not None and deaths is not None
    cycles = followed.lineage.cycles
    ends, begins = (tracks.summary[name].value_counts().to_dict() for name in ("end", "begin"))
    speeds = motion.table["speed"].dropna()
    unit = f"{motion.length_unit} per {motion.time_unit}"
    return {
        "tracks": len(tracks),
        "begin": begins,
        "end": ends,
        "divisions": int(ends.get("divides", 0)),
        "merges": int(ends.get("merges", 0)),
        "median_speed": float(speeds.median()) if len(speeds) else None,
        "speed_unit": unit,
        "msd_exponent": motion.alpha,
        "msd_exponent_interval": motion.alpha_interval,
        "msd_coefficient": motion.coefficient,
        "deaths": deaths.deaths,
        f"deaths_per_{deaths.unit}": deaths.rate,
        f"deaths_per_{deaths.unit}_interval": [deaths.lower, deaths.upper],
        "cycles": len(cycles),
        "median_cycle_minutes": float(cycles["minutes"].median()) if len(cycles) else None,
        "diameter": tracks.scale.diameter,
    }


def _growth_rows(followed: FollowedLapse) -> list[dict[str, str]]:
    """The rows of growth.csv: time in minutes, or in frames where the interval is not known."""
    times = followed.lapse.places if followed.lapse.times is None else followed.lapse.times
    rows = [
        (
            str(index),
            f"{times[index]:.6g}",
            *(as_cell(value) for value in (seen.count, *(seen.interval or (None, None)))),
            *(f"{value:.3f}" for value in followed.shifts[index] + 0.0),
        )
        for index, seen in enumerate(followed.seen)
    ]
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def _frame_rows(followed: FollowedLapse) -> list[dict[str, str]]:
    """The rows of frames.csv: what each frame is called, whether it was fitted, what the model counted in the common
    area, how many cells it found there one by one, and what is unusual about the frame."""
    fitted = followed.fitted
    rows = [
        (
            str(index),
            name,
            "yes" if fitted[index] else "no",
            as_cell(followed.sums[index]),
            str(len(followed.seen[index].points)) if math.isfinite(followed.sums[index]) else "",
            ";".join(followed.flags[index]),
        )
        for index, name in enumerate(followed.lapse.frame_names)
    ]
    return [dict(zip(FRAMES, row, strict=True)) for row in rows]


def as_cell(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.6g}"


def _plain(value: Any) -> Any:
    """The value with None where a number is not finite, which JSON has no word for."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
