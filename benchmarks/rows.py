"""The rows of the counting benchmark: the command line of counting.py, and the command and the name of each row."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from variants import VARIANTS

from cytally.training.configuration import Configuration, flat_settings

CONFIGURATIONS = {"vgg": "density.yaml", "mbm": "density-histology.yaml", "dsb": "nuclei-fluorescence.yaml"}
"""The file in examples/ that each set is trained by unless told."""

FOLDERS = {"vgg": "vgg_cells", "mbm": "mbm", "dsb": "dsb2018_fluo"}
ANNOTATIONS = ("points", "counts", "mixed")
PROGRAM = "python benchmarks/counting.py"
NOT_PART = ("data", "work", "draws")
"""Options in which two runs of one row may differ."""

PER_DRAW = ("seed", "training.validation")


def parse(arguments: list[str] | None = None, description: str | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds vgg_cells, mbm, dsb2018_fluo")
    parser.add_argument("--set", choices=FOLDERS, required=True)
    parser.add_argument("--train", type=int, required=True, help="training images per draw")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--minutes", type=float, help="budget of each draw; else the configuration's own limits")
    parser.add_argument("--variant", choices=VARIANTS, default="none", help="one option changed (variants.py)")
    parser.add_argument("--annotation", choices=ANNOTATIONS, default="points", help="what is learnt from")
    parser.add_argument("--pretrain", type=float, default=0.0, metavar="MINUTES", help="first train on drawn cells")
    parser.add_argument("--configuration", help="file in examples/, where not the set's own")
    parser.add_argument("--with", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--row", help="name of the result file")
    parser.add_argument("--work", type=Path, default=Path("benchmark-work"), help="folder for models; kept")
    options = parser.parse_args(arguments)
    options.configuration = options.configuration or CONFIGURATIONS[options.set]
    if options.draws < 1 or options.train < 2:
        parser.error("give at least one draw of at least two images")
    return options


def command(options: argparse.Namespace) -> str:
    """The command that repeats the row, without what is this machine's alone."""
    words = [f"--data ../shared/data --set {options.set} --train {options.train} --draws {options.draws}"]
    words += [f"--minutes {options.minutes:g}"] if options.minutes is not None else []
    words += [f"--variant {options.variant}"] if options.variant != "none" else []
    words += [f"--annotation {options.annotation}"] if options.annotation != "points" else []
    words += [f"--pretrain {options.pretrain:g}"] if options.pretrain else []
    words += [f"--row {shlex.quote(options.row)}"] if options.row else []
    if options.configuration != CONFIGURATIONS[options.set]:
        words.append(f"--configuration {shlex.quote(options.configuration)}")
    return " ".join([PROGRAM, *words, *(f"--with {shlex.quote(setting)}" for setting in options.settings)])


def from_command(line: str) -> argparse.Namespace:
    """The options of a command that `command` made."""
    return parse(shlex.split(line.removeprefix(PROGRAM)))


def same_row(one: argparse.Namespace, other: argparse.Namespace) -> bool:
    """Whether two runs add draws to one row."""
    ours, theirs = ({key: each for key, each in vars(run).items() if key not in NOT_PART} for run in (one, other))
    return ours == theirs


def row_settings(options: argparse.Namespace) -> list[str]:
    """What the row changes in the configuration."""
    grey = ["input.channels=one"] if options.pretrain else []  # as the drawn cells are
    return [*VARIANTS[options.variant].settings, *options.settings, *grey]


def other_settings(before: dict[str, Any], now: Configuration) -> list[str]:
    """Names of the settings that have changed, but for the seed and the images that validate."""
    then, today = (dict(flat_settings(each)) for each in (before, now.model_dump(mode="json")))
    return [key for key, each in then.items() if key not in PER_DRAW and today.get(key) != each]


def row_name(options: argparse.Namespace) -> str:
    """As vgg-64, vgg-10-pretrained, vgg-64-counts, vgg-32-mosaic."""
    parts = [options.set, str(options.train)]
    parts += ["pretrained"] if options.pretrain else []
    parts += [options.annotation] if options.annotation != "points" else []
    parts += [options.variant] if options.variant != "none" else []
    return options.row or "-".join(parts)
