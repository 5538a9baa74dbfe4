"""What run.json tells of a count before it begins, and whether an earlier sitting may be gone on with."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from torch import nn

from cytally.errors import UsageError
from cytally.models.model import Model
from cytally.tasks.called_model import CalledModel
from cytally.tasks.count_options import EXPORTS, CountOptions
from cytally.tasks.input_digests import KEY, absolute, digests
from cytally.tasks.inputs import Inputs


def describe(called: CalledModel, inputs: Inputs, options: CountOptions) -> dict[str, Any]:
    """The task, inputs, model and options of a run, as run.json holds them."""
    files = options.files()
    return {
        "task": "count",
        "inputs": inputs.absolute(),
        KEY: {} if options.dry_run else digests([*inputs.paths, *files.values()]),
        "model": model_facts(called),
        "options": options.as_dict(),
        "option_files": {name: absolute(path) for name, path in files.items()},
        "ran_by": ran_by(called.model, options),
    }


def with_earlier_exports(options: CountOptions, earlier: dict[str, Any]) -> CountOptions:
    """The options with what an earlier sitting exported: who goes on without asking again gets it of all images."""
    before = [each for each in EXPORTS if each in earlier.get("options", {}).get("export", ())]
    return replace(options, export=tuple(dict.fromkeys((*before, *options.export))))


def ran_by(model: Model, options: CountOptions) -> str:
    """What runs the network, in words: another may give counts that differ in their last digits."""
    if options.scheduler is not None:
        return f"{options.backend} on the workers of a cluster"
    return run_in_words(model)


def run_in_words(model: Model) -> str:
    """What runs a model's network here, in which number type and where."""
    return f"{model.run.name} in {str(model.run.dtype).removeprefix('torch.')} on {model.run.device}"


def model_facts(called: CalledModel) -> dict[str, Any]:
    """What run.json holds of a model: its card, what it was called, where it lay, and which weights it has."""
    return {
        **called.model.card.model_dump(mode="json"),
        "name": called.name,
        "folder": None if called.folder is None else str(called.folder),
        "weights_sha256": weights_digest(called.model.network),
    }


def weights_digest(network: nn.Module) -> str:
    """SHA-256 of all weights, in 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def refuse_other_run(earlier: dict[str, Any], now: dict[str, Any], deciding: dict[str, Any], folder: str) -> None:
    """Refuse to go on with another model, or other options, than the earlier sitting's.

    Parameters
    ----------
    earlier, now
        What run.json says of the two.
    deciding
        The options that counts depend on.
    folder
        Named in the error.

    Raises
    ------
    UsageError
        Naming what differs.
    """
    cure = "repeat the earlier call, or count anew with --overwrite"
    before, after = earlier.get("model", {}), now["model"]
    if any(before.get(key) != after[key] for key in ("weights_sha256", "configuration", "calibration")):
        raise UsageError(f"was begun with another model ({before.get('name')})", file=folder, cure=cure)
    for name in deciding:
        old, new = (run.get("options", {}).get(name) for run in (earlier, now))
        if old != new:
            raise UsageError(
                f"was begun with other options ({name} was {old} and is {new} now)", file=folder, cure=cure
            )
