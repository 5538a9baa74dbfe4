"""Triplets of evaluated images for experts to score, with the form they fill in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from cytally.datasets.folder import Sample
from cytally.errors import CytallyError
from cytally.files import write_text
from cytally.images.formats import is_supported
from cytally.images.image import Plane
from cytally.images.read import read
from cytally.images.sources import stem
from cytally.report.overlays import write_png
from cytally.report.triplets import headed, side_by_side, triplet_panels
from cytally.results import Prediction
from cytally.tasks.expert_form import FORM, KEY, SCALE, write_form
from cytally.tasks.kept_overlays import MAKE_ROOM
from cytally.tasks.output import waiting_room, writing
from cytally.tasks.watch import Watch

FOLDER = "triplets"

WRITTEN = frozenset({FOLDER, FORM, KEY})
"""What `Triplets.write` puts into the output folder."""

INSTRUCTIONS = f"""\
How to score

Each picture NNN.png shows one field of cells two or three times, side by side and equally large: the image; the same
with what the model found, outlined; and the stain, or the reference labels, that tell where objects really are.

Write into {FORM}, one row for each picture:

  expert    your name; once is enough if you are the only one to write in this file
  score     how good the outlines are:
{chr(10).join(f"              {score}  {words}" for score, words in SCALE.items())}
            Halves are allowed. An empty cell means that you did not judge this picture.
  missed    if you count them: how many objects have no outline
  false     if you count them: how many outlines surround no object
  comment   anything else

Judge each picture on its own, and do not talk about them before all have scored. Save the file as CSV.
"""


class Triplets:
    """Collects triplets while images are evaluated, and writes them once all are known.

    Parameters
    ----------
    out
        The output folder.
    waiting
        A folder in which pictures wait: their numbers are drawn last.
    watch
        Told of stains that cannot be shown.
    """

    def __init__(self, out: Path, waiting: Path, watch: Watch) -> None:
        self.images: list[str] = []
        """Names of the images that there is a triplet of, in the order of evaluation."""
        self._out, self._waiting, self._watch = out, waiting, watch

    def add(self, sample: Sample, plane: Plane, channel: int | None, prediction: Prediction) -> None:
        """Draw the triplet of an image; none where the model found no objects, only their number.

        The third panel is the file of the same stem in the data folder's `stain/`, else the sample's label image. A
        stain that cannot be shown is told to the watch.

        Parameters
        ----------
        sample
            The image with its annotation.
        plane, channel
            What was counted, and the channel to draw; None draws all.
        prediction
            What the model says.

        Raises
        ------
        DataError
            When the label image has become unreadable.
        OutputError
            When there is no room for the picture.
        """
        if prediction.labels is None:
            return
        stain = self._stain(sample, plane.data.shape[-2:])
        reference = sample.label_image() if stain is None else None
        panels = triplet_panels(plane.data, channel, prediction.labels, stain=stain, reference=reference)
        with writing(self._out, cure=MAKE_ROOM):
            write_png(self._place(len(self.images)), side_by_side(panels))
        self.images.append(sample.name)

    def write(self, seed: int) -> None:
        """Write triplets/NNN.png in a shuffled order, the empty form and its key, and how to score.

        Parameters
        ----------
        seed
            Decides the order.
        """
        if not self.images:
            self._watch.on_note("The model tells how many cells there are, not where each ends: there are no triplets.")
            return
        order = np.random.default_rng(seed).permutation(len(self.images))
        digits = max(3, len(str(len(order))))
        for number, place in enumerate(order, start=1):
            name = f"{number:0{digits}d}"
            picture = imagecodecs.png_decode(self._place(place).read_bytes())
            write_png(self._out / FOLDER / f"{name}.png", headed(picture, f"Triplet {name}"))
        write_text(self._out / FOLDER / "README.txt", INSTRUCTIONS)
        write_form(self._out, [self.images[place] for place in order])

    def _place(self, index: int) -> Path:
        return self._waiting / f"{index}.png"

    def _stain(self, sample: Sample, shape: tuple[int, ...]) -> NDArray[Any] | None:
        """The stain (C, Y, X) of a sample; None where there is none, or it cannot be shown."""
        path = find_stain(sample)
        if path is None:
            return None
        try:
            planes = [plane for image in read(path) for plane in image.planes()]
        except CytallyError as error:
            self._watch.on_note(f"A stain is not shown: {error.line()}")
            return None
        if len(planes) != 1 or planes[0].data.shape[-2:] != shape:
            sizes = " × ".join(map(str, planes[0].data.shape[-2:]))
            self._watch.on_note(
                f"A stain is not shown: {path}: has {len(planes)} planes of {sizes} pixels, and its image one of "
                f"{' × '.join(map(str, shape))}; give it the image's own size"
            )
            return None
        return planes[0].data


@contextmanager
def collected_triplets(out: Path | None, watch: Watch) -> Iterator[Triplets | None]:
    """Triplets for an output folder that may not be written to yet; None where none are wanted."""
    if out is None:
        yield None
        return
    with waiting_room(out, "triplets", MAKE_ROOM) as waiting:
        yield Triplets(out, waiting, watch)


def find_stain(sample: Sample) -> Path | None:
    """The file that shows a sample's stain: in the folder `stain` beside `images`, of the same stem.

    Where several are, the one with the image's own ending comes first.
    """
    folder = sample.path.parent.parent / "stain"
    if not folder.is_dir():
        return None
    files = [path for path in sorted(folder.iterdir()) if is_supported(path) and stem(path) == stem(sample.path)]
    return min(files, key=lambda path: path.name != sample.name, default=None)
