"""What a time was measured on: processor, cores, threads, load, memory and versions."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil
import torch

from cytally.workers.cores import usable_cores

PACKAGES = ("cytally", "numpy", "torch", "openvino", "onnxruntime", "nncf")
"""Those whose version a time may depend on."""

GIB = 2**30


def machine(packages: Iterable[str] = PACKAGES) -> dict[str, Any]:
    """The machine that this process runs on, as result files hold it.

    Parameters
    ----------
    packages
        Whose versions to tell; those that are not installed are left out.

    Returns
    -------
    dict
        `processor`, `cores` (that this process may use), `threads` (of torch), `load` (processes that ran or waited,
        the mean of the last minute; None where the system does not tell), `memory_gib`, `gpu` (None without one),
        `system`, and `versions`.
    """
    return {
        "processor": processor_name(),
        "cores": usable_cores(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "memory_gib": round(psutil.virtual_memory().total / GIB, 1),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {"python": platform.python_version()} | _versions(packages),
    }


def processor_name(table: Path = Path("/proc/cpuinfo")) -> str:
    """What the processor calls itself; its architecture where it does not tell.

    Parameters
    ----------
    table
        The file in which Linux tells it.
    """
    if table.is_file():
        for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name" and value.strip():
                return " ".join(value.split())
    return platform.processor() or platform.machine()


def _versions(packages: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
