"""The rows of the benchmark on transfer: sets, settings, the command line of transfer.py, each row's name."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

PROGRAM = "python benchmarks/transfer.py"
CONFIGURATION = "twin-vae-small.yaml"
STEPS, SHORT, TENTH, ALL = 2000, 1000, 0.1, 1.0
"""Steps of a training, of the rows that compare settings, and the shares of training images that are labelled."""

NOT_PART = ("data", "work", "seed", "all_rows")
"""Options in which two runs of one row may differ."""

SETS = {
    "A": ("input.normalisation=foreground", "drawn.preset=fluorescent-nuclei"),
    "C": ("input.normalisation=range", "drawn.preset=cho-phase-contrast"),
    "D": ("input.normalisation=range", "drawn.preset=cho-bright-field"),
    "H": (
        "input.normalisation=range",
        "input.channels=[red]",
        "drawn.preset=histology-nuclei",
        "drawn.counts=preset",  # tissue is drawn by its density, not by a number of nuclei
    ),
}
"""What each stand-in asks for: how its brightness is normalised, and which cells are drawn beside it."""

NAMES = {"A": "fluorescence", "C": "phase contrast", "D": "bright field", "H": "H&E"}

DIRECTIONS = (("A", "H"), ("H", "A"), ("C", "D"), ("D", "C"))
COMPARED = ("C", "D")
"""The direction in which settings are compared: that of the paper."""

EQUAL = (
    "drawn.images=1500",
    "training.patience=1000000",
    "training.keep=last",
    "training.validate_every=1",
    "training.warmup_steps=20",
    "training.keep_most_accurate=false",
)
"""The same for all: the weights of the end count, since a handful of validation images cannot choose."""

STRATEGIES = ("simultaneous", "frozen-core", "frozen-outer", "thaw")
DECODER_WEIGHTS = (0, 10, 100, 1000)
RATIOS = (0, 0.5, 1, 2, 5)
HYPERPARAMETERS = {
    "training.learning_rate": (3e-4, 1e-3, 3e-3),
    "training.batch_size": (8, 16, 32),
    "options.count_weight": (1, 3, 10),
    "options.divergence_weight": (0.2, 2, 20),
    "options.dropout": (0, 0.1, 0.3),
}
BUDGETS = (100, 200, 400, 1000, 2000)
"""Steps of the runs that show how the error falls; each is a run of its own, whose learning rate falls to its end."""


def parse(arguments: list[str] | None = None, description: str | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds dsb2018_fluo and mbm")
    parser.add_argument("--set", choices=SETS, help="what is counted")
    parser.add_argument("--from", dest="source", choices=SETS, help="what the model to begin with was trained on")
    parser.add_argument("--labelled", type=float, default=TENTH, help="share of the training images")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0, help="each seed is one run of the row")
    parser.add_argument("--with", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--method", choices=("twin-vae", "bit"), default="twin-vae")
    parser.add_argument("--work", type=Path, default=Path("benchmark-work"), help="folder for data and models; kept")
    parser.add_argument("--all-rows", action="store_true", help="print the commands of the whole section; run nothing")
    options = parser.parse_args(arguments)
    if not options.all_rows and None in (options.data, options.set):
        parser.error("give --data and --set, or --all-rows")
    if options.source is not None and options.method != "twin-vae":
        parser.error("--from is for the Twin-VAE")
    return options


def command(options: argparse.Namespace, seed: int = 0) -> str:
    """The command that repeats a run of the row, without what is this machine's alone."""
    words = [f"--data ../shared/data --set {options.set}"]
    words += [f"--from {options.source}"] if options.source else []
    words += [f"--method {options.method}"] if options.method != "twin-vae" else []
    words += [f"--labelled {options.labelled:g}"] if options.labelled != TENTH else []
    words += [f"--steps {options.steps}"] if options.steps != STEPS else []
    words += [f"--with {shlex.quote(setting)}" for setting in options.settings]
    return " ".join([PROGRAM, *words, *([f"--seed {seed}"] if seed else [])])


def from_command(line: str) -> argparse.Namespace:
    """The options of a command that `command` made."""
    return parse(shlex.split(line.removeprefix(PROGRAM)))


def row_name(options: argparse.Namespace) -> str:
    """As D-from-C-10-2000: what is counted, where the model came from, the percentage labelled, the steps, settings."""
    words = [options.set, f"from-{options.source}" if options.source else "scratch"]
    words += [options.method] if options.method != "twin-vae" else []
    words += [f"{100 * options.labelled:g}", str(options.steps)]
    for setting in options.settings:
        key, _, value = setting.partition("=")
        words += [key.rpartition(".")[2], value]
    return "-".join(words)


def wanted(
    target: str,
    source: str | None = None,
    *,
    labelled: float = TENTH,
    steps: int = STEPS,
    settings: tuple[str, ...] = (),
) -> argparse.Namespace:
    """The options of a row that shall be there."""
    words = ["--data", "data", "--set", target, "--labelled", f"{labelled:g}", "--steps", str(steps)]
    words += ["--from", source] if source else []
    for setting in settings:
        words += ["--with", setting]
    return parse(words)


def main_rows() -> list[argparse.Namespace]:
    """From scratch and carried over, in each direction: all labels, a tenth of them, and a fifth of the steps."""
    scratch = [wanted(name, labelled=share) for share in (ALL, TENTH) for name in NAMES]
    carried = [wanted(there, here, steps=steps) for steps in (STEPS, STEPS // 5) for here, there in DIRECTIONS]
    return scratch + carried


def strategy_rows() -> list[argparse.Namespace]:
    """Figure 10."""
    here, there = COMPARED
    settings = [() if name == "simultaneous" else (f"transfer.strategy={name}",) for name in STRATEGIES]
    return [wanted(there, here, steps=SHORT, settings=each) for each in settings]


def setting_rows(name: str, values: tuple[float, ...], usual: float) -> list[argparse.Namespace]:
    """Figures 9, 11 and 12: one setting changed at a time; the usual value is the plain row."""
    here, there = COMPARED
    settings = [() if value == usual else (f"{name}={value:g}",) for value in values]
    return [wanted(there, here, steps=SHORT, settings=each) for each in settings]


def decoder_rows() -> list[argparse.Namespace]:
    """Figure 11; a weight of 0 is the decoder off."""
    return setting_rows("options.reconstruction_weight", DECODER_WEIGHTS, 100)


def ratio_rows() -> list[argparse.Namespace]:
    """Figure 12; a ratio of 0 sees natural pictures alone."""
    here, there = COMPARED
    settings = [() if ratio == 2 else (f"drawn.ratio={ratio:g}",) for ratio in RATIOS]
    settings = [(*each, "options.cross_weight=0") if "drawn.ratio=0" in each else each for each in settings]
    return [wanted(there, here, steps=SHORT, settings=each) for each in settings]


def hyperparameter_rows() -> dict[str, list[argparse.Namespace]]:
    """Figure 9."""
    return {name: setting_rows(name, values, values[1]) for name, values in HYPERPARAMETERS.items()}


def budget_rows() -> dict[str, list[argparse.Namespace]]:
    """How the error falls with the steps, from scratch and carried over."""
    here, there = COMPARED
    return {
        "from scratch": [wanted(there, steps=steps) for steps in BUDGETS],
        "carried over": [wanted(there, here, steps=steps) for steps in BUDGETS],
    }


def baseline_row() -> argparse.Namespace:
    """BiT on what is compared, from scratch, for the 500 steps of its rule; at 128 pixels, not 480, for the time."""
    words = ["--data", "data", "--set", COMPARED[1], "--method", "bit", "--steps", "500"]
    return parse([*words, "--with", "options.side=128", "--with", "training.batch_size=16"])


def all_rows() -> list[argparse.Namespace]:
    """Every row of the section, sources before what is begun with them."""
    rows = [*main_rows(), *strategy_rows(), *decoder_rows(), *ratio_rows()]
    rows += [row for group in (*hyperparameter_rows().values(), *budget_rows().values()) for row in group]
    rows.append(baseline_row())
    return list({row_name(row): row for row in rows}.values())


def row_settings(options: argparse.Namespace) -> list[str]:
    """What the row changes in the configuration."""
    ratio = ["drawn.ratio=2"] if options.source else []
    if options.method == "bit":
        settings = [setting for setting in SETS[options.set] if not setting.startswith("drawn")]
        equal = [setting for setting in EQUAL[1:] if "warmup" not in setting]  # the rule has its own
        return [*settings, *equal, "counting.flips=true", f"training.steps={options.steps}", *options.settings]
    return [*SETS[options.set], *EQUAL, f"training.steps={options.steps}", *ratio, *options.settings]
