"""What this machine has to run cytally with, and what it lacks."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec

import psutil
import torch

from cytally.errors import CytallyError
from cytally.inference.torch_backend import fast_precision, find_device
from cytally.methods.registry import method_names, refused_methods
from cytally.models.store import bundled_models, load
from cytally.tasks.count import DEFAULT_MODEL

VENDOR = {
    "bioio": "vendors' formats",
    "bioio_nd2": "ND2 (Nikon)",
    "bioio_czi": "CZI (Zeiss)",
    "bioio_lif": "LIF (Leica)",
}
"""Optional modules, and what they read."""

GIB = 2**30
LEAST_MEMORY = 2 * GIB
"""Free memory below which large images may not fit."""


@dataclass(frozen=True)
class Finding:
    """One line of the examination: `needed` and not `fine` means that cytally cannot work as promised."""

    name: str
    text: str
    fine: bool = True
    needed: bool = False


def examine() -> list[Finding]:
    """Look at versions, devices, back ends, memory, optional packages, methods and bundled models."""
    findings = [Finding("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")]
    findings += [_package(name) for name in ("cytally", *needed_packages())]
    findings += _devices()
    findings.append(_memory())
    findings += [_optional(module, f"reads {purpose}", "vendor") for module, purpose in VENDOR.items()]
    findings.append(_optional("openvino", "runs 'cytally segment' several times faster on a processor", "openvino"))
    refused = refused_methods()
    findings += [Finding(f"method {name}", refused.get(name, "loads"), name not in refused) for name in method_names()]
    findings += [_model(name) for name in sorted({DEFAULT_MODEL, *bundled_models()})]
    return findings


def needed_packages() -> list[str]:
    """Names of the packages that cytally asks for, those of its extras left out.

    Examples
    --------
    >>> "torch" in needed_packages(), "pytest" in needed_packages()
    (True, False)
    """
    return [re.split(r"[^\w.-]", asked)[0] for asked in requires("cytally") or () if "extra ==" not in asked]


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name), needed=True)
    except PackageNotFoundError:
        return Finding(name, f"missing; pip install {name}", fine=False, needed=True)


def _devices() -> list[Finding]:
    best = find_device("auto")
    precision = str(fast_precision(best)).removeprefix("torch.")
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    none = "none found; counting uses the processor (a build of torch for your graphics card: https://pytorch.org)"
    card = torch.cuda.get_device_name() if cuda else "Apple MPS" if mps else none
    threads = torch.get_num_threads()
    return [
        Finding("device", f"{best.type}, {threads} thread{'s' * (threads != 1)}, counts in {precision}"),
        Finding("graphics card", card, fine=cuda or mps),
        Finding("back end torch", "ready"),
    ]


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    text = f"{memory.available / GIB:.1f} of {memory.total / GIB:.1f} GiB free"
    enough = memory.available > LEAST_MEMORY
    return Finding("memory", text if enough else f"{text}; close other programs", fine=enough)


def _optional(module: str, purpose: str, extra: str) -> Finding:
    if find_spec(module) is not None:
        return Finding(module, purpose)
    return Finding(module, f"not installed, {purpose}; pip install 'cytally[{extra}]'", fine=False)


def _model(name: str) -> Finding:
    try:
        load(name)
    except CytallyError as error:
        return Finding(f"model {name}", f"{error.message}; install cytally again", fine=False, needed=True)
    return Finding(f"model {name}", "loads")
