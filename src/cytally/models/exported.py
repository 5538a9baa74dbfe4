"""A network that `cytally models export` wrote beside a model's weights, and what it says of itself."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import nn

from cytally.errors import ModelError
from cytally.inference import onnx_network, openvino_backend
from cytally.inference.backend import Backend, BackendName
from cytally.inference.onnx_backend import OnnxBackend
from cytally.inference.openvino_backend import CPU, OpenVinoBackend
from cytally.inference.sizes import Sizes
from cytally.inference.torch_backend import fast_precision

logger = logging.getLogger(__name__)

EXPORT = "export.json"
NETWORKS = {"openvino": ("model.xml", "model.bin"), "onnx": ("model.onnx",)}
"""Files of an exported network; the first is the one to open."""

Target = Literal["openvino", "onnx"]


class ExportedSizes(BaseModel):
    """Which sides pictures may have; the last rows and columns of others are to be repeated, and the output cut."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    multiple: int = Field(ge=1, description="Y and X are multiples of this.")
    least: int = Field(ge=1, description="And at least as large.")


class ExportCard(BaseModel):
    """The contents of export.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cytally_version: str = Field(description="The version that exported it.")
    to: Target = Field(description="What the network is for.")
    precision: Literal["float32", "bfloat16", "int8"] = Field(
        description="Number type of the convolutions: `bfloat16` runs so where the processor has it, else in float32."
    )
    input: dict[str, Any] = Field(description="Name, shape and number type of what goes in, and how it is normalised.")
    output: dict[str, Any] = Field(description="Name and shape of what comes out, and what it means.")
    sizes: ExportedSizes | None = Field(description="Which sides pictures may have; null: those of `input` alone.")
    agreement: dict[str, Any] = Field(description="How well it agrees with torch in float32 on the sample images.")
    quantisation: dict[str, Any] | None = Field(
        None, description="Of 8 bits: the images it was calibrated on, and its loss on images held back."
    )
    weights_sha256: str = Field(description="Of the weights that it was made of.")
    files_sha256: dict[str, str] = Field(description="Of the network's files.")
    provenance: dict[str, Any] = Field(description="When, where and by which versions it was exported.")


@dataclass(frozen=True)
class ExportedNetwork:
    """An exported network in a model `folder`, and its `card`."""

    folder: Path
    card: ExportCard

    @classmethod
    def of(cls, folder: Path) -> ExportedNetwork | None:
        """The exported network of a model folder, where there is one.

        Raises
        ------
        ModelError
            When export.json is broken.
        """
        path = folder / EXPORT
        if not path.is_file():
            return None
        try:
            return cls(folder, ExportCard.model_validate(json.loads(path.read_text(encoding="utf-8"))))
        except (ValidationError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise ModelError(
                "is no description of an exported network", file=path, cure="export the model again, or delete the file"
            ) from error

    def open(self, backend: BackendName, network: nn.Module) -> Backend | None:
        """What runs the exported network; None where another back end is asked for, or it cannot be used.

        Why it cannot, as where it was made of other weights, is logged.

        Raises
        ------
        ModelError
            When it is asked for by name and is not what was exported.
        """
        if backend not in ("auto", self.card.to):
            return None
        installed = openvino_backend.is_installed if self.card.to == "openvino" else onnx_network.is_installed
        if not installed():
            if backend == "auto":
                logger.warning("the exported network is left out: %s is not installed", self.card.to)
            return None
        wrong = self._difference(network)
        if wrong is not None:
            if backend != "auto":
                raise ModelError(wrong, file=self.folder / EXPORT, cure="export the model again")
            logger.warning("the exported network is left out: %s", wrong)
            return None
        path = self.folder / NETWORKS[self.card.to][0]
        channels, told = int(self.card.input["channels"]), self.card.sizes
        sizes = None if told is None else Sizes(told.multiple, told.least)
        if self.card.to == "onnx":
            return OnnxBackend.read(path, channels, sizes)
        dtype = torch.float32 if self.card.precision == "float32" else fast_precision(CPU)
        return OpenVinoBackend.read(path, channels, sizes, dtype)

    def _difference(self, network: nn.Module) -> str | None:
        """What is not as it was when the network was exported."""
        if weights_digest(network) != self.card.weights_sha256:
            return "it was made of other weights"
        for name, digest in self.card.files_sha256.items():
            if not (self.folder / name).is_file() or file_digest(self.folder / name) != digest:
                return f"{name} is missing or not what was exported"
        return None


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def weights_digest(network: nn.Module) -> str:
    """SHA-256 of all weights of a network, by name, as float32."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update((value.float() if value.is_floating_point() else value).cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
