"""The section on whole slides of docs/benchmarks.md: tables of what slide.py and window_memory.py wrote."""

from __future__ import annotations

from pathlib import Path

from labels_page import read_json
from result import MISSING, block, machine_in_words, table
from slide import AIM_DIFFERENCE, AIM_GIB, AIM_SECONDS, COMMAND
from volumes_result import Values, answer, origin

PARTS = {
    "decode": "reading and decoding",
    "prepare": "resizing, normalising",
    "network": "the network",
    "read-out": "counts and points from maps",
    "write": "writing the density map",
    "other": "the rest: starting, overview and tissue, pictures, report",
}
"""Parts of the work in run.json, in words; others are shown by their name."""
OVERLAP = "Reading and writing go on beside the network, so that the parts may add up to more than the whole."
MEMORY_COMMAND = "python benchmarks/window_memory.py"

Line = list[str]


def size(values: Values) -> str:
    """A slide's pixels, in words."""
    rows, columns = values["shape"]
    return f"{columns:,} × {rows:,}"


def first_lines(first: Values, made: str) -> list[Line]:
    """From start to report: seconds and memory."""
    what = ["from file to report: seconds", "the same: peak memory of the program and its children, GiB"]
    aims = [f"under {AIM_SECONDS:g}", f"under {AIM_GIB:g}"]
    if not first:
        return [[words, MISSING, aim, MISSING, "–"] for words, aim in zip(what, aims, strict=True)]
    about = f"{size(first)} pixels, {first['megabytes']} MB; {made}"
    loaded = f"{first['processor_seconds']:.0f} s of the processor"
    loaded += "" if first["load"] is None else f", load before it {first['load']:.1f}"
    return [
        [what[0], f"{first['seconds']:.0f}", aims[0], answer(first["seconds"] < AIM_SECONDS), f"{about}; {loaded}"],
        [what[1], f"{first['peak_gib']:.2f}", aims[1], answer(first["peak_gib"] < AIM_GIB), about],
        ["cells: counted, and drawn", f"{float(first['count']):,.1f}, {first['cells']:,}", "–", "–", about],
    ]


def twice_lines(twice: Values, made: str) -> list[Line]:
    """Twice the area beside the first."""
    what = ["twice the area: times the seconds", "the same: times the memory"]
    aims = ["2", "1"]
    if not twice:
        return [[words, MISSING, aim, MISSING, "–"] for words, aim in zip(what, aims, strict=True)]
    ratios, about = twice["ratios"], f"{size(twice)} pixels; {made}"
    times = f"{ratios['seconds']:.2f} ({ratios['processor_seconds']:.2f} by seconds of the processor)"
    return [
        [what[0], times, aims[0], answer(min(ratios["seconds"], ratios["processor_seconds"]) < 2.1), about],
        [what[1], f"{ratios['peak_gib']:.2f}", aims[1], answer(ratios["peak_gib"] < 1.05), about],
    ]


def exact_lines(killed: Values, tiles: Values, made: str) -> list[Line]:
    """Killed and gone on with, and other tiles."""
    what = "killed midway, then `--resume`: the same count to the last digit"
    lines = [[what, MISSING, "yes", MISSING, "–"]]
    if killed:
        same = answer(killed["same"])
        lines = [[what, same, "yes", same, f"killed after {killed['after']:g} s; {made}"]]
    share, aim = "other tiles: difference of the count, as a share", f"at most {AIM_DIFFERENCE:g}"
    if not tiles:
        return [*lines, [share, MISSING, aim, MISSING, "–"]]
    for tile, found in tiles.items():
        difference = found["difference"]
        about = f"{found['seconds']:.0f} s, {found['peak_gib']:.2f} GiB; {made}"
        cells = [f"{share}, `--tile {tile}`", f"{difference:.1e}", aim, answer(difference <= AIM_DIFFERENCE), about]
        lines.append(cells)
    return lines


def figures(found: Values) -> str:
    """What was aimed at, and what was measured."""
    made = f"{machine_in_words(found['machine'])}, `--backend {found['backend']}`" if found else ""
    lines = first_lines(found.get("first", {}), made) + twice_lines(found.get("twice", {}), made)
    lines += exact_lines(found.get("killed", {}), found.get("tiles", {}), made)
    commands = block([origin(found, "slide"), found["command"] if found else COMMAND])
    return f"{table(('What', 'Measured', 'Aim', 'Reached', 'Made by'), lines)}\n\n{commands}"


def seconds_table(found: Values) -> str:
    """Where the first run's seconds go, beside the floor."""
    head = ("Part", "Seconds", "Share of the whole")
    first = found.get("first", {})
    if not first:
        return table(head, [[words, MISSING, "–"] for words in PARTS.values()])
    timings, whole = first["timings"], first["seconds"]
    names = [*(name for name in PARTS if name in timings), *(name for name in timings if name not in PARTS)]
    lines = [[PARTS.get(name, name), f"{timings[name]:.1f}", f"{timings[name] / whole:.0%}"] for name in names]
    return f"{table(head, [*lines, ['the whole', f'{whole:.1f}', '–']])}\n\n{OVERLAP}\n\n{floor_words(first)}"


def floor_words(first: Values) -> str:
    """The least that the network could take, in words."""
    floor = first["floor"]
    speeds, seconds = floor["giga_multiply_adds_per_second"], floor["seconds"]
    kinds = "; ".join(
        f"{name}: {speeds[name]:,.0f} billion multiply-adds a second at best, so {seconds[name]:.1f} s"
        for name in seconds
    )
    network = first["timings"].get("network")
    ratio = "" if network is None else f" The network took {network / min(seconds.values()):.1f} times the least of it."
    return (
        f"**The floor.** {floor['tissue_megapixels']:.1f} million pixels of the network's picture are tissue, and each "
        f"takes {floor['multiply_adds_per_pixel']:,} multiply-adds. {kinds} (the faster of a large product of matrices "
        f"and a convolution, by PyTorch).{ratio}"
    )


def memory_table(found: Values) -> str:
    """What a network needs for each pixel of its window."""
    head = ("Filters", "Back end", "Number type", "Bytes for each pixel", "Over the widest layer's", "MiB besides")
    if not found:
        return f"{table(head, [[MISSING, *['–'] * 5]])}\n\n{block([origin({}, 'window-memory'), MEMORY_COMMAND])}"
    lines = []
    for row in found["rows"]:
        widest = row["widest"] * (2 if row["precision"] == "bfloat16" else 4)
        kind = [", ".join(map(str, row["channels"])), row["backend"], row["precision"]]
        lines.append([*kind, f"{row['bytes_per_pixel']:,}", f"{row['bytes_per_pixel'] / widest:.2f}"])
        lines[-1].append(f"{row['besides_mib']:,}")
    return f"{table(head, lines)}\n\n{block([origin(found, 'window-memory'), found['command']])}"


PLACES = ("slide figures", "slide seconds", "slide memory")


def slide_texts(folder: Path) -> dict[str, str]:
    """What stands in each place of the page, by the results in `folder`."""
    found, memory = read_json(folder / "slide.json"), read_json(folder / "window-memory.json")
    return dict(zip(PLACES, (figures(found), seconds_table(found), memory_table(memory)), strict=True))
