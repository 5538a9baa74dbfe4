"""What made a result: versions, machine, time and command, for every file that holds results."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cytally.workers.cores import usable_cores


def provenance() -> dict[str, Any]:
    """Versions, machine and command of this process. Folders of the command are left out of the program's name."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "cytally": version("cytally"),
        "torch": version("torch"),
        **_versions("openvino", "onnxruntime"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": usable_cores(),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }


def _versions(*names: str) -> dict[str, str]:
    """The versions of those packages that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def report_facts(seconds: float, **said: str) -> dict[str, str]:
    """What a report says of its run: the version, what is `said` besides, date, seconds and command, in this order."""
    made_by = provenance()
    return {
        "cytally": made_by["cytally"],
        **said,
        "date": made_by["created"],
        "seconds": f"{seconds:.1f}",
        "command": " ".join(made_by["command"]),
    }
