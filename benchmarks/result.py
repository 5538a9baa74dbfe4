"""One result file of counting.py, and its numbers as the cells of a table."""

from __future__ import annotations

import json
import statistics
from argparse import Namespace
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from published import Row
from rows import from_command, other_settings, row_name, row_settings, same_row

from cytally.errors import ConfigError
from cytally.training.configuration import read_configuration

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
DATA = {"vgg": "VGG cells", "mbm": "MBM", "dsb": "BBBC038v1"}
MISSING = "not measured"


@dataclass(frozen=True)
class Result:
    """What counting.py wrote of one row, by the `name` of its file."""

    name: str
    values: dict[str, Any]

    @cached_property
    def options(self) -> Namespace:
        """The command line that made it."""
        return from_command(self.values["command"])

    @property
    def set(self) -> str:
        """The data: vgg, mbm or dsb."""
        return str(self.values["set"])

    @property
    def variant(self) -> str:
        """The option that was changed, or none."""
        return str(self.values["variant"])

    @property
    def draws(self) -> list[dict[str, Any]]:
        """What each draw gave."""
        return list(self.values["draws"])

    @property
    def has_usual_name(self) -> bool:
        """Whether the row was not given a name of its own by --row."""
        return self.name == row_name(Namespace(**vars(self.options) | {"row": None}))

    def is_of(self, row: Row) -> bool:
        """Whether it measures a row that shall be there."""
        values = self.values
        return row.fits(values["set"], values["train"], values["annotation"], values["pretrain_minutes"] > 0)

    def baseline(self, results: Iterable[Result]) -> Result | None:
        """The result of the same data, budget and settings without the option."""
        without = Namespace(**vars(self.options) | {"variant": "none", "row": None})
        plain = (each for each in results if each.variant == "none")
        return next(
            (each for each in plain if same_row(Namespace(**vars(each.options) | {"row": None}), without)), None
        )

    def mean(self, key: str, form: str = ".2f") -> str:
        """Mean over the draws, with its standard deviation where there are several."""
        return spread(self.values["mean"][key], self.values["sd"][key], form)

    def reached(self, aim: float) -> str:
        """Whether the mean is not above the aim; `so far` while draws are missing."""
        answer = "yes" if self.values["mean"]["mae"] <= aim else "no"
        return answer if len(self.draws) >= self.options.draws else f"{answer}, so far"

    @property
    def each_draw(self) -> str:
        """The error of every draw."""
        listed = ", ".join(f"{draw['test']['mae']:.2f}" for draw in self.draws)
        missing = self.options.draws - len(self.draws)
        return f"{listed} ({missing} to come)" if missing > 0 else listed

    @property
    def trained_on(self) -> str:
        """How many images, what is known of them, and what the network saw before."""
        values, draw = self.values, self.draws[0]
        kind = {"points": "", "counts": ", their counts alone", "mixed": ", points of half, counts of half"}
        before = f", after {values['pretrain_minutes']:g} min on drawn cells" if values["pretrain_minutes"] else ""
        inside = draw["trained_on"] < values["train"]
        validation = f"{draw['validated_on']} {'of them' if inside else 'others'} validate"
        return f"{values['train']} images{kind[values['annotation']]}{before}; {validation}"

    @property
    def tested_on(self) -> str:
        """How many images, and their numbers where they are in a row."""
        names = [Path(name).stem for name in self.values.get("test_images", [])]
        in_a_row = names and all(map(str.isdigit, names)) and int(names[-1]) - int(names[0]) == len(names) - 1
        return f"{self.values['tested_on']} images" + (f", {names[0]}–{names[-1]}" if in_a_row else "")

    @property
    def measured_on(self) -> str:
        """Data and number of training images in short."""
        kind = "" if self.values["annotation"] == "points" else f", {self.values['annotation']}"
        return f"{DATA[self.set]}, {self.values['train']}{kind}, {len(self.draws)} draw{'s' * (len(self.draws) > 1)}"

    @property
    def otherwise(self) -> str:
        """The error with test-time flips where the row is without them, and the other way round."""
        for words in ("with flips", "without flips"):
            errors = [draw[key]["mae"] for draw in self.draws if (key := f"test_{words.replace(' ', '_')}") in draw]
            if len(errors) == len(self.draws):
                return f"{words} {summarise(errors)}"
        return MISSING

    def flips(self) -> tuple[str, str, str]:
        """The error with test-time flips, without, and their difference."""
        pairs = [
            (draw.get("test_with_flips", draw["test"])["mae"], draw.get("test_without_flips", draw["test"])["mae"])
            for draw in self.draws
            if "test_with_flips" in draw or "test_without_flips" in draw
        ]
        if not pairs:
            return MISSING, MISSING, MISSING
        differences = [one - other for one, other in pairs]
        with_flips, without = zip(*pairs, strict=True)
        return summarise(with_flips), summarise(without), summarise(differences, "+.2f")

    def difference(self, baseline: Result) -> str:
        """How much larger its error is than the baseline's, over the draws that both have."""
        ours, theirs = ({draw["seed"]: draw["test"]["mae"] for draw in each.draws} for each in (self, baseline))
        shared = [ours[seed] - theirs[seed] for seed in ours if seed in theirs]
        return summarise(shared, "+.2f") if shared else MISSING

    @property
    def made_by(self) -> str:
        """Kind of machine, and minutes of each draw."""
        machines = dict.fromkeys(machine_in_words(draw.get("machine", self.values["machine"])) for draw in self.draws)
        minutes = statistics.mean(draw["minutes"] for draw in self.draws)
        return f"{' and '.join(machines)}, {minutes:.{0 if minutes >= 10 else 1}f} min a draw"

    @property
    def command_lines(self) -> list[str]:
        """A comment on where it comes from, and the command that repeats it."""
        commits = dict.fromkeys(draw.get("commit", self.values["commit"]) for draw in self.draws)
        comment = f"# {self.name}: commit {', '.join(commits)}, {self.values['made_by']['created'][:10]}"
        changed = self.changed_since()
        return [comment + (f"; since changed: {', '.join(changed)}" if changed else ""), self.values["command"]]

    def changed_since(self) -> list[str]:
        """Settings of the configuration in examples/ that are no longer those it was made with."""
        try:
            today = read_configuration(EXAMPLES / self.options.configuration, row_settings(self.options))
        except ConfigError as error:
            return [error.message]
        return other_settings(self.values["configuration"], today)


def machine_in_words(machine: dict[str, Any]) -> str:
    """The graphics card, or the processor's threads."""
    if machine["gpu"]:
        return f"GPU ({machine['gpu']})"
    return f"CPU, {machine['threads']} thread{'s' * (machine['threads'] > 1)}"


def read_results(folder: Path) -> list[Result]:
    """All results of counting.py in a folder, sorted by name."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    return [Result(name, values) for name, values in found.items() if "draws" in values]


def spread(mean: float, deviation: float | None, form: str = ".2f") -> str:
    """Mean ± standard deviation, the mean alone without one."""
    return f"{mean:{form}}" if deviation is None else f"{mean:{form}} ± {deviation:{form.removeprefix('+')}}"


def summarise(numbers: Sequence[float], form: str = ".2f") -> str:
    """Mean ± standard deviation of a sample of numbers."""
    return spread(statistics.mean(numbers), statistics.stdev(numbers) if len(numbers) > 1 else None, form)


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in rows)


def block(lines: list[str]) -> str:
    """Commands as a block of Markdown."""
    return "\n".join(["```text", *lines, "```"])
