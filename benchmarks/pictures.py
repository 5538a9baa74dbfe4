"""Writing the pictures of docs/benchmarks.md."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from cytally.files import whole_file


def save(figure: Figure, path: Path) -> Path:
    """Write a PNG: the same results give the same bytes, by one version of matplotlib."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120, metadata={"Software": None})
    return path
