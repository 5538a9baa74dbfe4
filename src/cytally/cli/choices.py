"""The words that options take."""

from __future__ import annotations

from enum import StrEnum

from cytally.errors import UsageError


class Border(StrEnum):
    """What to do with cells that touch the image's edge."""

    include = "include"
    exclude = "exclude"


class Device(StrEnum):
    """Where the network runs."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"
    mps = "mps"


class Backend(StrEnum):
    """What runs the network."""

    auto = "auto"
    torch = "torch"
    openvino = "openvino"
    onnx = "onnx"


class Objects(StrEnum):
    """How objects of a volume arise."""

    auto = "auto"
    linked = "linked"
    volume = "volume"
    slices = "slices"


class Preset(StrEnum):
    """How nuclei are labelled."""

    auto = "auto"
    thesis = "thesis"


def check_backend(backend: Backend) -> None:
    """Refuse the back ends that counting does not have yet."""
    if backend in (Backend.openvino, Backend.onnx):
        raise UsageError(f"counting by the back end '{backend}' is not built yet", cure="use --backend torch")
