"""The model that the drawn slide is counted with: the melanocyte configuration, trained for minutes on drawn pieces."""

from __future__ import annotations

import shutil
from pathlib import Path

from slide_drawn import DrawnSlide, slide_shape, write_crops

from cytally.models.store import CARD
from cytally.tasks.train import train
from cytally.training.configuration import read_configuration

CONFIGURATION = Path(__file__).resolve().parents[1] / "examples" / "density-melanocyte.yaml"
SEED, CROPS, SIDE, SCALE = 1, 64, 1024, 0.5
"""The slide that the pieces come from is another than the one that is counted."""
SETTINGS = (
    "training.batch_size=2",
    "training.learning_rate=5.0e-4",
    "training.clip=1.0",
    "training.schedule=cosine",
    "training.precision=auto",
    "training.averaging=0.99",
    "training.freeze_statistics_after=0.5",
    "training.keep=best",
    "training.validate_every=2",
    "options.loss=l2",
    "options.count_weight=0.1",
    "counting.precision=auto",
)
"""What is otherwise than in the paper: so that minutes are enough, and the number type that is fastest."""


def trained_model(folder: Path, minutes: float) -> Path:
    """The model's folder within `folder`, trained where it is not there."""
    model, data = folder / "model", folder / "pieces"
    if not (model / CARD).is_file():
        if not (data / "points.csv").is_file():
            shutil.rmtree(data, ignore_errors=True)
            write_crops(data, DrawnSlide(slide_shape(SCALE), SEED), CROPS, SIDE)
        train(read_configuration(CONFIGURATION, SETTINGS), data, model, minutes=minutes, device="cpu", overwrite=True)
    return model
