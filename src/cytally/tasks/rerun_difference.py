"""The first difference of two result files, in words; what tells of time and place alone does not count."""

from __future__ import annotations

import csv
import json
import zipfile
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

NOT_RESULTS = frozenset({"made_by", "created", "seconds"})
"""Keys of JSON files that tell when, where and how long."""
DECIDING = {"failures.csv": ("image",)}
"""Tables of which some columns alone are compared: lines that say why name folders."""


def first_difference(then: Path, now: Path) -> str | None:
    """What differs first between two results of the same name; None where they are identical to the digit.

    Tables are compared cell by cell as text, pictures pixel by pixel, folders file by file.

    Parameters
    ----------
    then, now
        The files, or folders as a Zarr is one.
    """
    if then.is_dir() or now.is_dir():
        return _folders(then, now)
    if then.read_bytes() == now.read_bytes():
        return None
    compare = {".csv": _tables, ".json": _json, ".geojson": _json, ".tif": _pictures, ".zip": _archives}
    return compare.get(now.suffix.lower(), _bytes)(then, now)


def _tables(then: Path, now: Path) -> str | None:
    (head, *before), (head_now, *after) = (list(csv.reader(_text(path).splitlines())) or [[]] for path in (then, now))
    columns = DECIDING.get(now.name, tuple(head))
    if now.name not in DECIDING and head != head_now:
        return f"columns {','.join(head)} then, {','.join(head_now)} now"
    for number, (old, new) in enumerate(zip_longest(before, after), start=1):
        named = f"row {number} ({(old or new or [''])[0]})"
        if old is None or new is None:
            return f"{named}: not there then, there now" if old is None else f"{named}: there then, gone now"
        was, is_now = dict(zip(head, old, strict=False)), dict(zip(head_now, new, strict=False))
        for column in columns:
            if was.get(column) != is_now.get(column):
                cells = (each.get(column) or "empty" for each in (was, is_now))
                return f"{named}, column {column}: {next(cells)} then, {next(cells)} now"
    return None


def _json(then: Path, now: Path) -> str | None:
    return _values(json.loads(_text(then)), json.loads(_text(now)), "")


def _values(old: Any, new: Any, place: str) -> str | None:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [key for key in {**old, **new} if key not in NOT_RESULTS]
        pairs = [(old.get(key), new.get(key), f"{place}.{key}".lstrip(".")) for key in keys]
    elif isinstance(old, list) and isinstance(new, list):
        pairs = [(*each, f"{place}[{number}]") for number, each in enumerate(zip_longest(old, new))]
    else:
        same = json.dumps(old) == json.dumps(new)  # by their digits: NaN is NaN
        return None if same else f"{place}: {json.dumps(old)} then, {json.dumps(new)} now"
    return next((found for pair in pairs if (found := _values(*pair)) is not None), None)


def _pictures(then: Path, now: Path) -> str | None:
    old, new = (tifffile.imread(path) for path in (then, now))
    if old.shape != new.shape or old.dtype != new.dtype:
        return f"{old.dtype} {old.shape} then, {new.dtype} {new.shape} now"
    other = (old != new) & ~(np.isnan(old) & np.isnan(new)) if old.dtype.kind == "f" else old != new
    if not other.any():
        return None
    place = tuple(np.argwhere(other)[0].tolist())
    return f"pixel {place}: {old[place]} then, {new[place]} now"


def _archives(then: Path, now: Path) -> str | None:
    with zipfile.ZipFile(then) as old, zipfile.ZipFile(now) as new:
        for was, is_now in zip_longest(old.namelist(), new.namelist()):
            if was != is_now:
                return f"{was or 'nothing'} then, {is_now or 'nothing'} now"
            if old.read(was) != new.read(was):
                return f"{was} has other bytes"
    return None


def _folders(then: Path, now: Path) -> str | None:
    listed = [
        {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()} for folder in (then, now)
    ]
    for name in sorted(listed[0] | listed[1]):
        if name not in listed[0] or name not in listed[1]:
            return f"{name}: {'there' if name in listed[0] else 'not there'} then, not so now"
        found = first_difference(then / name, now / name)
        if found is not None:
            return f"{name}: {found}"
    return None


def _bytes(then: Path, now: Path) -> str:
    return f"{then.stat().st_size} bytes then, {now.stat().st_size} other bytes now"


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")
