"""The section on time-lapses of docs/benchmarks.md: what timelapse.py wrote."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from labels_page import read_json
from result import MISSING, block, table
from volumes_result import Values, answer, origin

from timelapse import AIMS, COMMAND, NUCLEI, PARTS, PRESETS

WORDS = {
    "low": "low density (60 cells at first)",
    "high": "high density (250)",
    "growth": "growth (200)",
}
HEAD = ("What", "Time-lapses", "Found", "Over seeds, least to most", "Aim", "Reached")
Line = list[str]


def follow_lines(found: Values) -> list[Line]:
    """What `cytally growth` finds in drawn time-lapses."""
    lines: list[Line] = []
    for preset in PRESETS:
        runs = found.get("presets", {}).get(preset, [])
        aim = AIMS["tra"].get(preset)
        shifts = [statistics.median(run["shift_errors"]) for run in runs]
        lines.append(_line("median error of shifts, pixels", preset, shifts, AIMS["shift"], below=True))
        lines.append(_line("TRA", preset, [run["tra"] for run in runs], aim))
        lines.append(_line("LNK", preset, [run["lnk"] for run in runs], None))
        lines.append(
            _line("error of the counts, share of the cells", preset, [run["count_error"] for run in runs], None)
        )
        off = [abs(run["doubling_time"] / run["of_true_counts"] - 1) for run in runs if run["doubling_time"]]
        lines.append(_line("doubling time, off that of the true counts", preset, off, AIMS["doubling"], below=True))
    return lines


def _line(what: str, preset: str, values: Sequence[float], aim: float | None, *, below: bool = False) -> Line:
    words = "–" if aim is None else f"{'at most' if below else 'at least'} {aim:g}"
    if not values:
        return [what, WORDS[preset], MISSING, "–", words, MISSING if aim is not None else "–"]
    middle = statistics.median(values)
    reached = None if aim is None else middle <= aim if below else middle >= aim
    spread = f"{min(values):.3f} to {max(values):.3f} ({len(values)})"
    return [what, WORDS[preset], f"{middle:.3f}", spread, words, "–" if aim is None else answer(reached)]


def film_lines(found: Values) -> list[Line]:
    """What is found in the film of a fly embryo."""
    what = [f"frames in which {NUCLEI} nuclei are found", f"nuclei followed from first frame to last, of {NUCLEI}"]
    if not found:
        return [[each, "film of a fly embryo", MISSING, "–", "all", MISSING] for each in what]
    frames, tracks, whole = found["frames"], found["tracks"], found["whole_tracks"]
    right = [f"{found['right']} of {frames}", "–", "all", answer(found["right"] == frames)]
    followed = [str(whole), f"{tracks} tracks in all", "all", answer(whole == tracks == NUCLEI)]
    return [[what[0], "film of a fly embryo", *right], [what[1], "film of a fly embryo", *followed]]


def chance_lines(found: Values) -> list[Line]:
    """How the fit to true counts does against the generator's own doubling time."""
    runs, (least, most) = found.get("runs", []), AIMS["held"]
    what = ["the 95 % interval holds the generator's own doubling time", "doubling time, off the generator's own"]
    aims = [f"{least:.0%} to {most:.0%}", f"at most {AIMS['doubling']:g}"]
    if not runs:
        return [[each, WORDS["growth"], MISSING, "–", aim, MISSING] for each, aim in zip(what, aims, strict=True)]
    held = sum(run["held"] for run in runs) / len(runs)
    off = sorted(abs(run["doubling_time"] / found["own"] - 1) for run in runs if run["doubling_time"])
    within = sum(each <= AIMS["doubling"] for each in off) / len(runs)
    middle = statistics.median(off)
    spread = f"{off[0]:.3f} to {off[-1]:.3f}; {within:.0%} of {len(runs)} within {AIMS['doubling']:g}"
    return [
        [what[0], WORDS["growth"], f"{held:.0%}", f"{len(runs)} runs", aims[0], answer(least <= held <= most)],
        [what[1], WORDS["growth"], f"{middle:.3f}", spread, aims[1], answer(middle <= AIMS["doubling"])],
    ]


def speed_line(found: Values) -> Line:
    """What tracking takes."""
    aim = f"at most {AIMS['seconds']:g} s"
    if not found:
        return ["tracking 1,000 frames of 512 × 512", "–", MISSING, "–", aim, MISSING]
    rows, columns = found["shape"]
    what = f"tracking {found['frames']:,} frames of {columns} × {rows}, {found['objects']:,} objects"
    processor = f"{found['processor_seconds']:.0f} s of the processor"
    return [what, "labels", f"{found['seconds']:.0f} s", processor, aim, answer(found["seconds"] <= AIMS["seconds"])]


def timelapse_texts(results: Path) -> dict[str, str]:
    """What stands in the places of the section."""
    found = read_json(results / "timelapse.json")
    parts = {part: found.get(part, {}) for part in PARTS}
    lines = [*follow_lines(parts["follow"]), *film_lines(parts["film"]), *chance_lines(parts["chance"])]
    lines.append(speed_line(parts["speed"]))
    comments = [origin(parts[part], f"{COMMAND} --only {part}") for part in parts]
    return {"timelapse figures": table(HEAD, lines), "timelapse command": block([*comments, COMMAND])}


PLACES = ("timelapse figures", "timelapse command")
