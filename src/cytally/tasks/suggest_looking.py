"""Looking at the images of a run, one after the other: what fails is told, and the rest goes on."""

from __future__ import annotations

import logging
from pathlib import Path

from cytally.choosing.look import Onlooker
from cytally.errors import CytallyError, ImageError, OutputError
from cytally.images.read import read
from cytally.slides.slide import is_slide
from cytally.tasks.failures import failure_line, write_failures
from cytally.tasks.inputs import Inputs
from cytally.tasks.output import writing
from cytally.tasks.suggest_looks import Looks, SeenPart
from cytally.tasks.suggest_options import SuggestOptions
from cytally.tasks.watch import Watch

logger = logging.getLogger(__name__)

RANKED, LABELLED = "Looking", "Looking at what is labelled"
"""What is being done, as a watch is told."""


class Looking:
    """Looks at one input after the other; one that fails is noted and told, and the others go on.

    Parameters
    ----------
    folder
        The output folder.
    images
        The inputs.
    onlooker
        Looks at them.
    options
        How files are read, and whether regions are wanted.
    watch
        Is told of each.
    total
        How many there are to rank.
    """

    def __init__(
        self, folder: Path, images: Inputs, onlooker: Onlooker, options: SuggestOptions, watch: Watch, total: int
    ) -> None:
        self.failures: list[tuple[str, str]] = []
        self._folder, self._images, self._onlooker = folder, images, onlooker
        self._options, self._watch = options, watch
        self._stage, self._done, self._total = RANKED, 0, total
        self._looks = Looks(folder, resume=options.resume)

    def begin(self) -> None:
        """Make ready to note what is seen."""
        self._looks.begin()
        with writing(self._folder):
            (self._folder / "failures.csv").unlink(missing_ok=True)
        self._tell()

    def turn_to_labelled(self, total: int) -> None:
        """Go on with so many images that are labelled already; they are counted by themselves."""
        if total:
            self._stage, self._done, self._total = LABELLED, 0, total
            self._tell()

    def input(self, path: Path, *, labelled: bool = False) -> list[SeenPart]:
        """What is seen in one input; nothing of one that fails."""
        seen: list[SeenPart] = []
        try:
            kept = self._looks.get(path, labelled=labelled)
            seen = self._look(path, labelled) if kept is None else kept
            if kept is None:
                self._looks.add(path, seen, labelled=labelled)
        except OutputError:
            raise
        except Exception as error:
            line, name = failure_line(error, path), path.name if labelled else self._images.name(path)
            self.failures.append((name, line))
            with writing(self._folder):
                write_failures(self._folder, self.failures)
            self._watch.on_failure(name, line)
            if not isinstance(error, CytallyError):
                logger.debug("%s", path, exc_info=error)
        self._done += 1
        self._tell()
        return seen

    def _tell(self) -> None:
        self._watch.on_images(self._stage, self._done, self._total)

    def _look(self, path: Path, labelled: bool) -> list[SeenPart]:
        if is_slide(path, axes=self._options.axes):
            raise ImageError(
                "is a slide, and whole images are ranked here",
                file=path,
                cure="cut fields out of it and rank those",
            )
        regions, seen = self._options.regions, list[SeenPart]()
        for image in read(path, axes=self._options.axes, pixel_size=self._options.pixel_size):
            for plane in self._onlooker.model.planes(image):
                place = plane.name.removeprefix(path.name)
                look = self._onlooker.know if labelled else self._onlooker.look
                seen += [SeenPart(place, part) for part in look(plane, regions=regions)]
        return seen
