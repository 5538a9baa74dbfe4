"""Lay the latent vectors of test images out before and after a transfer, for the picture of docs/benchmarks.md.

    python benchmarks/transfer_latent.py --data ../shared/data --set D --from C

Takes the models of transfer.py and its rows, which have to be in the same --work, and needs cytally[umap]. Writes
benchmarks/results/transfer-latent.json; `python benchmarks/report.py` draws it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from script import run_script
from transfer import configuration_of, prepared_so, source_model, work_of
from transfer_rows import parse

from cytally.datasets.folder import read_folder
from cytally.datasets.load import load_examples
from cytally.files import write_text
from cytally.models.model import Model
from cytally.models.store import load
from cytally.report.latent import latent_map, umap_is_installed
from cytally.tasks.drawn import drawn_examples
from cytally.tasks.insight import insight

RESULT = Path(__file__).resolve().parent / "results" / "transfer-latent.json"
IMAGES, DRAWN_SEED = 200, 3_000_003
"""Pictures of either origin, and what is added to the run's seed for drawn ones that nothing was trained on."""


def laid_out(model: Model, work: Path) -> dict[str, list[float]]:
    """Places, origins and counts of natural test images and of drawn ones."""
    configuration = model.card.configuration
    natural = load_examples(read_folder(work / "data" / "test").samples[:IMAGES], configuration.input)
    known = read_folder(work / "data" / "train", require_annotation=False).samples
    seed = configuration.seed + DRAWN_SEED
    drawn = drawn_examples(configuration, model.card.input_channels, IMAGES, seed, natural=known)
    seen = insight(model, natural, drawn)
    assert seen.drawn is not None
    parts = [seen.natural, seen.drawn]
    places = latent_map(np.concatenate([part.latents for part in parts])).places
    origins = np.repeat([0, 1], [len(part.counts) for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    return {
        "x": places[:, 0].round(2).tolist(),
        "y": places[:, 1].round(2).tolist(),
        "drawn": origins.tolist(),
        "count": counts.tolist(),
    }


def main(arguments: list[str] | None = None) -> None:
    """Write the places before and after."""
    options = parse(arguments, __doc__)
    if not umap_is_installed():
        sys.exit("UMAP is not installed; run: pip install 'cytally[umap]'")
    configuration, work = configuration_of(options), work_of(options)
    before = prepared_so(load(source_model(options)), configuration)
    after = load(work / f"model-{options.seed}")
    result = {"before the transfer": laid_out(before, work), "after the transfer": laid_out(after, work)}
    write_text(RESULT, json.dumps(result) + "\n")


if __name__ == "__main__":
    run_script(main)
