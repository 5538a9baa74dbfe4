"""What a network that encodes and decodes saw of the first images of a count."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from itertools import islice

import numpy as np

from cytally.errors import CytallyError
from cytally.images.image import Plane
from cytally.images.read import read
from cytally.models.model import Model
from cytally.report.html import ReportFigure
from cytally.report.reconstructions import PictureRow, draw_rows
from cytally.tasks.count_files import CountFiles
from cytally.tasks.insight import decode, encode, example_of, learns_from_drawn, pieces_of

logger = logging.getLogger(__name__)

MOST_IMAGES = 12
LONGEST_NAME = 18


def what_the_model_sees(model: Model, files: CountFiles) -> ReportFigure | None:
    """The first counted images beside their reconstructions, and decoded as drawn ones.

    The images are read again: a run that was gone on with shows those that an earlier sitting counted as well.

    Parameters
    ----------
    model
        One whose network encodes and decodes.
    files
        A count that has ended.

    Returns
    -------
    ReportFigure or None
        None where no image was counted, or none can be read any more.
    """
    options = json.loads((files.folder / "run.json").read_text(encoding="utf-8"))["options"]
    pieces, titles = [], []
    for name, plane in islice(_planes(files, options["axes"], options["pixel_size"]), MOST_IMAGES):
        cut = pieces_of(model, example_of(model, plane, channel=options["channel"]))
        pieces.append(cut[len(cut) // 2].image)
        titles.append(name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…")
    if not pieces:
        return None
    pictures = np.stack(pieces)
    latents = encode(model, pictures, drawn=False)
    rows = [
        PictureRow("image", pictures, pictures, titles),
        PictureRow("reconstructed", decode(model, latents, drawn=False), pictures),
    ]
    words = "Above, the first images, or the middle piece of those that are counted in pieces; below, what the network "
    if learns_from_drawn(model):
        as_drawn = decode(model, latents, drawn=True)
        rows.append(PictureRow("as drawn", as_drawn, pictures))
        words += "gives back of them, and how it would draw them."
    else:
        words += "gives back of them."
    return ReportFigure(
        "reconstructions",
        "What the model sees",
        f"{words} Doubt the counts of images that come out far worse than the others: they are unlike those that it "
        "was trained on.",
        draw_rows(rows),
        "Counted images and their reconstructions",
    )


def _planes(files: CountFiles, axes: str | None, pixel_size: float | None) -> Iterator[tuple[str, Plane]]:
    """The counted planes in order, each with its name in counts.csv; a file that has become unreadable is left out."""
    for path in files.inputs.paths:
        if path not in files.finished:
            continue
        try:
            images = read(path, axes=axes, pixel_size=pixel_size)
        except (CytallyError, OSError) as error:
            logger.debug("%s", path, exc_info=error)
            continue
        for image in images:
            for plane in image.planes():
                yield files.inputs.name(path) + plane.name.removeprefix(path.name), plane
