"""The section on choosing what to label of docs/benchmarks.md: what active_choice.py wrote."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path

from active_choice import ADDED, COMMAND, FIRST, ROUNDS, SETS, WAYS
from labels_page import read_json
from result import MISSING, block, table
from volumes_result import Values, answer, origin

AIM = 0.70
"""Share of the labels at which the queue shall be as good as random choice is with all of them."""

NAMES = {
    "plain": "nuclei, brightness and sizes as in the files",
    "levelled": "the same, brightness and sizes levelled",
    "vgg": "drawn cells (VGG)",
}
BUDGET = FIRST + ROUNDS * ADDED
HEAD = (
    "Data",
    "Seeds",
    f"MAE at random, {BUDGET} labels",
    "Labels of the queue that suffice",
    "Share",
    "Aim",
    "Reached",
)
Errors = dict[int, list[float]]


def whole_seeds(found: Values) -> list[str]:
    """The seeds that both ways have been run to the end for."""
    ended = [{seed for seed, runs in found.get(way, {}).items() if runs[-1]["labels"] == BUDGET} for way in WAYS]
    return sorted(set.intersection(*ended))


def errors(found: Values, way: str) -> Errors:
    """For each number of labels the error of each seed."""
    gathered: Errors = {}
    for seed in whole_seeds(found):
        for each in found[way][seed]:
            gathered.setdefault(each["labels"], []).append(each["mae"])
    return dict(sorted(gathered.items()))


def enough(queue: Mapping[int, list[float]], wanted: float) -> int | None:
    """The fewest labels from which on the mean error is at most `wanted` in every round; None where it never is."""
    found = None
    for labels in sorted(queue, reverse=True):
        if statistics.mean(queue[labels]) > wanted:
            break
        found = labels
    return found


def share_line(name: str, found: Values) -> list[str]:
    """How many labels the queue needs to be as good as random choice with all of them."""
    seeds, aim = whole_seeds(found), f"at most {AIM:.2f}"
    if not seeds:
        return [NAMES[name], "–", MISSING, "–", "–", aim, MISSING]
    wanted = statistics.mean(errors(found, "random")[BUDGET])
    labels = enough(errors(found, "queue"), wanted)
    if labels is None:
        return [NAMES[name], str(len(seeds)), f"{wanted:.2f}", f"more than {BUDGET}", "above 1", aim, answer(False)]
    share = labels / BUDGET
    return [NAMES[name], str(len(seeds)), f"{wanted:.2f}", str(labels), f"{share:.2f}", aim, answer(share <= AIM)]


def curve_lines(name: str, found: Values) -> list[list[str]]:
    """The mean error of each way by the number of labels, with the least and the most over seeds."""
    lines = []
    for way, word in (("random", "at random"), ("queue", "by the queue")):
        by_labels = errors(found, way)
        cells = [_spread(by_labels.get(FIRST + number * ADDED, [])) for number in range(1 + ROUNDS)]
        lines.append([NAMES[name], word, *cells])
    return lines


def _spread(values: list[float]) -> str:
    if not values:
        return MISSING
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{statistics.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def active_choice_texts(folder: Path) -> dict[str, str]:
    """What belongs in each place of the section."""
    found = read_json(folder / "active_choice.json")
    sets = {name: found.get(name, {}) for name in SETS}
    head = ("Data", "Chosen", *(f"{FIRST + number * ADDED} labels" for number in range(1 + ROUNDS)))
    comments = [origin(each, f"{COMMAND} --set {name}") for name, each in sets.items()]
    return {
        "active choice table": table(HEAD, [share_line(name, each) for name, each in sets.items()]),
        "active choice curves": table(head, [line for name, each in sets.items() for line in curve_lines(name, each)]),
        "active choice command": block([*comments, COMMAND]),
    }


PLACES = ("active choice table", "active choice curves", "active choice command")
