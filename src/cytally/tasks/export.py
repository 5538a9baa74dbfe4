"""Exporting a model for other programs that run networks: a model folder with the network beside the weights."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cytally.errors import ModelError, UsageError
from cytally.files import write_text
from cytally.images.prepare import prepare
from cytally.images.read import read
from cytally.images.sources import find_images
from cytally.inference.agreement import Agreement, Trial
from cytally.inference.backend import Backend
from cytally.inference.onnx_backend import OnnxBackend
from cytally.inference.onnx_network import INPUT, OUTPUT, write_onnx
from cytally.inference.openvino_backend import CPU, TRACED, OpenVinoBackend, stride_of
from cytally.inference.quantisation import quantise_onnx, quantise_openvino
from cytally.inference.torch_backend import TorchBackend
from cytally.methods.picture_method import PictureMethod
from cytally.methods.volume_method import VolumeMethod
from cytally.models.exported import EXPORT, NETWORKS, ExportCard, Target, file_digest, weights_digest
from cytally.models.model import Model
from cytally.models.store import load, save
from cytally.models.trial import sample_trial, trial
from cytally.tasks.output import OutputKind, check_output, open_output, waiting_room, writing
from cytally.tasks.provenance import provenance

EXPORTED = OutputKind(
    "model folder",
    "models export",
    frozenset({"model.json", "weights.safetensors", EXPORT, *(name for names in NETWORKS.values() for name in names)}),
    marks=frozenset({EXPORT}),
    resumes=False,
)
HELD_BACK = 3
"""Of so many images one is held back from the calibration."""
CALIBRATED = 64
"""Pictures that a calibration looks at, at most."""
WIDEST = 512
"""Side in pixels beyond which the middle of a picture is calibrated on."""

Picture = NDArray[np.float32]


@dataclass(frozen=True)
class ExportSummary:
    """What an export wrote.

    Parameters
    ----------
    out
        The model folder.
    files
        The network's files.
    card
        The contents of export.json.
    agreement
        With torch in float32, on the sample images; of 8 bits, on the images held back.
    """

    out: Path
    files: tuple[Path, ...]
    card: ExportCard
    agreement: Agreement


def export(
    model: str | Path | Model,
    to: Target,
    out: str | Path,
    *,
    int8: Sequence[str | Path] = (),
    overwrite: bool = False,
) -> ExportSummary:
    """Write a model folder with the network as another program runs it, checked against torch.

    Parameters
    ----------
    model
        A model, a model folder, or the name of a bundled one.
    to
        Which program: OpenVINO or ONNX Runtime, or others that read their files.
    out
        Output folder.
    int8
        Files, folders and glob patterns of images: convolutions are then done in whole numbers of 8 bits, whose scales
        are worked out from these images. A third of them is held back, on which the loss is measured.
    overwrite
        Replace what an earlier export wrote.

    Raises
    ------
    UsageError
        When the folder or the images are not what they should be, or a package is missing. Nothing is written then.
    ModelError
        When the network cannot be exported, or does not give what torch gives: counts within 0.5 %, masks with a Dice
        of 0.995. The loss of 8 bits is no such error, it is told. Nothing is written then.
    """
    folder = Path(out)
    reads = [Path(each) for each in (model,) if isinstance(each, str | Path)]
    check_output(folder, EXPORTED, overwrite=overwrite, reads=reads)
    images = find_images(int8) if int8 else []
    trained = model if isinstance(model, Model) else load(model)
    refuse_unfit(trained)
    with waiting_room(folder, "export", "make room, and export again") as room:
        if images:
            card, found = _quantised(trained, to, room, images)
        else:
            card, found = _plain(trained, to, room)
        open_output(folder, EXPORTED, overwrite=overwrite)
        with writing(folder, cure="make room, and export again with --overwrite"):
            save(trained, folder)
            for name in NETWORKS[to]:
                shutil.move(room / name, folder / name)
            write_text(folder / EXPORT, card.model_dump_json(indent=2) + "\n")
    return ExportSummary(folder, tuple(folder / name for name in NETWORKS[to]), card, found)


def refuse_unfit(model: Model) -> None:
    """Refuse a model that has no network of its own, or whose network sees pictures of every size in its own way.

    Raises
    ------
    ModelError
        With the reason.
    """
    if not model.method.has_weights:
        raise ModelError(f"the method '{model.card.method}' has no network to export", cure="export another model")
    if stride_of(model.network) is None and not isinstance(model.method, PictureMethod | VolumeMethod):
        raise ModelError("the network does not tell its stride", cure="use --backend auto, which compiles it")


def _sides(model: Model) -> tuple[int, int]:
    """Y and X of the picture that the network is traced with."""
    stride = stride_of(model.network)
    if isinstance(model.method, PictureMethod):
        return model.method.side, model.method.side
    if stride is not None:
        return TRACED * stride, TRACED * stride
    assert isinstance(model.method, VolumeMethod)  # others were refused
    side = model.method.window or 384
    return side, side


def _plain(model: Model, to: Target, room: Path) -> tuple[ExportCard, Agreement]:
    """Export as it is, and check what was written."""
    compared = sample_trial(model.method, model.card.configuration.input, model.card.input_channels)
    precision = model.card.configuration.counting.precision
    path = room / NETWORKS[to][0]
    backend: Backend
    if to == "openvino":
        made = OpenVinoBackend(model.network, compared, precision, fixed=_fixed(model))
        made.save(path)
        dtype = made.dtype
        backend = OpenVinoBackend.read(path, model.card.input_channels, made.stride, dtype)
    else:
        write_onnx(_ready(model.network), _channels(model), _sides(model), path, any_size=_any_size(model))
        backend = OnnxBackend.read(path, model.card.input_channels, stride_of(model.network))
        dtype = torch.float32
    found = checked(model.network, backend, compared)
    if not found.holds:
        raise ModelError(
            f"the exported network does not give what torch gives: {found}", cure="count with --backend torch"
        )
    return _card(model, to, str(dtype).removeprefix("torch."), room, found), found
