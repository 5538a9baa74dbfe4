"""Saving a run so that it goes on after a kill at any moment."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from cytally.errors import ModelError
from cytally.files import whole_file

VERSION = 1
UNREADABLE = (OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError, UnpicklingError)
"""What torch raises, one or another, where a file is cut short, is something else, or would run code."""


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors and plain values) whole: a kill leaves the earlier checkpoint as it was."""
    with whole_file(path) as temporary:
        torch.save({"version": VERSION, **state}, temporary)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint; nothing in it is executed.

    Raises
    ------
    ModelError
        When there is none, or it is broken or of another version.
    """
    cure = "train anew with --overwrite"
    if not path.is_file():
        raise ModelError("there is no checkpoint to resume from", file=path, cure=cure)
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise ModelError("is no readable checkpoint", file=path, cure=cure) from error
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise ModelError("is a checkpoint of another version of cytally", file=path, cure=cure)
    return state
