"""The section on lean networks of docs/benchmarks.md: the table of what lean.py wrote."""

from __future__ import annotations

from pathlib import Path

from labels_page import read_json
from lean import AIM_ERROR, AIM_SECONDS, BIG
from result import MISSING, block, table
from speed_page import made_on
from volumes_result import Values, answer, origin

COMMAND = "python benchmarks/lean.py WORK"
WORDS = {"held_out": "24 held-out images of BBBC038v1", "vgg_cells": "VGG cells 001–064"}


def lean_table(found: Values) -> str:
    """Error on images that choose against seconds, of every candidate and the big model."""
    head = ("Network", "Steps", "Parameters", "Multiply-adds per pixel", "T_err, 14 real images", "A_err of them")
    head = (*head, "T_err, 100 drawn", "Torch, s", "OpenVINO, s", "File to points, 24 px", "File to points, 12 px")
    head = (*head, "Aim", "Reached")
    lines = []
    for name, row in found.get("rows", {}).items():
        seconds = found.get("seconds", {}).get(name, {})
        whole = {diameter: least(seconds, diameter, "file to points") for diameter in ("24", "12")}
        lean = name != BIG
        quick = [each for each in whole.values() if each is not None]
        lines.append(
            [
                f"`{name}`",
                f"{row['steps']:,}" if lean else "–",
                f"{row['parameters']:,}",
                f"{row['multiply_adds_per_pixel']:,}",
                f"{row['real']['total_relative_error']:.3f}",
                f"{row['real']['average_relative_error']:.3f}",
                f"{row['drawn']['total_relative_error']:.3f}",
                *(one(seconds, backend, "network") for backend in ("torch", "openvino")),
                *(MISSING if each is None else f"{each:.3f}" for each in whole.values()),
                f"at most {AIM_SECONDS:g} s" if lean else "–",
                answer(max(quick) <= AIM_SECONDS if quick else None) if lean else "–",
            ]
        )
    return table(head, lines) if lines else MISSING


def one(seconds: Values, backend: str, what: str) -> str:
    """Median seconds by one back end on nuclei of 24 and of 12 pixels, in words."""
    found = [seconds.get(backend, {}).get(diameter, {}).get(what) for diameter in ("24", "12")]
    return " / ".join(MISSING if each is None else f"{each['median']:.3f}" for each in found)


def least(seconds: Values, diameter: str, what: str) -> float | None:
    """Median seconds by the faster back end."""
    found = [each[diameter][what]["median"] for each in seconds.values() if diameter in each]
    return min(found, default=None)


def test_table(found: Values) -> str:
    """The chosen candidate beside the big model, on images that chose nothing."""
    test, chosen = found.get("test"), found.get("chosen")
    if not test:
        return MISSING
    lines = []
    for kind in test[chosen]:
        errors = {name: test[name][kind]["total_relative_error"] for name in (BIG, chosen)}
        aimed = kind == "held_out"
        lines.append(
            [
                WORDS[kind],
                *(f"{errors[name]:.3f} ({test[name][kind]['bias']:+.2f})" for name in (BIG, chosen)),
                f"{100 * (errors[chosen] - errors[BIG]):+.1f}",
                f"at most {100 * AIM_ERROR:+.1f}" if aimed else "–",
                answer(errors[chosen] - errors[BIG] <= AIM_ERROR) if aimed else "–",
            ]
        )
    head = ("Images", f"T_err of `{BIG}` (bias)", f"T_err of `{chosen}` (bias)", "Difference, points", "Aim", "Reached")
    return table(head, lines)


def sources(found: Values) -> str:
    """The commands, and what they ran on."""
    words = {
        "rows": COMMAND,
        "seconds": f"{COMMAND} --seconds",
        "test": f"{COMMAND} --test {found.get('chosen', 'NAME')} --vgg ../shared/data/vgg_cells",
    }
    lines = []
    for kind, command in words.items():
        about = found.get("about", {}).get(kind)
        note = f"; {made_on(about)}" if about and kind == "seconds" else ""
        lines += [origin(about or {}, f"lean, {kind}") + note, command]
    return block(lines)


def lean_texts(folder: Path) -> dict[str, str]:
    """The texts for the places of this section."""
    found = read_json(folder / "lean.json")
    return {"lean networks": lean_table(found), "lean test": test_table(found), "lean commands": sources(found)}


PLACES = ("lean networks", "lean test", "lean commands")
