"""One row of suggestions.csv."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cytally.choosing.regions import Box

COLUMNS = ("rank", "image", "y", "x", "height", "width", "gain", "disagreement", "why")


@dataclass(frozen=True)
class Suggestion:
    """What to label at one place of the queue.

    Parameters
    ----------
    rank
        From 1.
    image
        The image's name, with ``#scene,time`` where its file holds several.
    path
        Its file.
    box
        The region to label; where whole images are suggested, the most disputed region, to begin with. None where the
        model does not tell where its cells are.
    gain
        Expected gain, above 0 up to 1: by how much nearer all images come to one that is labelled or ranked, weighed
        by how wrong their counts are expected to be.
    disagreement
        Standard deviation of the counts under slight changes, over the root of the count.
    why
        A sentence.
    """

    rank: int
    image: str
    path: Path
    box: Box | None
    gain: float
    disagreement: float
    why: str

    def cells(self) -> dict[str, str]:
        """The row as text."""
        box = self.box
        place = ("", "", "", "") if box is None else (box.y, box.x, box.height, box.width)
        numbers = (f"{self.gain:.6g}", f"{self.disagreement:.6g}")
        return dict(zip(COLUMNS, map(str, (self.rank, self.image, *place, *numbers, self.why)), strict=True))

    def as_dict(self) -> dict[str, object]:
        """The row as suggestions.json holds it; `region` is [y, x, height, width] or null."""
        box = self.box
        return {
            "rank": self.rank,
            "image": self.image,
            "path": str(self.path),
            "region": None if box is None else [box.y, box.x, box.height, box.width],
            "gain": self.gain,
            "disagreement": self.disagreement,
            "why": self.why,
        }
