"""When frames were taken, as far as files tell: ImageJ, OME, OME-Zarr, and the date that TIFF pages carry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cytally.images.ome_zarr import ome_metadata, ome_scale, zarr_damage

MINUTES = {
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1e-9 / 60),
    **dict.fromkeys(("us", "µs", "μs", "usec", "microsecond", "microseconds"), 1e-6 / 60),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3 / 60),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1 / 60),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 1.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 60.0),
    **dict.fromkeys(("d", "day", "days"), 1440.0),
}

SHORTEST = 1 / 60
"""Minutes. Dates are told in whole seconds: what they tell of shorter intervals is when a file was saved."""


@dataclass(frozen=True)
class TimeTold:
    """What a file tells of time.

    Parameters
    ----------
    interval
        Minutes between frames, or None.
    times
        Minutes of each frame, growing, from 0; or None.
    dates
        When each frame was taken, None where that is not told; empty where no date is told.
    """

    interval: float | None = None
    times: tuple[float, ...] | None = None
    dates: tuple[datetime | None, ...] = ()


def minutes(value: Any, unit: str | None) -> float | None:
    """Convert a duration to minutes; None where the unit is unknown or it is not a positive number.

    Examples
    --------
    >>> minutes(90, "sec"), minutes("0.5", "hour"), minutes(3, "pixel"), minutes(0, "s")
    (1.5, 30.0, None, None)
    """
    factor = MINUTES.get((unit or "").strip().replace("\\u00B5", "µ").lower())
    try:
        duration = float(value)
    except (TypeError, ValueError):
        return None
    if factor is None or not math.isfinite(duration) or duration <= 0:
        return None
    # Divided, so that 60 s are 1 min exactly.
    return duration / round(1 / factor) if factor < 1 else duration * factor


def growing(times: Sequence[float]) -> tuple[float, ...] | None:
    """The times from 0 on; None where they do not grow from each to the next."""
    if len(times) < 2 or not all(one < two for one, two in pairwise(times)):
        return None
    return tuple(time - times[0] for time in times)


def from_dates(dates: Sequence[datetime | None]) -> tuple[float, ...] | None:
    """Minutes from the first date on.

    None where a date is missing, they do not follow each other, or lie less than a second apart on average. Where two
    neighbours have the same, all are spread evenly.

    Examples
    --------
    >>> from_dates([datetime(2024, 1, 1, 12, minute) for minute in (0, 20, 41)])
    (0.0, 20.0, 41.0)
    """
    known = [date for date in dates if date is not None]
    if len(known) < max(2, len(dates)):
        return None
    times = [(date - known[0]).total_seconds() / 60 for date in known]
    mean = times[-1] / (len(times) - 1)
    if mean < SHORTEST or any(one > two for one, two in pairwise(times)):
        return None
    return growing(times) or tuple(mean * place for place in range(len(times)))


def parse_date(text: object) -> datetime | None:
    """A date as TIFF and OME write it, without its time zone; None where it is none.

    Examples
    --------
    >>> parse_date("2024:01:31 12:00:05"), parse_date("2024-01-31T12:00:05Z"), parse_date("today")
    (datetime.datetime(2024, 1, 31, 12, 0, 5), datetime.datetime(2024, 1, 31, 12, 0, 5), None)
    """
    words = str(text).strip().rstrip("\0")
    try:
        return datetime.strptime(words, "%Y:%m:%d %H:%M:%S")
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(words).replace(tzinfo=None)
    except ValueError:
        return None


def tiff_times(file: Any, series: Any, ome: TimeTold | None) -> TimeTold:
    """What a TIFF file tells of one of its series.

    Parameters
    ----------
    file, series
        The open file and the series, as tifffile gives them.
    ome
        What its OME-XML tells of this series, which wins.
    """
    if ome is not None and (ome.times or ome.interval):
        return ome
    about = file.imagej_metadata or {}
    interval = minutes(about.get("finterval"), str(about.get("tunit", "sec")).strip("\"'"))
    return TimeTold(interval, None, () if interval else _dates(series) or (ome.dates if ome else ()))


def ome_times(xml: str | None) -> list[TimeTold]:
    """What OME-XML tells of each image: the times of its planes, else its increment. Empty where there is none."""
    try:
        root = ElementTree.fromstring(xml or "")
    except ElementTree.ParseError:
        return []
    return [_image_times(image) for image in root.iterfind("./{*}Image") if image.find("{*}Pixels") is not None]


def zarr_times(path: Path) -> list[TimeTold]:
    """What an OME-Zarr folder tells of each of its images: step and unit of the axis t."""
    import zarr

    with zarr_damage(path):
        node = zarr.open_group(path, mode="r")
        found = [ome_metadata(node)]
        if "multiscales" not in found[0]:
            groups = sorted((name for name in node.group_keys() if name.isdecimal()), key=int)
            found = [about for about in (ome_metadata(node[name]) for name in groups) if "multiscales" in about]
        return [TimeTold(_zarr_interval(about)) for about in found]


def _zarr_interval(about: Mapping[str, Any]) -> float | None:
    multiscale = about["multiscales"][0]
    axes = [axis if isinstance(axis, Mapping) else {"name": axis} for axis in multiscale["axes"]]
    scale = ome_scale(multiscale["datasets"][0], len(axes)) * ome_scale(multiscale, len(axes))
    steps = {str(axis["name"])[0].lower(): (step, axis.get("unit")) for axis, step in zip(axes, scale, strict=True)}
    return minutes(*steps["t"]) if "t" in steps else None


def _image_times(image: ElementTree.Element) -> TimeTold:
    pixels = image.find("{*}Pixels")
    assert pixels is not None
    interval = minutes(pixels.get("TimeIncrement"), pixels.get("TimeIncrementUnit", "s"))
    first: dict[int, float] = {}
    for plane in pixels.iterfind("{*}Plane"):
        time, unit = plane.get("DeltaT"), plane.get("DeltaTUnit", "s")
        if time is None or unit.lower() not in MINUTES:
            continue
        try:
            place, moment = int(plane.get("TheT", "0")), float(time) * MINUTES[unit.lower()]
        except ValueError:
            continue
        # Channels and slices of one frame are taken one after another.
        first[place] = min(moment, first.get(place, moment))
    count = int(pixels.get("SizeT", "1"))
    times = growing([first[place] for place in range(count)]) if set(first) == set(range(count)) else None
    date = parse_date(image.findtext("{*}AcquisitionDate"))
    return TimeTold(interval, times, () if date is None else (date, *(None,) * (count - 1)))


def _dates(series: Any) -> tuple[datetime | None, ...]:
    """The date of the first page of each frame; of the first frame alone where time is not the first axis."""
    first = _date(series.keyframe)
    if first is None:
        return ()
    count = series.shape[0] if len(series.shape) > 2 and series.axes[0] not in "CZS" else 1
    each, rest = divmod(len(series.pages), count)
    if rest:
        return (first,)
    return tuple(_date(series.pages[place * each]) for place in range(count))


def _date(page: Any) -> datetime | None:
    page = page.aspage() if hasattr(page, "aspage") else page
    tag = page.tags.get("DateTime")
    return None if tag is None else parse_date(tag.value)
