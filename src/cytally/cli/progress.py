"""How far a command has come: a bar in a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from cytally.cli import console

PLAIN_SECONDS = 5.0
"""Where no terminal watches, a line of progress so often instead of a bar."""
TELLING = 0.05
"""Share of the images, or one of them, after which it is told how long the rest takes: a slide is looked at first, and
that says nothing about it."""
STEP = 0.002
"""Progress that is noted, to tell from how fast the last of it went."""


class Bar:
    """Progress of one stage after the other; leaving the context ends it.

    Examples
    --------
    ::

        with Bar() as bar:
            bar.images("Reading images", 3, 10)
            bar.share("Training, epoch 2", 0.25)
    """

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._stage = ""
        self._last = 0.0
        self._seen: list[tuple[float, float]] = []  # when which share was done
        if console.err.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"))
            left = TextColumn("{task.fields[left]}")
            self._progress = Progress(*columns, TimeElapsedColumn(), left, console=console.err)

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def images(self, stage: str, done: float, total: int) -> None:
        """Show that `done` of `total` images went through a stage, as ``Counting``."""
        share, one = (done / total, 1 / total) if total else (1.0, 1.0)
        self._show(stage, stage, share, f"{int(done)} of {total}", telling=min(TELLING, one))

    def announced(self, doing: str) -> Callable[[str, float, int], None]:
        """`images`, with a first line on how many images there are: ``Counting the cells in 3 images``."""
        announced = False

        def images(stage: str, done: float, total: int) -> None:
            nonlocal announced
            if not announced:
                announced = True
                earlier = f", {done:.0f} of them done already" if done else ""
                console.err.print(f"{doing} {number_of_images(total)}{earlier}")
            self.images(stage, done, total)

        return images

    def share(self, text: str, done: float) -> None:
        """Show a stage whose `text` may change, and of which the share `done` is behind."""
        self._show("", text, done, f"{done:.0%}")

    def _show(self, stage: str, text: str, share: float, done: str, telling: float = 0.0) -> None:
        now = time.monotonic()
        begins = stage != self._stage or not self._seen
        if begins:
            self._stage, self._last, self._seen = stage, now, [(now, share)]
        elif share == self._seen[-1][1]:  # so far nothing was done
            self._seen[-1] = (now, share)
        elif share - self._seen[-1][1] >= STEP:
            self._seen.append((now, share))
        if self._progress is not None:
            left = self._left(now, share, telling)
            if begins or self._task is None:
                self._task = self._progress.add_task(text, total=1.0, done=done, left=left)
            self._progress.update(self._task, completed=share, description=text, done=done, left=left)
        elif now - self._last >= PLAIN_SECONDS:
            self._last = now
            left = self._left(now, share, telling)
            console.err.print(f"{text}: {done}" + (f", {left}" if left else ""))

    def _left(self, now: float, share: float, telling: float) -> str:
        """How long the rest will take, in words, if it goes on as the second half of what was done: a slide's first
        steps are slow, and a resumed run does not begin at 0. Empty where that cannot be told."""
        first = self._seen[0][1]
        if share - first < max(telling, 1e-9):
            return ""
        since, before = [each for each in self._seen if each[1] <= (first + share) / 2][-1]
        left = (now - since) * (1 - share) / (share - before)
        return f"about {_words(left)} left" if left >= 1 else ""


def number_of_images(number: int) -> str:
    """A number of images in words: ``1 image``, ``2 images``."""
    return f"{number} image{'s' * (number != 1)}"


def _words(seconds: float) -> str:
    """A length of time in words.

    Examples
    --------
    >>> _words(12.3), _words(150), _words(7300)
    ('12 s', '2.5 min', '2.0 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
