"""The section on flags of docs/benchmarks.md: what flags.py wrote."""

from __future__ import annotations

from pathlib import Path

from flags import AIMS, COMMAND, PARTS
from flags_cases import CROWDED, FOREIGN, SPOILED
from labels_page import read_json
from result import MISSING, block, table
from volumes_result import Values, answer, origin

FEW = "python benchmarks/flags_few.py"

HEAD = ("What", "Told from", "Images", "Flag", "AUROC", "Flagged", "AUROC of any flag", "Any flag", "Aim", "Reached")
SOURCES = {
    "unseen": "unseen dsb2018_fluo",
    "drawn": "drawn fields",
    "unseen and drawn": "both",
    "samples": "the included samples",
}
Line = list[str]


def tell_lines(found: Values) -> list[Line]:
    """How well each kind of bad image is told from good ones."""
    lines: list[Line] = []
    for case in (*SPOILED, CROWDED, *FOREIGN):
        measured = found.get("cases", {}).get(case)
        harmless = case in SPOILED and SPOILED[case].kind == "resize"
        aim = "none: the image is resized" if harmless else f"at least {AIMS['auroc']:g}"
        if measured is None:
            lines.append([case, "–", "–", "–", MISSING, *["–"] * 3, aim, MISSING])
            continue
        flag = "any" if measured["flag"] == "any" else f"`{measured['flag']}`"
        for source in (each for each in SOURCES if each in measured):
            row = measured[source]
            cells = [number(row["auroc"]), f"{row['flagged']:.0%}", number(row["auroc_any"])]
            cells.append(f"{row['flagged_any']:.0%}")
            reached = None if row["auroc"] is None else row["auroc"] >= AIMS["auroc"]
            images = f"{row['images']} of {row['good']} good ones"
            if measured["flag"] == "any" or case == CROWDED:
                images = f"{row['images']} beside {row['good']}"
            lines.append([case, SOURCES[source], images, flag, *cells, aim, "–" if harmless else answer(reached)])
    return lines


def alarm_lines(found: Values) -> list[Line]:
    """How many good images are flagged, and how."""
    lines: list[Line] = []
    for source in ("unseen", "drawn", "samples"):
        what, aim = "good images", f"at most {AIMS['alarms']:.0%}"
        if source not in found:
            lines.append([what, SOURCES[source], "–", "–", "–", MISSING, "–", "–", aim, MISSING])
            continue
        row = found[source]
        words = sorted({word for each in row["flagged"].values() for word in each})
        share = len(row["flagged"]) / row["images"]
        flags = ", ".join(f"`{word}`" for word in words) or "none"
        reached = answer(share <= AIMS["alarms"])
        lines.append([what, SOURCES[source], str(row["images"]), flags, "–", "–", "–", f"{share:.0%}", aim, reached])
    return lines


def drawing_text(found: Values) -> str:
    """How the good drawn fields came about."""
    if "drawing" not in found:
        return f"How many drawn fields were left out or exposed shorter: {MISSING}."
    drawing, good = found["drawing"], found["good"]["drawn"]
    return (
        f"Of the {good} good drawn fields, {drawing['exposed_shorter']} clipped as their scenes were drawn and were "
        f"exposed shorter; {drawing['left_out']} more were left out because the size of their cells cannot be told."
    )


def number(value: float | None) -> str:
    """An AUROC, or that there is none."""
    return MISSING if value is None else f"{value:.3f}"


def cost_text(found: Values) -> str:
    """What the flags cost."""
    aim = f"{AIMS['cost']:.0%}"
    if not found:
        return f"Processor time of the flags beside that of counting: {MISSING} (aim: at most {aim})."
    rows, columns = found["shape"]
    return (
        f"Processor time in an image of {columns} × {rows}: flags {found['flags']:.3f} s, counting with them "
        f"{found['counting']:.2f} s, a share of {found['share']:.1%} (aim: at most {aim}; "
        f"reached: {answer(found['share'] <= AIMS['cost'])})."
    )


def few_text(found: Values) -> str:
    """What ranges of few training images flag."""
    folders = found.get("folders", {})
    if not folders:
        return MISSING
    numbers = list(next(iter(folders.values())))
    head = ("Training images of", "What is asked about", *(f"{each} of them" for each in numbers))
    words = {"ordinary": "others of the same folder: flagged", "blurred": "the same ones blurred: `out-of-focus`"}
    lines: list[Line] = [
        [folder, what, *(f"{rows[each][key]:.0%}" for each in numbers)]
        for folder, rows in folders.items()
        for key, what in (words | {"foreign": "the other folder's: flagged"}).items()
    ]
    return table(head, lines).rstrip("\n")


def flags_texts(results: Path) -> dict[str, str]:
    """What stands in the places of the section."""
    found = read_json(results / "flags.json")
    few = read_json(results / "flags_few.json")
    parts = {part: found.get(part, {}) for part in PARTS}
    figures = table(HEAD, [*tell_lines(parts["tell"]), *alarm_lines(parts["alarms"])])
    comments = [origin(parts[part], f"{COMMAND} --only {part}") for part in parts]
    return {
        "flag figures": "\n\n".join([figures.rstrip("\n"), drawing_text(parts["tell"]), cost_text(parts["cost"])]),
        "few flags": few_text(few),
        "flag command": block([*comments, origin(few, FEW), COMMAND, FEW]),
    }


PLACES = ("flag figures", "few flags", "flag command")
