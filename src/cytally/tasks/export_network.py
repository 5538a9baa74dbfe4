"""A model's network as a file of OpenVINO or ONNX, as it is or in 8 bits, and how well the file agrees with torch."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cytally.inference import onnx_network
from cytally.inference.agreement import Agreement, Trial
from cytally.inference.backend import Backend
from cytally.inference.correction import gain, ground_difference
from cytally.inference.onnx_backend import OnnxBackend
from cytally.inference.onnx_network import INPUT, OUTPUT, write_onnx
from cytally.inference.openvino_backend import CPU, OpenVinoBackend
from cytally.inference.openvino_network import adjust_outputs
from cytally.inference.quantisation import quantise_onnx, quantise_openvino
from cytally.inference.sizes import sizes_of
from cytally.inference.torch_backend import TorchBackend
from cytally.methods.picture_method import PictureMethod
from cytally.models.exported import NETWORKS, ExportCard, ExportedSizes, Target, file_digest, weights_digest
from cytally.models.model import Model
from cytally.models.trial import trial
from cytally.tasks.export_pictures import CalibrationPictures
from cytally.tasks.provenance import provenance

Picture = NDArray[np.float32]


@dataclass(frozen=True)
class Export:
    """What was written: number type, channels it takes, shape of an output, and how well it agrees with torch."""

    precision: str
    channels: int
    shape: tuple[int, ...]
    agreement: Agreement
    quantisation: dict[str, Any] | None = field(default=None)


def exported_plain(model: Model, to: Target, samples: Trial, room: Path) -> Export:
    """Write the network as it is into the folder `room`, and compare what was written with torch on the samples.

    Raises
    ------
    UsageError, ModelError
        When a package is missing, or the network cannot be written or run.
    """
    path, channels = room / NETWORKS[to][0], samples.pictures[0].shape[0]
    if to == "openvino":
        made = OpenVinoBackend(model.network, samples, model.card.configuration.counting.precision)
        made.save(path)
        dtype = made.dtype
    else:
        _write_onnx(model.network, samples.pictures[0], path)
        dtype = torch.float32
    backend = _opened(to, path, model, channels, dtype)
    found = _outputs(backend, samples)
    agreement = samples.compare(_outputs(_reference(model), samples), found)
    return Export(str(dtype).removeprefix("torch."), channels, found[0].shape, agreement)


def exported_int8(model: Model, to: Target, samples: Trial, calibration: CalibrationPictures, room: Path) -> Export:
    """Write the network with convolutions in 8 bits into the folder `room`, and measure the loss.

    Where counts are read from the output, it is put right by what torch makes of the pictures it was calibrated on:
    the median difference over their pixels is taken off, and peaks that 8 bits cut are made good by a factor.

    Raises
    ------
    UsageError, ModelError
        When a package is missing, or the network cannot be written or run.
    """
    path, channels = room / NETWORKS[to][0], samples.pictures[0].shape[0]
    used, held = (trial(model.method, pictures) for pictures in (calibration.used, calibration.held_back))
    reference, dtype = _reference(model), torch.float32
    wanted = _outputs(reference, used)
    if to == "openvino":
        made = OpenVinoBackend(model.network, samples, model.card.configuration.counting.precision)
        made.model = quantise_openvino(made.model, used.pictures)
        if model.method.reads == "sum":
            raw = _outputs(made, used)
            offsets = ground_difference(wanted, raw)
            adjust_outputs(made.model, offsets, gain(wanted, raw, offsets))
        made.save(path)
        dtype = made.dtype
    else:
        plain = room / "plain.onnx"
        _write_onnx(model.network, samples.pictures[0], plain)
        quantise_onnx(plain, used.pictures, path)
        if model.method.reads == "sum":
            raw = _outputs(_opened(to, path, model, channels, dtype), used)
            offsets = ground_difference(wanted, raw)
            onnx_network.adjust_outputs(path, offsets, gain(wanted, raw, offsets), 1 + raw[0].ndim)
    backend = _opened(to, path, model, channels, dtype)
    loss = held.compare(_outputs(reference, held), _outputs(backend, held))
    quantisation = {
        "calibrated_on": list(calibration.used_images),
        "held_back": list(calibration.held_back_images),
        "loss": as_facts(loss),
        "within_tolerance": loss.holds,
        "on_calibration_images": as_facts(used.compare(wanted, _outputs(backend, used))),
        "kept_in_full": "the first two convolutions and the last",
    }
    return Export("int8", channels, backend(samples.pictures[0]).shape, loss, quantisation)


def card_of(model: Model, to: Target, made: Export, room: Path) -> ExportCard:
    """What export.json says of what was written into `room`."""
    method, sizes = model.method, sizes_of(model.network)
    sides: list[str | int] = ["y", "x"]
    if isinstance(method, PictureMethod):
        sides = [method.side, method.side]
    meaning = "probabilities of masks, from 0 to 1"
    if method.reads == "sum":
        meaning = (
            "the count" if isinstance(method, PictureMethod) else "a density map: its sum is `scale` times the count"
        )
    packages = ("onnx", "onnxruntime") if to == "onnx" else ("openvino",)
    return ExportCard(
        cytally_version=version("cytally"),
        to=to,
        precision=made.precision,  # one of three, as torch calls them, or int8
        input={
            "name": INPUT,
            "shape": ["batch" if to == "onnx" else 1, made.channels, *sides],
            "type": "float32",
            "channels": made.channels,
            "normalisation": model.card.normalisation,
            "configuration": model.card.configuration.input.model_dump(mode="json"),
        },
        output={
            "name": OUTPUT,
            "shape": ["batch" if to == "onnx" else 1, made.shape[0], *(sides if len(made.shape) > 1 else [])],
            "meaning": meaning,
            "scale": getattr(method.config, "amplitude", 1.0),
        },
        sizes=None if sizes is None else ExportedSizes(multiple=sizes.multiple, least=sizes.least),
        agreement=as_facts(made.agreement),
        quantisation=made.quantisation,
        weights_sha256=weights_digest(model.network),
        files_sha256={name: file_digest(room / name) for name in NETWORKS[to]},
        provenance={**provenance(), **{package: version(package) for package in packages}},
    )


def as_facts(agreement: Agreement) -> dict[str, Any]:
    """An agreement as export.json holds it; what was not compared is left out."""
    facts: dict[str, Any] = {}
    if agreement.dice is not None:
        facts["dice"] = agreement.dice
    if agreement.difference is not None:
        facts["count_difference"] = agreement.difference
    if agreement.worst is not None:
        facts["worst_picture"] = dict(
            zip(("torch", "exported"), (round(each, 3) for each in agreement.worst), strict=True)
        )
    return facts


def _reference(model: Model) -> TorchBackend:
    return TorchBackend(model.network, CPU, "float32")


def _outputs(backend: Backend, compared: Trial) -> list[Picture]:
    return [backend(picture) for picture in compared.pictures]


def _opened(to: Target, path: Path, model: Model, channels: int, dtype: torch.dtype) -> Backend:
    """What was written, read again."""
    sizes = sizes_of(model.network)
    if to == "onnx":
        return OnnxBackend.read(path, channels, sizes)
    return OpenVinoBackend.read(path, channels, sizes, dtype)


def _write_onnx(network: nn.Module, picture: Picture, path: Path) -> None:
    sizes, plain = sizes_of(network), copy.deepcopy(network).to(CPU).eval().requires_grad_(False)
    shape = (picture.shape[-2], picture.shape[-1]) if sizes is None else (sizes.traced, sizes.traced)
    write_onnx(plain, picture.shape[0], shape, path, any_size=sizes is not None)
