"""The section on choosing what to label of docs/benchmarks.md: what active_choice.py wrote."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

from active_choice import BUDGETS, COMMAND, FIRST, MEASURED, ORDERS, SETS, WAYS
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
BUDGET = BUDGETS[-1]
EARLIER = (4, 8, 12, 16, 20)
"""Labels that the earlier rule was tried out with."""

HEAD = (
    "Data",
    "Seeds",
    f"MAE at random, {BUDGET} labels",
    "Labels of the queue that suffice",
    "Share",
    "Aim",
    "Reached",
    "Cells in them",
    f"Cells in {BUDGET} at random",
)
Errors = dict[int, list[float]]
Middle = Callable[[list[float]], float]


def whole_seeds(found: Values, repeat: int) -> set[str]:
    """The seeds that both ways have been run to the end for, from these random weights."""
    wanted = {
        "random": {(labels, order) for labels in MEASURED["random"] for order in range(ORDERS)},
        "queue": {(labels, 0) for labels in (FIRST, *MEASURED["queue"])},
    }
    ended = []
    for way in WAYS:
        done = {
            seed: {(run["labels"], run.get("order", 0)) for run in runs if run["repeat"] == repeat}
            for seed, runs in found.get(way, {}).items()
        }
        ended.append({seed for seed, there in done.items() if there >= wanted[way]})
    return set.intersection(*ended)


def counted_runs(found: Values, repeat: int | None = None) -> list[tuple[str, str, Values]]:
    """Way, seed and result of each training that counts.

    Random weights after the first count where every seed of the first was trained from them, so that no seed weighs
    more than another. With `repeat` those weights alone count, of as many seeds as there are.
    """
    seeds, kept = whole_seeds(found, repeat or 0), list[tuple[str, str, Values]]()
    repeats = {run["repeat"] for runs in found.get("queue", {}).values() for run in runs}
    counted = {each for each in repeats if seeds and whole_seeds(found, each) >= seeds}
    counted = counted if repeat is None else {repeat}
    for way in WAYS:
        for seed in sorted(seeds):
            kept += [(way, seed, run) for run in found[way][seed] if run["repeat"] in counted]
    return kept


def means(found: Values, way: str, key: str = "mae", repeat: int | None = None) -> Errors:
    """For each number of labels the mean of each seed over random weights and random orders."""
    gathered: dict[int, dict[str, list[float]]] = {}
    for done, seed, run in counted_runs(found, repeat):
        if done == way or run["labels"] == FIRST:  # both ways have the first images
            gathered.setdefault(run["labels"], {}).setdefault(seed, []).append(run[key])
    return {labels: [statistics.mean(each) for each in gathered[labels].values()] for labels in sorted(gathered)}


def enough(queue: Mapping[int, list[float]], wanted: float, middle: Middle = statistics.mean) -> int | None:
    """The fewest labels from which on the mean error is at most `wanted` in every round; None where it never is."""
    found = None
    for labels in sorted(queue, reverse=True):
        if middle(queue[labels]) > wanted:
            break
        found = labels
    return found


def share_line(name: str, found: Values, middle: Middle = statistics.mean, repeat: int | None = None) -> list[str]:
    """How many labels the queue needs to be as good as random choice with all of them, and how many cells they are.

    The mean over seeds is what was fixed beforehand; the median tells whether a single seed decides.
    """
    random, queue = (means(found, way, repeat=repeat) for way in WAYS)
    aim = f"at most {AIM:.2f}"
    if not queue:
        return [NAMES[name], "–", MISSING, "–", "–", aim, MISSING, "–", "–"]
    wanted, cells = middle(random[BUDGET]), _cells(found, "random", BUDGET, repeat)
    begin = [NAMES[name], str(len(queue[BUDGET])), f"{wanted:.2f}"]
    labels = enough(queue, wanted, middle)
    if labels is None:
        return [*begin, f"more than {BUDGET}", "above 1", aim, answer(False), "–", cells]
    share = labels / BUDGET
    return [
        *begin,
        str(labels),
        f"{share:.2f}",
        aim,
        answer(share <= AIM),
        _cells(found, "queue", labels, repeat),
        cells,
    ]


def share_lines(name: str, found: Values) -> list[list[str]]:
    """The line that was fixed beforehand, and those that tell whether it is to be trusted."""
    lines = [share_line(name, found)]
    if means(found, "queue"):
        lines.append(["– by medians over seeds", *share_line(name, found, statistics.median)[1:]])
    if whole_seeds(found, 1):
        lines.append(["– second random weights alone", *share_line(name, found, repeat=1)[1:]])
    return lines


def _cells(found: Values, way: str, labels: int, repeat: int | None) -> str:
    return f"{statistics.mean(means(found, way, 'cells', repeat)[labels]):.0f}"


def curve_lines(name: str, found: Values) -> list[list[str]]:
    """The mean error of each way by the number of labels, with the least and the most over seeds."""
    lines = []
    for way, word in (("random", "at random"), ("queue", "by the queue")):
        by_labels = means(found, way)
        lines.append([NAMES[name], word, *(_spread(by_labels.get(labels, [])) for labels in (FIRST, *BUDGETS))])
    return lines


def paired_line(name: str, found: Values) -> list[str]:
    """How much less the queue errs than random choice of the same seed, with as many labels and with all of them."""
    random, queue = means(found, "random"), means(found, "queue")
    if not queue:
        return [NAMES[name], *[MISSING] * (len(MEASURED["random"]) + 1)]
    pairs = [(labels, labels) for labels in MEASURED["random"]] + [(MEASURED["random"][0], BUDGET)]
    return [NAMES[name], *(_won(queue[one], random[other]) for one, other in pairs)]


def _won(queue: list[float], random: list[float]) -> str:
    less = [one - other for one, other in zip(queue, random, strict=True)]
    return f"{statistics.mean(less):+.2f}; better in {sum(each < 0 for each in less)} of {len(less)} seeds"


def earlier_lines(name: str, found: Values) -> list[list[str]]:
    """The same of the earlier rule, whose rounds were others."""
    lines = []
    for way, word in (("random", "at random"), ("queue", "by the earlier queue")):
        ended = [seed for seed, runs in found.get(way, {}).items() if runs[-1]["labels"] == EARLIER[-1]]
        ended = [seed for seed in ended if len(found["queue"].get(seed, [])) == len(EARLIER)]
        by_labels: Errors = {}
        for run in (run for seed in ended for run in found[way][seed]):
            by_labels.setdefault(run["labels"], []).append(run["mae"])
        lines.append([NAMES[name], word, *(_spread(by_labels.get(labels, [])) for labels in EARLIER)])
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
    before = read_json(folder / "active_choice_earlier.json")
    sets = {name: found.get(name, {}) for name in SETS}
    head, middle = ("Data", "Chosen"), MEASURED["random"][0]
    pairs = ("Data", *(f"{labels} labels each" for labels in MEASURED["random"]), f"{middle} against {BUDGET} labels")
    comments = [origin(each, f"{COMMAND} --set {name}") for name, each in sets.items()]
    return {
        "active choice table": table(HEAD, [line for name, each in sets.items() for line in share_lines(name, each)]),
        "active choice curves": table(
            [*head, *(f"{labels} labels" for labels in (FIRST, *BUDGETS))],
            [line for name, each in sets.items() for line in curve_lines(name, each)],
        ),
        "active choice pairs": table(pairs, [paired_line(name, each) for name, each in sets.items()]),
        "active choice earlier": table(
            [*head, *(f"{labels} labels" for labels in EARLIER)],
            [line for name in SETS if name in before for line in earlier_lines(name, before[name])],
        ),
        "active choice command": block([*comments, COMMAND]),
    }


PLACES = (
    "active choice table",
    "active choice curves",
    "active choice pairs",
    "active choice earlier",
    "active choice command",
)
