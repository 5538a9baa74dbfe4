"""Make the bundled model `nuclei-fluorescence-lean`, one of several small networks that learn the big one's maps.

    python scripts/train_nuclei_fluorescence_lean.py ../shared/data/dsb2018_fluo WORK [--candidate stem-24]

WORK holds real, test and drawn images as `train_nuclei_fluorescence.py` leaves them there, and makes them where they
are missing; 100 more drawn images are for choosing. Each candidate is trained into WORK/lean/NAME-STEPS in two phases:
squared differences on drawn and real images, then absolute ones on mostly real images under frozen statistics, the
teacher's map being half of the target in both. `benchmarks/lean.py WORK` compares them; `--install NAME-STEPS` puts
one, in half precision, where cytally looks for bundled models.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from bundling import install
from train_nuclei_fluorescence import CONFIGURATION, divide, draw
from train_nuclei_fluorescence import NAME as TEACHER

from cytally.tasks.train import train
from cytally.tasks.watch import Watch
from cytally.training.configuration import read_configuration

NAME = "nuclei-fluorescence-lean"
DESCRIPTION = "As nuclei-fluorescence, from which it learnt, with a fifteenth of the work: faster, less exact."
COMMAND = ["python", "scripts/train_nuclei_fluorescence_lean.py", "DATA", "WORK"]
CANDIDATES = {
    "narrow-16": ["options.channels=[16,32,64,128]"],
    "narrow-12": ["options.channels=[12,24,48,96]"],
    "stem-24": ["options.channels=[24,48,96,192]", "options.stem_stride=2"],
    "stem-16": ["options.channels=[16,32,64,128]", "options.stem_stride=2"],
    "separable": ["options.stem_stride=2", "options.separable=true"],
}
ALONE = "alone"
"""Ends the name of a candidate that learns from the annotation alone."""
REAL = [
    "training.learning_rate=4e-4",
    "training.freeze_statistics=true",
    "options.loss=l1",
    "options.count_weight=0.5",
]
PHASES = (("mixed", [], 0.6), ("real", REAL, 0.75))
"""Folder, settings, and share of real images."""
LONG = 1500
"""From so many steps on the weights are averaged over more of them."""
VALIDATION_SCENES = 10_000
"""The first scene of the drawn images that choose."""


def settings(candidate: str, steps: int, alone: bool) -> list[str]:
    """What a candidate's phase of so many steps changes in the configuration of the big model."""
    common = [
        *CANDIDATES[candidate],
        f"training.steps={steps}",
        f"training.averaging={0.995 if steps >= LONG else 0.99}",
        "training.keep=last",
        "training.validate_every=3",
    ]
    return common if alone else [*common, f"training.teacher={TEACHER}", "training.teacher_share=0.5"]


def train_candidate(candidate: str, work: Path, steps: tuple[int, int], *, alone: bool) -> Path:
    """Train one candidate, going on where it was stopped; the folder of the finished model."""
    folder = work / "lean" / "-".join([candidate, str(sum(steps)), *[ALONE] * alone])
    model = None
    for (name, changes, share), number in zip(PHASES, steps, strict=True):
        configuration = read_configuration(CONFIGURATION, [*settings(candidate, number, alone), *changes])
        sources = [(work / "real", share), (work / "drawn", 1 - share)]
        watch = Watch(on_note=logging.info)
        model = train(configuration, sources, folder / name, start=model, resume=(folder / name).exists(), watch=watch)
    return folder / PHASES[-1][0]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="annotated fluorescence images: a data folder with labels")
    parser.add_argument("work", type=Path, help="folder for the drawn images and the models")
    parser.add_argument("--candidate", action="append", choices=[*CANDIDATES], help="by default all of them")
    parser.add_argument("--first", type=int, default=600, help="steps of the first phase")
    parser.add_argument("--second", type=int, default=400, help="steps of the second phase")
    parser.add_argument("--alone", action="store_true", help="without the teacher, to see what it is good for")
    parser.add_argument("--drawn", type=int, default=1000, help="number of drawn images")
    parser.add_argument("--install", metavar="NAME-STEPS", help="put this finished candidate among the bundled models")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    work: Path = options.work
    if options.install:
        install(work / "lean" / options.install / PHASES[-1][0], NAME, DESCRIPTION, COMMAND)
        return
    if not (work / "real").exists():
        divide(options.data, work / "real", work / "test")
    for folder, number, first in (("drawn", options.drawn, 0), ("drawn_validation", 100, VALIDATION_SCENES)):
        if not (work / folder).exists():
            draw(work / folder, number, first=first)
    for candidate in options.candidate or CANDIDATES:
        print(train_candidate(candidate, work, (options.first, options.second), alone=options.alone))


if __name__ == "__main__":
    main()
