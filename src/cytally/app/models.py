"""The models that can count here: those that come with cytally, and those that the workspace holds."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from cytally.app.answers import ModelAnswer
from cytally.app.refusal import Refusal
from cytally.app.workspace import Workspace
from cytally.errors import ModelError
from cytally.models.store import CARD, bundled_folder, bundled_models, read_card

OWN = re.compile(r"[0-9a-f]{12}")
IMPROVED = "projects/*/models/*"
PUT_THERE = "models/*"
"""Model folders that a user put into the workspace."""


def list_models(workspace: Workspace) -> list[ModelAnswer]:
    """All models that can be read, the bundled ones first."""
    found = [_answer(name, bundled_folder() / name, bundled=True) for name in bundled_models()]
    found += [_answer(folder.name, folder, bundled=False) for folder in _own_folders(workspace)]
    return [each for each in found if each is not None]


def model_folder(workspace: Workspace, model: str) -> Path:
    """The folder of a model that `list_models` lists.

    Raises
    ------
    Refusal
        404 where it is none of them.
    """
    if model in bundled_models():
        return bundled_folder() / model
    own = next((folder for folder in _own_folders(workspace) if folder.name == model), None)
    if own is None or _answer(model, own, bundled=False) is None:
        raise Refusal(404, "there is no such model", "choose one of the list")
    return own


def named_model(workspace: Workspace, model: str) -> str | Path:
    """A model as tasks take it: the name of one that comes with cytally, or else its folder.

    Raises
    ------
    Refusal
        404 where there is none.
    """
    return model if model in bundled_models() else model_folder(workspace, model)


def _own_folders(workspace: Workspace) -> list[Path]:
    return [card.parent for place in (PUT_THERE, IMPROVED) for card in sorted(workspace.folder.glob(f"{place}/{CARD}"))]


def _answer(name: str, folder: Path, *, bundled: bool) -> ModelAnswer | None:
    try:
        state = (folder / CARD).stat()
        return _read(name, folder, bundled, state.st_mtime_ns, state.st_size)
    except (ModelError, OSError):
        return None  # a training that was stopped


@lru_cache(maxsize=256)
def _read(name: str, folder: Path, bundled: bool, _written: int, _size: int) -> ModelAnswer:
    """The answer as long as the card is the same: the page asks often, and cards hold long tables."""
    card = read_card(folder)
    project = folder.parent.parent.name if OWN.fullmatch(folder.parent.parent.name) else None
    created = card.provenance.get("created")
    title = card.name or (f"improved {(created or '')[:16].replace('T', ' ')}".strip() if project else folder.name)
    if card.name and not (bundled or project) and card.name != folder.name:
        title = f"{card.name} ({folder.name})"
    return ModelAnswer(
        id=name,
        name=title,
        description=card.description or f"A model of the method {card.method}.",
        method=card.method,
        bundled=bundled,
        calibrated=card.calibration is not None,
        project=project,
        created=created,
    )
