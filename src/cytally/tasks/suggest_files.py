"""What is written of a queue: the tables, the crops to label, and the report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from cytally.choosing.look import Onlooker
from cytally.choosing.regions import Box
from cytally.files import whole_folder, write_text
from cytally.images.image import Plane
from cytally.images.prepare import choose_channels
from cytally.images.read import read
from cytally.report.html import ReportFailure
from cytally.report.overlays import encode_png, overlay
from cytally.report.suggest_page import SuggestData, SuggestedRow, write_suggest_page
from cytally.report.suggest_picture import framed
from cytally.results import Prediction
from cytally.tasks.inputs import Inputs
from cytally.tasks.provenance import provenance, report_facts
from cytally.tasks.rows import RowFile
from cytally.tasks.suggest_options import SuggestOptions
from cytally.tasks.suggest_row import COLUMNS, Suggestion
from cytally.tasks.suggest_summary import SuggestSummary

SIDE = 512
"""Longest side of the report's pictures in pixels."""


def write_suggestions(
    summary: SuggestSummary, onlooker: Onlooker, images: Inputs, options: SuggestOptions, model: str
) -> None:
    """Write crops (of regions), report.html, suggestions.json and last suggestions.csv, each whole.

    Parameters
    ----------
    summary
        The queue, and what to tell of it.
    onlooker
        Knows which channel is looked at.
    images
        The inputs.
    options
        How files are read, and whether the queue is of regions.
    model
        What the model is called.
    """
    folder, suggestions = summary.out, summary.suggestions
    planes = _PlaneReader(suggestions, images, onlooker, options)
    thumbnails: dict[int, bytes] = {}
    crops: dict[int, str] = {}
    shutil.rmtree(folder / "crops", ignore_errors=True)
    if options.regions and suggestions:
        with whole_folder(folder / "crops") as temporary:
            for each in suggestions:
                plane = planes(each)
                thumbnails[each.rank] = _thumbnail(plane, each, onlooker)
                assert each.box is not None  # every region has one
                stem = f"{each.rank:0{len(str(len(suggestions)))}d}_{images.file_stem(each.image)}"
                crops[each.rank] = f"crops/{_write_crop(temporary / stem, plane, each.box).name}"
    else:
        thumbnails = {each.rank: _thumbnail(planes(each), each, onlooker) for each in suggestions}
    report = SuggestData(
        title="What to label next",
        model=model,
        description="Images that stand for many others, and are unlike what is labelled, come first.",
        rows=tuple(
            SuggestedRow(
                each.rank,
                each.image,
                None if each.box is None else (each.box.y, each.box.x, each.box.height, each.box.width),
                each.gain,
                each.disagreement,
                each.why,
                thumbnails[each.rank],
                crops.get(each.rank),
            )
            for each in suggestions
        ),
        images=summary.images,
        left_out=summary.left_out,
        regions=options.regions,
        failures=tuple(ReportFailure(image, line) for image, line in summary.failures),
        notes=summary.notes,
        facts=report_facts(summary.seconds, model=model),
    )
    write_suggest_page(folder / "report.html", report)
    found = {"made_by": provenance(), "model": model, "options": options.as_dict()}
    rows = [each.as_dict() | {"crop": crops.get(each.rank)} for each in suggestions]
    write_text(folder / "suggestions.json", json.dumps(found | {"suggestions": rows}, indent=2) + "\n")
    RowFile(folder / "suggestions.csv", COLUMNS, [each.cells() for each in suggestions])


class _PlaneReader:
    """Reads the picture of a suggestion; the file read last is kept, as regions of one image often follow."""

    def __init__(
        self, suggestions: Sequence[Suggestion], images: Inputs, onlooker: Onlooker, options: SuggestOptions
    ) -> None:
        self._images, self._onlooker, self._options = images, onlooker, options
        self._path: Path | None = None
        self._planes: dict[str, Plane] = {}

    def __call__(self, suggestion: Suggestion) -> Plane:
        path = suggestion.path
        if path != self._path:
            read_again = read(path, axes=self._options.axes, pixel_size=self._options.pixel_size)
            planes = [plane for image in read_again for plane in self._onlooker.model.planes(image)]
            self._planes = {self._images.name(path) + plane.name.removeprefix(path.name): plane for plane in planes}
            self._path = path
        return self._planes[suggestion.image]


def _thumbnail(plane: Plane, suggestion: Suggestion, onlooker: Onlooker) -> bytes:
    config, number = onlooker.model.card.configuration.input, onlooker.model.card.input_channels
    channels = choose_channels(plane, config, onlooker.channel, number)
    channel = channels[0] if len(channels) == 1 else None
    picture = overlay(plane.data, channel, Prediction(0.0), longest_side=SIDE)
    return encode_png(framed(picture, suggestion.box, (plane.data.shape[-2], plane.data.shape[-1])))


def _write_crop(stem: Path, plane: Plane, box: Box) -> Path:
    """The region's pixels as they are in the file: PNG, or TIFF where a PNG cannot hold them."""
    pixels: NDArray[Any] = np.ascontiguousarray(plane.data[(slice(None), *box.window)])
    if pixels.dtype in (np.uint8, np.uint16) and len(pixels) in (1, 3):
        path = stem.with_name(stem.name + ".png")
        path.write_bytes(imagecodecs.png_encode(pixels[0] if len(pixels) == 1 else np.moveaxis(pixels, 0, -1).copy()))
        return path
    path = stem.with_name(stem.name + ".tif")
    tifffile.imwrite(path, pixels, photometric="minisblack", metadata={"axes": "CYX"}, compression="zlib")
    return path
