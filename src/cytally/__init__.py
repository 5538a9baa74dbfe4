"""cytally counts, finds and segments cells in microscopy images from few or no manual labels."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cytally.images.image import Image as Image
    from cytally.models.model import Model as Model
    from cytally.models.store import load as load
    from cytally.results import Metrics as Metrics
    from cytally.results import Prediction as Prediction
    from cytally.tasks.evaluate import evaluate as evaluate
    from cytally.tasks.label import label as label
    from cytally.tasks.synthesize import synthesize as synthesize
    from cytally.tasks.train import train as train
    from cytally.tasks.transfer import transfer as transfer

__version__ = version("cytally")

_HOMES = {
    "Image": "cytally.images.image",
    "Model": "cytally.models.model",
    "load": "cytally.models.store",
    "Metrics": "cytally.results",
    "Prediction": "cytally.results",
    "evaluate": "cytally.tasks.evaluate",
    "label": "cytally.tasks.label",
    "synthesize": "cytally.tasks.synthesize",
    "train": "cytally.tasks.train",
    "transfer": "cytally.tasks.transfer",
}

__all__ = [
    "Image",
    "Metrics",
    "Model",
    "Prediction",
    "__version__",
    "evaluate",
    "label",
    "load",
    "synthesize",
    "train",
    "transfer",
]


def __getattr__(name: str) -> Any:
    """Import the public names when first used, so that the command line starts before torch is loaded."""
    if name not in _HOMES:
        raise AttributeError(f"module 'cytally' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
