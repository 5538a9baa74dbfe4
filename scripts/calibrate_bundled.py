"""Calibrate the bundled models on the images of BBBC038v1 that they have not seen.

    python scripts/calibrate_bundled.py ../shared/data/dsb2018_fluo WORK

Writes calibrated copies to WORK, and the field `calibration` of each into the bundled model's card.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from cytally.files import write_text
from cytally.models.store import CARD, bundled_folder, bundled_models
from cytally.tasks.calibrate import calibrate
from cytally.tasks.watch import Watch

COMMAND = ["python", "scripts/calibrate_bundled.py", "DATA", "WORK"]
"""What the cards shall say made it, without the folders of this machine."""


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="annotated fluorescence images: a data folder")
    parser.add_argument("work", type=Path, help="folder for the calibrated copies")
    options = parser.parse_args()
    for name in bundled_models():
        found = calibrate(
            name,
            options.data,
            options.work / name,
            overwrite=(options.work / name).exists(),
            watch=Watch(on_note=print),
        ).calibration
        found = found.model_copy(update={"provenance": found.provenance | {"command": COMMAND}})
        path = bundled_folder() / name / CARD
        values = json.loads(path.read_text(encoding="utf-8"))  # what the card does not say stays unsaid
        write_text(path, json.dumps(values | {"calibration": found.model_dump(mode="json")}, indent=2) + "\n")
        low, high = found.interval(100.0)
        print(f"{name}: {len(found.scores)} images, 100 counted cells are {low:.1f} to {high:.1f}")


if __name__ == "__main__":
    main()
