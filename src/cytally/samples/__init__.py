"""Six sample images that this project drew itself, with the truth about them: what `cytally demo` counts.

They form a data folder: ``images/*.png``, ``points.csv`` (image,y,x) and ``counts.csv`` (image,count).
``samples.json`` says what each shows. ``scripts/draw_samples.py`` draws them again.
"""

from __future__ import annotations

from pathlib import Path


def sample_folder() -> Path:
    """The data folder with the sample images.

    Examples
    --------
    >>> sorted(path.name for path in (sample_folder() / "images").iterdir())
    ['dense.png', 'empty.png', 'large.png', 'small.png', 'sparse.png', 'touching.png']
    """
    return Path(__file__).resolve().parent
