"""Words beside things in a picture, where they cover neither each other nor the picture's edge."""

from __future__ import annotations

from PIL import ImageDraw

from cytally.report.lettering import font

Box = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""
Colour = tuple[int, int, int]

AWAY = 5
"""Pixels between a thing and what it is called."""
RIM_WIDTH = 3


class Captions:
    """The words in one picture.

    Parameters
    ----------
    size
        Width and height of the picture.
    letters
        Height of the letters in pixels.
    taken
        What no word may cover.
    """

    def __init__(self, size: tuple[int, int], letters: int, taken: list[Box]) -> None:
        self.size, self.font, self.letters = size, font(letters), letters
        self.taken = list(taken)

    def write(self, pen: ImageDraw.ImageDraw, text: str, colour: Colour, rim: Colour, beside: Box) -> None:
        """Write a word above, below, beside or in a thing, wherever there is room first."""
        width, height = self.font.getlength(text) + 2 * RIM_WIDTH, self.letters + 2 * RIM_WIDTH
        if width > self.size[0] or height > self.size[1]:
            return  # there is no room for it anywhere
        left, top, right, bottom = beside
        corners = (
            (left, top - height - AWAY),
            (left, bottom + AWAY),
            (right + AWAY, top),
            (left - width - AWAY, top),
            (right - width, top - height - AWAY),
            (right - width, bottom + AWAY),
            (left + AWAY, top + AWAY),
            (left + AWAY, bottom - height - AWAY),
        )
        boxes = [self._within(x, y, width, height) for x, y in corners]
        free = (box for box in boxes if not any(_meet(box, other) for other in self.taken))
        box = next(free, boxes[0])
        self.taken.append(box)
        pen.text((box[0] + RIM_WIDTH, box[1]), text, colour, self.font, stroke_width=RIM_WIDTH, stroke_fill=rim)

    def _within(self, left: float, top: float, width: float, height: float) -> Box:
        left = min(max(0.0, left), self.size[0] - width)
        top = min(max(0.0, top), self.size[1] - height)
        return left, top, left + width, top + height


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
