"""The rows of the benchmark on few labels: sets, methods, the command line of few_labels.py, each row's name."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import dataclass
from pathlib import Path

from stand_ins import LABELLED

PROGRAM = "python benchmarks/few_labels.py"
MINUTES = 6.0
NOT_PART = ("data", "work", "seed", "all_rows")
"""Options in which two runs of one row may differ."""

SETS = {
    "A": ("input.normalisation=foreground", "drawn.preset=fluorescent-nuclei"),
    "B": ("input.normalisation=range", "drawn.preset=cho-phase-contrast"),
    "C": ("input.normalisation=range", "drawn.preset=cho-phase-contrast"),
}
"""What each stand-in asks of every method: how its brightness is normalised, and which cells are drawn beside it."""

EQUAL = ("training.steps=null", "training.patience=1000000", "training.keep=last", "counting.flips=true")
"""Nothing but `--minutes` ends a training, the weights of its end count, since a handful of images cannot choose, and
all count by the mean over turns and mirror images."""


@dataclass(frozen=True)
class Way:
    """A method as it is compared.

    Parameters
    ----------
    about
        What it is, for the table.
    configuration
        File in examples/.
    settings
        `key=value` settings on top of it, and of those of the set.
    needs_labels
        Whether it can do nothing where no image is labelled.
    learns
        Whether it is trained for some minutes; else its settings are searched.
    """

    about: str
    configuration: str
    settings: tuple[str, ...] = ()
    needs_labels: bool = True
    learns: bool = True

    @property
    def all_settings(self) -> tuple[str, ...]:
        """Its settings, and those that make budgets equal."""
        return (*EQUAL, *self.settings) if self.learns else self.settings


TWIN = "twin-vae-small.yaml"
METHODS = {
    "twin-vae": Way("ours: `examples/twin-vae-small.yaml`", TWIN, needs_labels=False),
    "twin-vae-decoder": Way("the same, counted from the shared decoder's output", TWIN, ("options.regressor=decoder",)),
    "twin-vae-paper-loss": Way(
        "the same network trained as in the paper: each picture counted through its own encoder alone, every batch "
        "reconstructed, labelled images no oftener than others",
        TWIN,
        ("options.cross_weight=0", "options.reconstruction_every=1", "training.labelled_share=null"),
    ),
    "natural-only": Way("the same network without drawn images", TWIN, ("drawn.ratio=0", "options.cross_weight=0")),
    "efficientnet-b0": Way(
        "from scratch, labelled images alone",
        "efficientnet-b0.yaml",
        ("training.batch_size=16", "augmentation.blur=null"),  # as many steps as ours, and no blur either
    ),
    "watershed": Way("nothing learned; settings searched on the labelled images", "watershed.yaml", learns=False),
    "density": Way(
        "density maps, labelled images alone", "density.yaml", ("training.crop=128", "training.batch_size=8")
    ),
}

CURVE_METHODS = ("twin-vae", "density", "efficientnet-b0")
CURVE_SHARES = (0.0, 0.01, 0.03, LABELLED, 0.25, 1.0)


def parse(arguments: list[str] | None = None, description: str | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds dsb2018_fluo and phase_nuclei")
    parser.add_argument("--set", choices=SETS)
    parser.add_argument("--method", choices=METHODS)
    parser.add_argument("--labelled", type=float, default=LABELLED, help="share of the training images")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="budget of each training")
    parser.add_argument("--seed", type=int, default=0, help="each seed is one run of the row")
    parser.add_argument("--with", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--row", help="name of the result file")
    parser.add_argument("--work", type=Path, default=Path("benchmark-work"), help="folder for data and models; kept")
    parser.add_argument("--all-rows", action="store_true", help="print the commands of the whole section; run nothing")
    options = parser.parse_args(arguments)
    if not options.all_rows and None in (options.data, options.set, options.method):
        parser.error("give --data, --set and --method, or --all-rows")
    if not 0 <= options.labelled <= 1:
        parser.error("--labelled is a share, from 0 to 1")
    return options


def command(options: argparse.Namespace, seed: int = 0) -> str:
    """The command that repeats a run of the row, without what is this machine's alone."""
    words = [f"--data ../shared/data --set {options.set} --method {options.method}"]
    words += [f"--labelled {options.labelled:g}"] if options.labelled != LABELLED else []
    words += [f"--minutes {options.minutes:g}"] if options.minutes != MINUTES else []
    words += [f"--with {shlex.quote(setting)}" for setting in options.settings]
    words += [f"--row {shlex.quote(options.row)}"] if options.row else []
    return " ".join([PROGRAM, *words, *([f"--seed {seed}"] if seed else [])])


def from_command(line: str) -> argparse.Namespace:
    """The options of a command that `command` made."""
    return parse(shlex.split(line.removeprefix(PROGRAM)))


def same_row(one: argparse.Namespace, other: argparse.Namespace) -> bool:
    """Whether two runs belong to one row."""
    ours, theirs = ({key: each for key, each in vars(run).items() if key not in NOT_PART} for run in (one, other))
    return ours == theirs


def usual_name(options: argparse.Namespace) -> str:
    """As A-7-twin-vae: the set, the percentage that is labelled, the method."""
    return f"{options.set}-{100 * options.labelled:g}-{options.method}"


def row_name(options: argparse.Namespace) -> str:
    """The name of the result file."""
    return options.row or usual_name(options)


def row_settings(options: argparse.Namespace) -> list[str]:
    """What the row changes in the configuration."""
    return [*SETS[options.set], *METHODS[options.method].all_settings, *options.settings]


def wanted(data: str, method: str, share: float = LABELLED) -> argparse.Namespace:
    """The options of a row that shall be there."""
    return parse(["--data", "data", "--set", data, "--method", method, "--labelled", f"{share:g}"])


def curve_rows() -> list[argparse.Namespace]:
    """All points of the curve that can be measured: what needs labels has none at 0."""
    return [
        wanted("A", method, share)
        for share in CURVE_SHARES
        for method in CURVE_METHODS
        if share > 0 or not METHODS[method].needs_labels
    ]


def set_rows(data: str) -> list[argparse.Namespace]:
    """The rows of one stand-in at the usual share; B, an illustration, has two."""
    return [wanted(data, method) for method in (("twin-vae", "watershed") if data == "B" else METHODS)]


def all_rows() -> list[argparse.Namespace]:
    """The rows that make up the whole section, each once."""
    rows = [*set_rows("A"), *set_rows("C"), *set_rows("B"), *curve_rows()]
    return list({usual_name(row): row for row in rows}.values())
