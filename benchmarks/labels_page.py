"""The sections of docs/benchmarks.md on labelling and on the nucleus U-Net's speed."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from labels import LABELLINGS, over_plain
from labels_figures import DEVELOPED, OTHERS
from nucleus_speed import BACKENDS, CONFIGURATIONS, READ_OUT, over_eager, per_minute
from result import MISSING, block, machine_in_words, table

AIM_AP50, AIM_ERROR, AIM_SECONDS = 0.78, 0.08, 1.5
PARTS = ("all", DEVELOPED, OTHERS)
WAYS = {
    "auto": "`--preset auto`",
    "thesis": "`--preset thesis`",
    "plain": "Gaussian, Otsu's threshold, distance watershed (`benchmarks/plain_labels.py`)",
}
COMMAND = "python benchmarks/labels.py --data ../shared/data"
SPEED_COMMAND = "python benchmarks/nucleus_speed.py"

Values = dict[str, Any]


def label_table(measured: Values) -> str:
    """Every labelling on every part of the images, and what was aimed at."""
    head = ("Labelling", "Images", "AP50", "AP50, mean over images", "F1 at IoU 0.5", "T_err", "Bias over mean count")
    lines = []
    for name in LABELLINGS:
        for part in PARTS:
            if not measured:
                lines.append([WAYS[name], part, MISSING, *["–"] * 6])
                continue
            found = measured["labellings"][name][part]
            keys = ("ap50", "ap50_per_image", "f1_50", "total_relative_error", "bias_over_mean")
            cells = [f"{found[key]:.3f}" for key in keys]
            lines.append(
                [WAYS[name], f"{part} ({found['images']})", *cells, str(found["refused"]), reached(name, part, found)]
            )
    lines.append(["the same kind of baseline, as the aim was set", "–", "0.73", *["–"] * 2, "0.10", *["–"] * 3])
    lines.append(["aimed at, on unseen images", "–", f"{AIM_AP50}", *["–"] * 2, f"{AIM_ERROR}", *["–"] * 3])
    return table((*head, "Refused", "Reached"), lines)


def reached(name: str, part: str, found: Values) -> str:
    """Whether `auto` reaches both aims on the images that it was not developed on."""
    if name != "auto" or part != OTHERS:
        return "–"
    good = found["ap50"] >= AIM_AP50, found["total_relative_error"] <= AIM_ERROR
    return f"AP50 {'yes' if good[0] else 'no'}, T_err {'yes' if good[1] else 'no'}"


def label_seconds(measured: Values) -> str:
    """How long a large field takes, and the command."""
    head = ("1408 × 1040, about 400 nuclei", "Processor, median", "On the wall, median", "Over plain", "Aim", "Made by")
    lines = []
    for name in LABELLINGS:
        aim = f"{AIM_SECONDS} s" if name == "auto" else "–"
        if not measured:
            lines.append([WAYS[name], MISSING, "–", "–", aim, "–"])
            continue
        spent = measured["field"]["spent"]
        times = [f"{statistics.median(spent[name][kind]):.2f} s" for kind in ("processor", "seconds")]
        ratio = f"{statistics.median(over_plain(spent, name)):.1f}"
        lines.append([WAYS[name], *times, ratio, aim, machine_in_words(measured["machine"])])
    return f"{table(head, lines)}\n\n{block([origin(measured, 'labels'), COMMAND])}"


def origin(measured: Values, name: str) -> str:
    """A comment on where a result comes from."""
    if not measured:
        return f"# {MISSING}"
    return (
        f"# {name}: commit {measured['commit']}, {measured['made_by']['created'][:10]}, {measured['minutes']:.1f} min"
    )


def speed_table(measured: Values) -> str:
    """Images per minute by width and back end, on each kind of device."""
    head = (
        "Where",
        "Filters",
        "Back end",
        "Images per minute, the network alone",
        "With the read-out",
        "Times faster than eager float32",
    )
    lines, commands = [], []
    for device, words in (("cpu", "processor"), ("cuda", "graphics card")):
        flag = "" if device == "cpu" else f" --device {device}"
        commands += [origin(measured.get(device, {}), "nucleus-speed"), f"{SPEED_COMMAND}{flag}"]
        if device not in measured:
            lines.append([words, "–", "–", MISSING, "–", "–"])
            continue
        facts = measured[device]
        where = machine_in_words(facts["machine"])
        for filters in CONFIGURATIONS:
            found = facts["widths"][filters]
            seconds = found["seconds"]
            for backend in BACKENDS:
                cells = [f"{per_minute(seconds, backend, with_read_out=each):.3g}" for each in (False, True)]
                kind = f"{backend}, {found['precision']}" if backend == BACKENDS[-1] else backend
                lines.append([where, filters, kind, *cells, f"{over_eager(seconds, backend):.2f}"])
            read = f"{60 / statistics.median(seconds[READ_OUT]):,.0f}"
            lines.append([where, filters, "the read-out alone", "–", read, "–"])
    lines.append(["any", "–", "OpenVINO, ONNX", "not built yet", "–", "–"])
    lines.append(["GPU (A100), the thesis", "64", "its own", "500, published: 20,000 frames in 40 minutes", "–", "–"])
    return f"{table(head, lines)}\n\n{block(commands)}"


def read_json(path: Path) -> Values:
    """What a script wrote; empty where it has not."""
    values: Values = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return values


PLACES = ("label table", "label seconds", "nucleus speed")


def labels_texts(folder: Path) -> dict[str, str]:
    """What stands in each place of the page, by the results in `folder`."""
    labels, speed = read_json(folder / "labels.json"), read_json(folder / "nucleus-speed.json")
    return dict(zip(PLACES, (label_table(labels), label_seconds(labels), speed_table(speed)), strict=True))
