"""The section on the page in the browser of docs/benchmarks.md: what app.py wrote."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from labels_page import read_json
from result import MISSING, block, table
from volumes_result import Values, answer, origin

from app import AIMS, COMMAND, PARTS

HEAD = ("What", "First", "Median", "95th percentile", "Most", "Aim", "Reached")
TILES = {"picture": "an image", "slide": "the slide"}
Line = list[str]


def seconds_line(what: str, values: Sequence[float], aim: float | None, *, first: bool) -> Line:
    """Seconds of several rounds; where the `first` is what is aimed at, it alone decides, else their median."""
    words = "–" if aim is None else f"{'first' if first else 'median'} at most {aim:g} s"
    if not values:
        return [what, MISSING, *["–"] * 3, words, "–" if aim is None else MISSING]
    middle = statistics.median(values)
    reached = None if aim is None else (values[0] if first else middle) <= aim
    cells = [f"{values[0]:.2f} s", f"{middle:.2f} s of {len(values)}", "–", f"{max(values):.2f} s"]
    return [what, *cells, words, "–" if aim is None else answer(reached)]


def view_lines(found: Values) -> list[Line]:
    """The first view of a project."""
    images = f"{found.get('images', 1000):,} images"
    lines = []
    for key, how in (("asked", "by httpx"), ("browser", "in Chromium")):
        views = found.get(key) or []
        ends = {"rows": "first rows", "all": "last of 100 thumbnails" if key == "asked" else "thumbnails in sight"}
        for end, until in ends.items():
            what = f"{images}, {how}: until the {until}"
            lines.append(seconds_line(what, [view[end] for view in views], AIMS["view"], first=True))
    return lines


def tile_lines(found: Values) -> list[Line]:
    """Tiles of an image and of the slide."""
    lines: list[Line] = []
    aim = f"median at most {AIMS['tile'] * 1000:g} ms"
    for name, words in TILES.items():
        if name not in found:
            lines.append([f"tiles of {words}", MISSING, *["–"] * 3, aim, MISSING])
            continue
        measured = found[name]
        rows, columns = measured["shape"]
        of = f"of {words} of {columns:,} × {rows:,}"
        touched = measured["first_of_level"]
        middle, most = statistics.median(touched), max(touched)
        what = f"the first tile of each of the {len(touched)} levels {of}"
        lines.append([what, thousandths(touched[0]), thousandths(middle), "–", thousandths(most), "–", "–"])
        for key, kind in (("random", "tiles at random"), ("again", "the same tiles again")):
            times = measured[key]
            cells = [thousandths(times[each]) for each in ("median", "p95", "most")]
            reached = answer(times["median"] <= AIMS["tile"])
            lines.append([f"{measured['tiles']} {kind} {of}", "–", *cells, aim, reached])
    return lines


def thousandths(seconds: float) -> str:
    """In milliseconds."""
    return f"{seconds * 1000:.0f} ms"


def slide_lines(found: Values) -> list[Line]:
    """From linking the slide to its overview."""
    rounds = found.get("rounds", [])
    ends = {"record": "its record", "first_tile": "the first tile of the overview", "overview": "the whole overview"}
    size = f" ({found['bytes'] / 1e6:,.0f} MB)" if found else ""
    lines = []
    for end, until in ends.items():
        aim = None if end == "record" else AIMS["slide"]
        what = f"from linking the slide{size} until {until}"
        lines.append(seconds_line(what, [each[end] for each in rounds], aim, first=False))
    return lines


def machines(parts: dict[str, Values]) -> str:
    """What each part was measured on, and what else ran there."""
    said = []
    for name, found in parts.items():
        if found:
            about = found["machine"]
            load = "not told" if about["load"] is None else f"{about['load']:g}"
            said.append(f"{name}: {about['cores']} cores ({about['processor']}), load {load} before it began")
    return f"Measured on: {'; '.join(said)}." if said else f"Measured on: {MISSING}."


def app_texts(results: Path) -> dict[str, str]:
    """What stands in the places of the section."""
    found = read_json(results / "app.json")
    parts = {part: found.get(part, {}) for part in PARTS}
    tiles = {name: parts["tiles"][name] for name in TILES if name in parts["tiles"]}
    lines = [*view_lines(parts["view"]), *tile_lines(tiles), *slide_lines(parts["slide"])]
    comments = [origin(parts[part], f"{COMMAND} --only {part}") for part in parts]
    figures = f"{table(HEAD, lines).rstrip()}\n\n{machines(parts)}"
    return {"app figures": figures, "app command": block([*comments, COMMAND])}


PLACES = ("app figures", "app command")
