"""Videos of time-lapses: MP4 where there is an encoder, else GIF, written frame by frame."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from cytally.errors import OutputError
from cytally.files import whole_file
from cytally.report.lettering import GROUND
from cytally.report.timelapse_frame import LONGEST_SIDE, STRIP
from cytally.report.video_gif import GifVideo
from cytally.report.video_h264 import H264Video, ffmpeg

FRAMES_PER_SECOND, SLOWEST = 10.0, 2.0
SHORTEST, LONGEST = 6.0, 60.0
"""Seconds towards which short time-lapses are slowed down, and that long ones last at most."""
GIF_SIDE = 640
"""Longer side of a GIF, which packs less well."""


class Encoder(Protocol):
    """What writes frames of one size into a file."""

    def add(self, picture: NDArray[np.uint8]) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


class VideoWriter:
    """Writes a video; only one frame at a time is in memory.

    What is there under the video's name is always whole: it is written under another one, and moved at the end. Where
    the block is left by an error, or no frame was added, nothing is written.

    Parameters
    ----------
    path
        Where to write. Its ending is replaced by what is written: ``.mp4``, or ``.gif`` where there is no encoder.
    rate
        Frames per second (`frames_per_second`).

    Attributes
    ----------
    path
        The file as it is called in the end.

    Raises
    ------
    cytally.errors.OutputError
        By `add` and at the end of the block, when the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, VideoWriter(Path(folder) / "cells.mp4") as video:
    ...     video.add(np.zeros((30, 51, 3), np.uint8))
    """

    def __init__(self, path: Path, *, rate: float = FRAMES_PER_SECOND) -> None:
        self._ffmpeg = ffmpeg()
        self.path = path.with_name(path.name.removesuffix(path.suffix) + (".gif" if self._ffmpeg is None else ".mp4"))
        self._rate = rate
        self._files = ExitStack()
        self._encoder: Encoder | None = None
        self._size = (0, 0)

    def __enter__(self) -> VideoWriter:
        return self

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Append a frame.

        Parameters
        ----------
        picture
            (Y, X, 3) colours. The first one sets the video's size; others are fitted into it.
        """
        with self._told():
            if self._encoder is None:
                self._size = self._size_for(*picture.shape[:2])
                self._encoder = self._begin(self._files.enter_context(whole_file(self.path)))
            self._encoder.add(fitted(picture, self._size))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            if self._encoder is not None:
                self._encoder.abort()
            self._files.__exit__(kind, error, trace)
            return
        with self._told(), self._files:
            if self._encoder is not None:
                self._encoder.close()

    def _begin(self, path: Path) -> Encoder:
        if self._ffmpeg is None:
            return GifVideo(path, *self._size, self._rate)
        return H264Video(path, *self._size, self._rate, self._ffmpeg)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                "the video cannot be written", file=self.path, cure="make room on the disk, then run again"
            ) from error

    def _size_for(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the video: even, as H.264 has it."""
        most = GIF_SIDE if self._ffmpeg is None else LONGEST_SIDE + STRIP
        factor = min(1.0, most / max(height, width))
        return tuple(2 * max(1, int(np.ceil(side * factor / 2))) for side in (height, width))  # type: ignore[return-value]


def fitted(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture (Y, X, 3), shrunk where it is too large, in the middle of a ground of this height and width.

    Examples
    --------
    >>> fitted(np.full((1, 2, 3), 255, np.uint8), (2, 2))[..., 0].tolist()
    [[255, 255], [28, 28]]
    """
    height, width = picture.shape[:2]
    factor = min(1.0, size[0] / height, size[1] / width)
    if factor < 1:
        within = (max(1, int(width * factor)), max(1, int(height * factor)))
        picture = np.asarray(Pillow.fromarray(picture).resize(within, Pillow.Resampling.BOX))
        height, width = picture.shape[:2]
    if (height, width) == size:
        return picture
    sheet = np.full((*size, 3), GROUND, np.uint8)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    sheet[top : top + height, left : left + width] = picture
    return sheet


def frames_to_show(frames: int) -> range:
    """Which of so many frames a video shows: all of them, or every second, third, ... where it would last too long.

    Examples
    --------
    >>> frames_to_show(600), frames_to_show(1000)
    (range(0, 600), range(0, 1000, 2))
    """
    return range(0, frames, max(1, -(-frames // round(LONGEST * FRAMES_PER_SECOND))))


def frames_per_second(frames: int) -> float:
    """How fast a video of so many frames plays.

    Examples
    --------
    >>> frames_per_second(3), frames_per_second(21), frames_per_second(500)
    (2.0, 3.5, 10.0)
    """
    return float(np.clip(round(frames / SHORTEST, 1), SLOWEST, FRAMES_PER_SECOND))
