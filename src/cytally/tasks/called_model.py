"""A model and what it is called: tables and run.json name it as the user did."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cytally.models.model import Model
from cytally.models.store import bundled_models, load


@dataclass(frozen=True, eq=False)
class CalledModel:
    """A loaded model.

    Parameters
    ----------
    model
        The model.
    name
        What tables call it: the folder or the bundled name as it was given, or its own name.
    folder
        The absolute path of its folder; None for a bundled model, and for one that was never on the disk.
    """

    model: Model
    name: str
    folder: Path | None = None


def called(model: str | Path | Model | CalledModel) -> CalledModel:
    """Load what is the name of a bundled model, or a model folder; give what is loaded a name.

    Raises
    ------
    ModelError
        When it is missing or broken.
    """
    if isinstance(model, CalledModel):
        return model
    if isinstance(model, Model):
        return CalledModel(model, model.name)
    folder = None if str(model) in bundled_models() else Path(model).absolute()
    return CalledModel(load(model), str(model), folder)
