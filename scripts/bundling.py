"""Putting a trained model among those that cytally brings along."""

from __future__ import annotations

from pathlib import Path

from cytally.models.store import bundled_folder, load, save


def install(model: Path, name: str, description: str, command: list[str]) -> None:
    """Store the model folder `model`, in half precision, as the bundled model `name`.

    `command` is what its card shall say made it, without the folders of this machine.
    """
    trained = load(model)
    told = {"name": name, "description": description, "provenance": trained.card.provenance | {"command": command}}
    trained.card = trained.card.model_copy(update=told)
    save(trained, bundled_folder() / name, half=True)
