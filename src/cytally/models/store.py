"""Model folders: saving, loading, and the bundled ones. Nothing in a folder is ever executed."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes

from cytally.errors import CytallyError, ModelError
from cytally.files import whole_file, write_text
from cytally.models.card import FORMAT, ModelCard
from cytally.models.exported import ExportedNetwork
from cytally.models.model import Model

CARD, WEIGHTS = "model.json", "weights.safetensors"
CHECKPOINT = "checkpoint.pt"
"""What a training keeps beside, to go on from."""
ACCURATE = "most-accurate"
"""The folder within a model folder of the model that counted most validation images exactly right."""
PICKLES = (b"\x80", b"PK")
"""How a pickle, or torch's zipped pickle, begins. A safetensors file begins with the length of its header."""


def bundled_folder() -> Path:
    """The folder of the models that come with cytally."""
    return Path(str(resources.files("cytally") / "bundled"))


def bundled_models() -> list[str]:
    """Names of the models that come with cytally."""
    return sorted(card.parent.name for card in bundled_folder().glob(f"*/{CARD}"))


def load(model: str | Path) -> Model:
    """Load a bundled model by its name, or a model folder.

    Raises
    ------
    ModelError
        When it is missing, incomplete, truncated, of another version, or its weights are no safetensors.
    """
    folder = bundled_folder() / str(model)
    if str(model) not in bundled_models():
        folder = Path(model)
    if not folder.is_dir():
        known = ", ".join(bundled_models()) or "none"
        raise ModelError("there is no such model", file=model, cure=f"give a model folder or a bundled name ({known})")
    card = read_card(folder)
    weights = _read_weights(folder / WEIGHTS)
    try:
        network = card.configuration.build(card.input_channels).network()
        network.load_state_dict(
            {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}
        )
    except CytallyError as error:
        raise ModelError(error.message, file=folder, cure=error.cure) from error
    except RuntimeError as error:
        raise ModelError(
            f"the weights do not fit the network that {CARD} describes",
            file=folder / WEIGHTS,
            cure="train or copy the model again",
        ) from error
    loaded = Model(card, network.eval())
    loaded.exported = ExportedNetwork.of(folder)
    return loaded


def save(model: Model, folder: Path, *, half: bool = False) -> None:
    """Write a model folder, each file whole; `half` stores the weights in 16 bits."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: (value.half() if half and value.is_floating_point() else value).cpu().contiguous()
        for name, value in model.network.state_dict().items()
    }
    with whole_file(folder / WEIGHTS) as temporary:
        temporary.write_bytes(to_bytes(weights))  # save_file would keep other users from reading it
    write_text(folder / CARD, model.card.model_dump_json(indent=2) + "\n")


def read_card(folder: Path) -> ModelCard:
    """Read model.json alone.

    Raises
    ------
    ModelError
        When it is missing, no JSON, of another version, or lacks something.
    """
    path = folder / CARD
    again = "train or copy the model again"
    if not path.is_file() and (folder / CHECKPOINT).is_file():
        raise ModelError(
            "holds a training that was stopped before it gave a model",
            file=folder,
            cure="go on with 'cytally train', the same options and --resume",
        )
    if not path.is_file():
        raise ModelError(
            f"is no model folder, it has no {CARD}", file=folder, cure="give the folder that 'cytally train' wrote"
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ModelError("is cut short or no JSON", file=path, cure=again) from error
    version = values.get("format") if isinstance(values, dict) else None
    if version != FORMAT:
        raise ModelError(
            f"has format {version}, this version of cytally reads format {FORMAT}",
            file=path,
            cure="use the version of cytally that wrote it, or train again",
        )
    try:
        return ModelCard.model_validate(values)
    except (ValidationError, CytallyError) as error:
        if isinstance(error, CytallyError):
            raise ModelError(error.message, file=path, cure=error.cure) from error
        complaint = error.errors()[0]
        key = ".".join(str(part) for part in complaint["loc"])
        raise ModelError(f"'{key}': {complaint['msg']}", file=path, cure=again) from error


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        raise ModelError("the weights are missing", file=path, cure="train or copy the model again")
    with path.open("rb") as file:
        start = file.read(9)
    if start.startswith(PICKLES) and start[8:9] != b"{":
        raise ModelError(
            "is a pickle, which could run code when opened, and is refused",
            file=path,
            cure="use weights saved as safetensors",
        )
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(
            "is cut short or no safetensors file", file=path, cure="train or copy the model again"
        ) from error
