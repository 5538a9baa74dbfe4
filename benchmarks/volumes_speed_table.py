"""The table of docs/benchmarks.md on how fast volumes are segmented, and how much memory a large one needs."""

from __future__ import annotations

import re
from pathlib import Path

from labels_page import read_json
from result import MISSING, block, machine_in_words, table
from volume_large import AIM_GIB, AIM_MINUTES, COMMAND, SHAPE
from volumes_result import Values, answer, origin

COLOURS, OPENVINO = "python benchmarks/pseudocolour_speed.py", "python benchmarks/volume_speed.py"
WANTED_SLICES, WANTED_RATIO, WANTED_DICE = 40, 5, 0.995

Line = list[str]


def colour_lines(found: Values) -> list[Line]:
    """Slices that are coloured in a second."""
    what, aim = "Context Aware Pseudocoloring: slices of 512 × 512 a second", f"{WANTED_SLICES}"
    if not found:
        return [[what, MISSING, aim, MISSING, "–"]]
    speed = found["slices_per_second"]
    return [[what, f"{speed:.0f}", aim, answer(speed >= WANTED_SLICES), machine_in_words(found["machine"])]]


def openvino_lines(found: Values) -> list[Line]:
    """One forward pass by OpenVINO over plain eager float32, and whether the masks agree."""
    aims = [f"{WANTED_RATIO}", f"{WANTED_DICE}"]
    what = ["one forward pass of 384 × 384: OpenVINO, times faster than plain eager float32", "Dice of the two's masks"]
    if not found:
        return [[words, MISSING, aim, MISSING, "–"] for words, aim in zip(what, aims, strict=True)]
    made = f"{machine_in_words(found['machine'])}; {found['precision']}; the network: {found['network']}"
    ratio, dice = found["ratio"], found["dice"]
    torch = ["the same by torch's fastest setting", f"{found['ratio_of_fastest_torch']:.2f}", "–", "–", made]
    times = f"{ratio:.2f}"
    if "ratio_by_processor" in found:
        times += f" ({found['ratio_by_processor']:.2f} by seconds of the processor)"
    return [
        [what[0], times, aims[0], answer(ratio >= WANTED_RATIO), made],
        torch,
        [f"{what[1]}, {found['slices']} slices", f"{dice:.4f}", aims[1], answer(dice >= WANTED_DICE), made],
    ]


def large_lines(found: Values) -> list[Line]:
    """Minutes and memory of a large volume."""
    size = " × ".join(map(str, SHAPE))
    what = [f"`cytally segment` on a drawn volume of {size}, 16 bits: minutes", "the same: peak memory, GiB"]
    aims = [f"{AIM_MINUTES:g}", f"under {AIM_GIB:g}"]
    if not found:
        return [[words, MISSING, aim, MISSING, "–"] for words, aim in zip(what, aims, strict=True)]
    made = f"{machine_in_words(found['machine'])}; the model: {found['model']}; {found['objects']:,} objects"
    spent = f"{made}; {found['processor_minutes']:.1f} min of the processor" if "processor_minutes" in found else made
    return [
        [what[0], f"{found['minutes']:.1f}", aims[0], answer(found["minutes"] <= AIM_MINUTES), spent],
        [what[1], f"{found['peak_gib']:.2f}", aims[1], answer(found["peak_gib"] < AIM_GIB), made],
    ]


def openvino_command(found: Values) -> str:
    """The command that repeats it: with a model where there was one, else with its steps."""
    if not found:
        return OPENVINO
    rounds, steps = len(next(iter(found["seconds"].values()))), re.search(r"scratch, (\d+) steps", found["network"])
    network = f"--steps {steps[1]}" if steps else f"--model {found['network']}"
    return f"{OPENVINO} {network} --rounds {rounds} --threads {found['machine']['threads']}"


def speed_table(folder: Path) -> str:
    """All of them, and the commands."""
    colours, openvino, large = (
        read_json(folder / f"{name}.json") for name in ("pseudocolour-speed", "volume-speed", "volume-large")
    )
    lines = [*colour_lines(colours), *openvino_lines(openvino), *large_lines(large)]
    commands = [origin(colours, "pseudocolour-speed"), COLOURS]
    commands += [origin(openvino, "volume-speed"), openvino_command(openvino)]
    commands += [origin(large, "volume-large"), large["command"] if large else COMMAND]
    return f"{table(('What', 'Measured', 'Aim', 'Reached', 'Made by'), lines)}\n\n{block(commands)}"
