"""A model that workers load once each, however many items they are given."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cytally.inference.backend import BackendName
from cytally.inference.torch_backend import Device, find_device
from cytally.models.exported import ExportedNetwork
from cytally.models.model import Model
from cytally.models.store import load, save

_loaded = threading.local()
"""In a worker: the last model, and where it came from. Each thread has its own, as not every back end shares."""


@dataclass(frozen=True)
class Origin:
    """Where workers find a model, and how they run it.

    Parameters
    ----------
    folder
        Where it is saved.
    digest
        Of its weights: tells two models apart that lay in one folder, one after the other.
    backend, device
        What runs it, and where.
    exported
        The network that lies exported beside the model's own folder, where there is one.
    """

    folder: Path
    digest: str
    backend: BackendName
    device: Device
    exported: ExportedNetwork | None = None


class SharedModel:
    """A handle of a model: in this process the model itself, and where it is sent to, one loaded from a folder.

    Parameters
    ----------
    model
        Ready to run.
    origin
        Where `save` puts it.

    Notes
    -----
    Only the origin is pickled, so items and functions that hold a `SharedModel` stay small.
    """

    def __init__(self, model: Model, origin: Origin) -> None:
        self.origin = origin
        self._model: Model | None = model

    def save(self) -> None:
        """Write the model's folder, for workers to load it from."""
        save(self.get(), self.origin.folder)

    def get(self) -> Model:
        """The model, ready to run.

        Raises
        ------
        ModelError
            When a worker cannot read its folder, as where disks are not shared.
        UsageError
            When a worker lacks the device or the back end.
        """
        # Not kept here: threads of a worker may share this handle, and each has a model of its own.
        return _load_once(self.origin) if self._model is None else self._model

    def __getstate__(self) -> dict[str, Any]:
        return {"origin": self.origin, "_model": None}


def make_ready(model: Model, backend: BackendName, device: Device) -> None:
    """Let a model run on `device` by `backend` from now on.

    Raises
    ------
    UsageError
        When there is no such device, or the back end is not installed or does not run on it.
    ModelError
        When the back end asked for cannot run the model.
    """
    model.use(backend, find_device(device))


def _load_once(origin: Origin) -> Model:
    if getattr(_loaded, "origin", None) != origin:
        model = load(origin.folder)
        model.exported = origin.exported
        make_ready(model, origin.backend, origin.device)
        _loaded.model, _loaded.origin = model, origin
    found: Model = _loaded.model
    return found
