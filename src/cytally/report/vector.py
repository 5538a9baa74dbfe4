"""Figures as files: as pictures and as drawings that stay sharp, the same bytes for the same figure."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

from cytally.files import whole_file
from cytally.report.plots import png_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def svg_of(figure: Figure) -> bytes:
    """The figure as an SVG file, without a date and without chance in its names."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    # Words stay words, so that they can be searched, and edited before they go into a paper.
    with rc_context({"svg.hashsalt": "cytally", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "cytally"})
    return buffer.getvalue()


def write_figure(figure: Figure, folder: Path, stem: str) -> tuple[Path, Path]:
    """Write ``stem.png`` and ``stem.svg`` into a folder, each whole or not at all.

    Returns
    -------
    tuple
        The two paths.
    """
    paths = folder / f"{stem}.png", folder / f"{stem}.svg"
    for path, content in zip(paths, (png_of(figure), svg_of(figure)), strict=True):
        with whole_file(path) as temporary:
            temporary.write_bytes(content)
    return paths


def svg_source(svg: bytes) -> str:
    """An SVG as the source of an `img`, where nothing in it runs or is asked of the network.

    Examples
    --------
    >>> svg_source(b"<svg/>")
    'data:image/svg+xml;base64,PHN2Zy8+'
    """
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")
