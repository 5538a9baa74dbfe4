"""The report and the summary table of a growth run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cytally.report.growth_curve import draw_growth_curve
from cytally.report.growth_page import FlaggedFrame, GrowthPicture, GrowthSection
from cytally.report.plots import png_of
from cytally.tasks.counted_frames import LEFT_OUT
from cytally.tasks.growth_files import as_cell, curve_series, tracking_facts
from cytally.tasks.growth_lapse import FollowedLapse
from cytally.tasks.growth_series import fit_in_words
from cytally.tasks.rows import RowFile

SUMMARY = (
    *("timelapse", "condition", "frames", "fitted", "first_count", "last_count", "model"),
    *("growth_rate", "growth_rate_lower", "growth_rate_upper"),
    *("doubling_time", "doubling_time_lower", "doubling_time_upper", "lag", "unit"),
)
"""Columns of summary.csv."""


@dataclass(frozen=True, eq=False)
class DrawnLapse:
    """A time-lapse whose files are written, and what the report shows of it.

    Parameters
    ----------
    followed
        What came of it.
    place
        Its folder, relative to that of the report; empty where they are the same.
    condition
        What it is a replicate of; empty where not told.
    video, poster
        Name of the video, and a PNG of one of its frames; None where none was written.
    """

    followed: FollowedLapse
    place: str
    condition: str
    video: str | None
    poster: bytes | None


def write_summary(folder: Path, lapses: Sequence[DrawnLapse]) -> None:
    """Write summary.csv: a row for each time-lapse."""
    rows = []
    for each in lapses:
        fit, counts = each.followed.fit, each.followed.counts[each.followed.counted]
        rate, doubling = fit.growth_rate, fit.doubling_time
        numbers = (
            *(counts[[0, -1]] if len(counts) else (None, None)),
            *((None,) * 3 if rate is None else (rate.value, rate.lower, rate.upper)),
            *((None,) * 3 if doubling is None else (doubling.value, doubling.lower, doubling.upper)),
            None if fit.lag is None else fit.lag.value,
        )
        first, last, *others = map(as_cell, numbers)
        told = (each.followed.lapse.name, each.condition, str(len(each.followed.lapse)), str(fit.n))
        cells = (*told, first, last, fit.model or "", *others, each.followed.unit)
        rows.append(dict(zip(SUMMARY, cells, strict=True)))
    RowFile(folder / "summary.csv", SUMMARY, rows)


def section(folder: Path, drawn: DrawnLapse) -> GrowthSection:
    """What the report tells of one time-lapse, whose pictures are written."""
    followed, fit = drawn.followed, drawn.followed.fit
    counts = followed.counts[followed.counted]
    estimate, sign = (fit.doubling_time, 1) if fit.doubling_time is not None else (fit.half_life, -1)
    bounds = (None, None, None) if estimate is None else (estimate.value, estimate.lower, estimate.upper)
    value, lower, upper = (None if each is None else sign * each for each in bounds)
    prefix = f"{drawn.place}/" if drawn.place else ""
    names = {"counts": "growth.csv", "frames": "frames.csv", "fit": "fit.json"}
    if followed.tracks is not None:
        names |= {"tracks": "tracks.csv", "cells": "cells.csv", "motility": "motility.csv", "tracking": "tracking.json"}
    moved = float(np.abs(followed.shifts).max()) if len(followed.shifts) else 0.0
    return GrowthSection(
        name=followed.lapse.name,
        frames=len(followed.lapse),
        condition=drawn.condition,
        first_count=float(counts[0]) if len(counts) else None,
        last_count=float(counts[-1]) if len(counts) else None,
        growth_model=fit.model or "",
        doubling=value,
        doubling_lower=lower,
        doubling_upper=upper,
        sentences=(f"{followed.lapse.name}: {fit_in_words(followed.fit)}.",),
        notes=followed.notes,
        curve=_written(folder, f"{prefix}curve"),
        lineage=_written(folder, f"{prefix}lineage") if followed.tracks is not None and len(followed.tracks) else None,
        shifts=followed.shifts if moved > 0 else None,
        shift_words=f"The picture moved by up to {moved:.1f} pixels." if moved > 0 else "",
        motility=_motility(followed),
        deaths=_deaths(followed),
        flagged=tuple(_flagged(followed)),
        video=f"{prefix}{drawn.video}" if drawn.video else "",
        poster=drawn.poster,
        files={what: prefix + name for what, name in names.items()},
    )


def all_curves(lapses: Sequence[DrawnLapse]) -> GrowthPicture | None:
    """All curves in one picture, where there are several of one unit."""
    if len(lapses) < 2 or len({each.followed.unit for each in lapses}) > 1:
        return None
    series = [curve_series(each.followed, each.condition) for each in lapses]
    return GrowthPicture(png_of(draw_growth_curve(series, unit=lapses[0].followed.unit)))


def _written(folder: Path, name: str) -> GrowthPicture:
    """A picture that lies in the output folder as PNG and SVG."""
    return GrowthPicture(
        (folder / f"{name}.png").read_bytes(), {kind: f"{name}.{kind.lower()}" for kind in ("PNG", "SVG")}
    )


def _motility(followed: FollowedLapse) -> tuple[tuple[str, str], ...]:
    if followed.tracks is None or followed.motility is None:
        return ()
    facts = tracking_facts(followed)
    told = [("tracks", f"{facts['tracks']:,}"), ("divisions", f"{facts['divisions']:,}")]
    if facts["median_speed"] is not None:
        told.append(("median speed", f"{facts['median_speed']:.3g} {facts['speed_unit']}"))
    if facts["msd_exponent"] is not None:
        told.append(("exponent of the mean squared displacement", f"{facts['msd_exponent']:.2f}"))
    if facts["median_cycle_minutes"] is not None:
        told.append(("median cell cycle", f"{facts['median_cycle_minutes'] / 60:.1f} h of {facts['cycles']}"))
    return tuple(told)


def _deaths(followed: FollowedLapse) -> tuple[tuple[str, str], ...]:
    deaths = followed.deaths
    if deaths is None:
        return ()
    told = [("deaths", f"{deaths.deaths:,}")]
    if deaths.rate is not None and deaths.lower is not None and deaths.upper is not None:
        rate = f"{deaths.rate:.3g} ({deaths.lower:.3g} to {deaths.upper:.3g})"
        told.append((f"deaths per cell and {deaths.unit}", rate))
    return tuple(told)


def _flagged(followed: FollowedLapse) -> list[FlaggedFrame]:
    return [
        FlaggedFrame(
            index,
            ", ".join(flags),
            f"{followed.times[index]:.2f} h" if followed.unit == "hours" else "",
            "left out of the fit" if LEFT_OUT & set(flags) else "",
        )
        for index, flags in enumerate(followed.flags)
        if flags
    ]
