"""The rows of the benchmark on drawn volumes: kind, settings, the command line of volumes.py, row names."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from volumes_drawn import KINDS, TEST, TRAIN

PROGRAM = "python benchmarks/volumes.py"
CONFIGURATION = "efficient-cell-seg-small.yaml"

SETTINGS = {
    "mda231": ("options.split=centres", "options.centres=true"),
    "tric": ("options.split=distance",),
    "a549-sim": ("options.split=components", "training.steps=1000"),
    "nuclei-3d": (
        "options.split=distance",
        "augmentation.scale=[0.75,1.33]",
        "training.crop=64",
        "training.batch_size=8",
        "training.steps=2000",
    ),
}
"""How each kind is read, as the paper reads the data set it is like, and what suits the size of its slices."""

MASK = ("options.split=components", "training.steps=800")
"""What Table 2 compares: one network for the mask, in a short training of equal steps."""

DECODERS = {"small": "64,48,32,16", "medium": "112,80,48,16", "large": "512,256,128,64"}
"""Of Table 2."""

NOT_PART = ("work", "seed", "all_rows", "real", "score_again")
"""Options in which two runs of one row may differ."""


def parse(arguments: list[str] | None = None, description: str | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, default="mda231")
    parser.add_argument("--mask", action="store_true", help="one network alone, for the mask: what Table 2 compares")
    parser.add_argument("--context", choices=("pseudocolours", "copies"), default="pseudocolours")
    parser.add_argument("--decoder", choices=DECODERS, default="small")
    parser.add_argument("--volumes", type=int, default=len(TRAIN), help="how many drawn volumes are trained on")
    parser.add_argument("--seed", type=int, default=0, help="each seed is one run of the row")
    parser.add_argument("--with", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="of a real volume of nuclei to test on")
    parser.add_argument("--work", type=Path, default=Path("benchmark-work"), help="folder for data and models; kept")
    parser.add_argument("--score-again", action="store_true", help="train nothing: read the row's trained model anew")
    parser.add_argument("--all-rows", action="store_true", help="print the commands of the whole section; run nothing")
    options = parser.parse_args(arguments)
    if not 3 <= options.volumes <= min(TEST):
        parser.error(f"--volumes is from 3 to {min(TEST)}: the seeds from there on test")
    return options


def command(options: argparse.Namespace, seed: int = 0) -> str:
    """The command that repeats a run of the row, without what is this machine's alone."""
    words = [f"--kind {options.kind}"]
    words += ["--mask"] if options.mask else []
    words += [f"--context {options.context}"] if options.context != "pseudocolours" else []
    words += [f"--decoder {options.decoder}"] if options.decoder != "small" else []
    words += [f"--volumes {options.volumes}"] if options.volumes != len(TRAIN) else []
    words += [f"--with {shlex.quote(setting)}" for setting in options.settings]
    words += ["--real ../shared/data/volume"] if options.kind == "nuclei-3d" else []
    return " ".join([PROGRAM, *words, *([f"--seed {seed}"] if seed else [])])


def from_command(line: str) -> argparse.Namespace:
    """The options of a command that `command` made."""
    return parse(shlex.split(line.removeprefix(PROGRAM)))


def same_row(one: argparse.Namespace, other: argparse.Namespace) -> bool:
    """Whether two runs belong to one row."""
    ours, theirs = ({key: each for key, each in vars(run).items() if key not in NOT_PART} for run in (one, other))
    return ours == theirs


def row_name(options: argparse.Namespace) -> str:
    """As mda231, mda231-mask-copies, tric-gap-0: the kind, and what changes."""
    words = [options.kind, *(["mask"] if options.mask else [])]
    words += [options.context] if options.context != "pseudocolours" else []
    words += [options.decoder] if options.decoder != "small" else []
    words += [f"{options.volumes}-volumes"] if options.volumes != len(TRAIN) else []
    for setting in options.settings:
        key, _, value = setting.partition("=")
        words += [key.rpartition(".")[2], value]
    return "-".join(words)


def row_settings(options: argparse.Namespace) -> list[str]:
    """What the row changes in the configuration."""
    read = MASK if options.mask else SETTINGS[options.kind]
    changed = [f"options.context={options.context}", f"options.decoder=[{DECODERS[options.decoder]}]"]
    return [*read, *changed, *options.settings]


def wanted(line: str) -> argparse.Namespace:
    """The options of a row that shall be there, by its words on the command line."""
    return parse(shlex.split(line))


def kind_rows() -> dict[str, argparse.Namespace]:
    """Table 1: each kind, read as the paper reads its data set."""
    return {kind: wanted(f"--kind {kind}") for kind in KINDS}


def context_rows(kind: str = "mda231") -> dict[str, argparse.Namespace]:
    """Pseudocolours beside three copies of the slice."""
    return {each: wanted(f"--kind {kind} --mask --context {each}") for each in ("pseudocolours", "copies")}


def decoder_rows() -> dict[str, argparse.Namespace]:
    """Table 2: three decoders."""
    return {each: wanted(f"--kind mda231 --mask --decoder {each}") for each in DECODERS}


def real_row() -> argparse.Namespace:
    """What the real volume of nuclei is tested with: more drawn volumes, slices enlarged as the paper enlarges them."""
    settings = ("options.side=128", "training.batch_size=4", "training.steps=1500")
    changes = " ".join(f"--with {setting}" for setting in settings)
    return wanted(f"--kind nuclei-3d --volumes 120 {changes}")


def all_rows() -> list[argparse.Namespace]:
    """Every row of the section, each once."""
    rows = [*kind_rows().values(), real_row(), *context_rows().values(), *context_rows("tric").values()]
    rows += decoder_rows().values()
    return list({row_name(row): row for row in rows}.values())
