"""The words that options take."""

from __future__ import annotations

from enum import StrEnum


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


class Export(StrEnum):
    """What points and outlines are written as besides."""

    imagej = "imagej"
    qupath = "qupath"


class Target(StrEnum):
    """What an exported network is for."""

    onnx = "onnx"
    openvino = "openvino"


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
