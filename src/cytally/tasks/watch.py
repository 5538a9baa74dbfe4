"""What a caller may be told while a task runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cytally.training.state import TrainingProgress

logger = logging.getLogger(__name__)


def _nothing(*_: object) -> None:
    pass


@dataclass(frozen=True)
class Watch:
    """Functions to call on the way, all of them optional.

    Parameters
    ----------
    on_images
        What is being done (``Counting``), how many images are done and how many there are. Called before the first
        image and after each, and with a share of an image where one takes long.
    on_note
        A sentence for the user, as on an oddity in the data; logged as a warning by default.
    on_failure
        An image that failed, and the line that says why; logged as a warning by default.
    on_row
        An image, and the count that was found in it.
    on_step
        Where a training stands, after every step.
    """

    on_images: Callable[[str, float, int], None] = _nothing
    on_note: Callable[[str], None] = logger.warning
    on_failure: Callable[[str, str], None] = lambda image, line: logger.warning("%s", line)
    on_row: Callable[[str, float], None] = _nothing
    on_step: Callable[[TrainingProgress], None] = _nothing
