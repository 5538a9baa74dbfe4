"""The rows of the benchmark on phase contrast: what trains, spoiled how, the command line of phase.py, row names."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from phase_data import FIELDS
from spoiled_labels import KINDS

PROGRAM = "python benchmarks/phase.py"
CONFIGURATION = "nucleus-unet-small.yaml"
MIXED = "mixed"
ALPHAS = (0.25, 0.5, 0.75)
SHARES = (0.1, 0.3, 0.5)
READOUTS = {"own": (), "thesis": ("options.gap=0", "options.split=none", "options.least_area=0")}
"""What is trained on and how nuclei are read: as the configuration says, or plain masks and their components."""

NOT_PART = ("data", "work", "seed", "all_rows", "freeze", "picture")
"""Options in which two runs of one row may differ."""


def parse(arguments: list[str] | None = None, description: str | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds phase_nuclei")
    parser.add_argument("--train", choices=(*FIELDS, MIXED), default="keratinocytes", help="cell line, or both")
    parser.add_argument("--readout", choices=READOUTS, default="own")
    parser.add_argument("--spoil", choices=KINDS, help="what is done to training labels")
    parser.add_argument("--share", type=float, default=0.0, help="share of the nuclei that are spoiled")
    parser.add_argument("--seed", type=int, default=0, help="each seed is one run of the row")
    parser.add_argument("--with", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--work", type=Path, default=Path("benchmark-work"), help="folder for data and models; kept")
    parser.add_argument("--all-rows", action="store_true", help="print the commands of the whole section; run nothing")
    parser.add_argument("--freeze", action="store_true", help="write phase_reference.json; train nothing")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="draw the row's test half; train nothing")
    options = parser.parse_args(arguments)
    if not options.all_rows and options.data is None:
        parser.error("give --data, or --all-rows")
    if (options.spoil is None) != (options.share == 0) or not 0 <= options.share <= 1:
        parser.error("--spoil and --share come together, the share above 0 and at most 1")
    return options


def command(options: argparse.Namespace, seed: int = 0) -> str:
    """The command that repeats a run of the row, without what is this machine's alone."""
    words = [f"--data ../shared/data --train {options.train}"]
    words += [f"--readout {options.readout}"] if options.readout != "own" else []
    words += [f"--spoil {options.spoil} --share {options.share:g}"] if options.spoil else []
    words += [f"--with {shlex.quote(setting)}" for setting in options.settings]
    return " ".join([PROGRAM, *words, *([f"--seed {seed}"] if seed else [])])


def from_command(line: str) -> argparse.Namespace:
    """The options of a command that `command` made."""
    return parse(shlex.split(line.removeprefix(PROGRAM)))


def same_row(one: argparse.Namespace, other: argparse.Namespace) -> bool:
    """Whether two runs belong to one row."""
    ours, theirs = ({key: each for key, each in vars(run).items() if key not in NOT_PART} for run in (one, other))
    return ours == theirs


def row_name(options: argparse.Namespace) -> str:
    """As mixed, keratinocytes-thesis, keratinocytes-missing-0.3: what trains, the read-out, what changes."""
    words = [options.train, *([options.readout] if options.readout != "own" else [])]
    words += [options.spoil, f"{options.share:g}"] if options.spoil else []
    for setting in options.settings:
        key, _, value = setting.partition("=")
        words += [key.rpartition(".")[2], value]
    return "-".join(words)


def lines_of(options: argparse.Namespace) -> tuple[str, ...]:
    """The cell lines that train, each of which tests as well."""
    return tuple(FIELDS) if options.train == MIXED else (options.train,)


def row_settings(options: argparse.Namespace) -> list[str]:
    """What the row changes in the configuration: one window of each cell line validates."""
    validation = f"training.validation={len(lines_of(options))}"
    return [validation, *READOUTS[options.readout], *options.settings]


def wanted(line: str = "") -> argparse.Namespace:
    """The options of a row that shall be there, by its words on the command line."""
    return parse(["--data", "data", *shlex.split(line)])


def main_rows() -> dict[str, argparse.Namespace]:
    """What is aimed at, and the same network trained and read as in the thesis."""
    return {"ours": wanted(), "thesis": wanted("--readout thesis")}


def line_rows() -> dict[str, argparse.Namespace]:
    """A pure model of each cell line, and one of both."""
    return {train: wanted(f"--train {train}") for train in (*FIELDS, MIXED)}


def alpha_rows() -> dict[float, argparse.Namespace]:
    """Figure 7.2; a half is the configuration's own."""
    return {alpha: wanted("" if alpha == 0.5 else f"--with options.alpha={alpha:g}") for alpha in ALPHAS}


def spoiled_rows(kind: str) -> dict[float, argparse.Namespace]:
    """Labels spoiled more and more, from none on."""
    rows = {share: wanted(f"--spoil {kind} --share {share:g}") for share in SHARES}
    return {0.0: wanted(), **rows}


def all_rows() -> list[argparse.Namespace]:
    """Every row of the section, each once."""
    rows = [*main_rows().values(), *line_rows().values(), *alpha_rows().values()]
    rows += [row for kind in KINDS for row in spoiled_rows(kind).values()]
    return list({row_name(row): row for row in rows}.values())
