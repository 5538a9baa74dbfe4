"""Improving a model on reviewed images: trained on from its weights, and kept only where it counts better.

Part of the reviewed images is held back; neither the training nor its validation sees them. The old and the new model
count these, and the old one stays unless the new one is off by less.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from cytally.app.desk import Desk
from cytally.app.export import contents_of, reviewed_images, write_data_folder
from cytally.app.held_back import FEWEST, split_reviewed
from cytally.app.models import model_folder
from cytally.app.points import final_points
from cytally.app.records import touch
from cytally.app.refusal import Refusal
from cytally.app.running import Running
from cytally.errors import DataError
from cytally.files import whole_folder
from cytally.methods.registry import find_method
from cytally.methods.volume_method import VolumeMethod
from cytally.models.card import ModelCard
from cytally.models.store import CHECKPOINT, read_card
from cytally.tasks.evaluate import evaluate
from cytally.tasks.start import seen_images
from cytally.tasks.train import train
from cytally.tasks.watch import Watch
from cytally.training.configuration import Configuration
from cytally.training.state import TrainingProgress

VALIDATION = 0.25
"""Share of the others that validates the training."""
SLOWER = 0.2
"""Factor on the learning rate that the model was trained with: it only has to learn what is different here."""
CROPS_BETWEEN = 64
"""Crops between two validations, at least: few images are passed over in no time."""
OFTEN = 1.0
"""Seconds between two points of the curves."""
STEPS = 1000
"""What the progress of a training is counted in."""


def queue_improvement(desk: Desk, project: str, model: str) -> None:
    """Refuse what cannot be improved.

    Raises
    ------
    Refusal
        404 where there is no such model, 409 where it cannot learn from points, or too few images are reviewed.
    """
    card = read_card(model_folder(desk.workspace, model))
    method = find_method(card.method)
    if not method.has_weights or method.needs_labels or issubclass(method, VolumeMethod):
        raise Refusal(
            409, f"a model of the method {card.method} cannot learn from points", "choose one of the method density"
        )
    number = len(reviewed_images(desk.workspace, project))
    if number < FEWEST:
        raise Refusal(
            409,
            f"{number} image{'s are' if number != 1 else ' is'} reviewed, and it takes {FEWEST} to train and compare",
            f"review {FEWEST - number} more",
        )


def run_improvement(running: Running) -> dict[str, Any]:
    """Train on, compare, and keep the better model. What an earlier server began is gone on with."""
    with running.work_folder("improve") as work:
        return _improve(running, work)


def _improve(running: Running, work: Path) -> dict[str, Any]:
    workspace, old = running.desk.workspace, model_folder(running.desk.workspace, running.asked["model"])
    running.tell(0, STEPS, "Gathering the reviewed images", at_once=True)
    if not (work / "held").is_dir():
        contents = contents_of(workspace, reviewed_images(workspace, running.project))
        cells = {content for row, content in contents if final_points(workspace, row)}
        empty = {content for _, content in contents} - cells
        seen, held = split_reviewed(workspace.store, contents, seen_images(read_card(old)), empty)
        write_data_folder(workspace, seen, work / "seen", link=True)
        write_data_folder(workspace, held, work / "held", link=True)
    began = (work / "model" / CHECKPOINT).is_file()
    configuration = fine_tuning(read_card(old), len(list((work / "seen" / "images").iterdir())))
    train(
        configuration,
        work / "seen",
        work / "model",
        start=old,
        minutes=running.asked["minutes"],
        resume=began,
        overwrite=not began,
        watch=_watch(running),
    )
    running.tell(STEPS, STEPS, "Comparing with the model as it was", at_once=True)
    compared = {
        "old": _compare(running, old, work / "held"),
        "new": _compare(running, work / "model", work / "held"),
    }
    better = compared["new"]["mae"] < compared["old"]["mae"]
    if better:
        _keep(running, work / "model")
    return {**compared, "kept": "new" if better else "old", "model": running.id if better else None}


def fine_tuning(card: ModelCard, images: int) -> Configuration:
    """How a model is trained on: as it was trained, with smaller steps, until the time is over."""
    before = card.configuration.training
    training = before.model_copy(
        update={
            "learning_rate": SLOWER * before.learning_rate,
            "schedule": "cosine",
            "steps": None,
            "epochs": None,
            "validation": VALIDATION,
            "validate_every": max(1, CROPS_BETWEEN // max(1, images * before.crops_per_image)),
            "keep": "best",
            "keep_most_accurate": False,
            "teacher": None,
        }
    )
    return card.configuration.model_copy(update={"training": training, "transfer": None})


def _watch(running: Running) -> Watch:
    last = 0.0

    def on_step(at: TrainingProgress) -> None:
        nonlocal last
        if time.monotonic() - last > OFTEN:
            last = time.monotonic()
            running.curve(at.step, at.loss, at.validation_error)
        running.tell(at.done * STEPS, STEPS, f"Training, step {at.step:,}")

    return Watch(on_images=lambda what, done, total: running.tell(0, STEPS, what), on_step=on_step)


def _compare(running: Running, model: Path, data: Path) -> dict[str, float]:
    counting = evaluate(
        model, data, watch=Watch(on_images=lambda what, done, total: running.tell(STEPS, STEPS, "Comparing"))
    ).counting
    if counting is None:
        raise DataError("no held back image could be counted", cure="review other images")
    return {"mae": counting["mae"], "n": int(counting["n"])}


def _keep(running: Running, model: Path) -> None:
    """Make the new model one of the list, and that of the project."""
    folder = running.folder / "models" / running.id
    folder.parent.mkdir(exist_ok=True)
    with whole_folder(folder) as temporary:
        for path in model.iterdir():
            if path.is_file() and path.name != CHECKPOINT:
                shutil.copyfile(path, temporary / path.name)
    store = running.desk.store
    store.change("UPDATE projects SET model = ? WHERE id = ?", running.id, running.project)
    touch(store, running.project)
