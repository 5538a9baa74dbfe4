"""MP4 by ffmpeg, which the package imageio-ffmpeg brings along: H.264 as every browser plays it."""

from __future__ import annotations

import logging
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LOG = logging.getLogger(__name__)

CODEC = "libx264"
QUALITY = 20
"""Constant rate factor of x264: at 20 grain and thin lines stay, at about 1 MB for a minute of cells."""
WITHOUT_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


@cache
def ffmpeg() -> str | None:
    """The ffmpeg that encodes H.264, or None, which is logged once."""
    try:
        import imageio_ffmpeg

        found: str = imageio_ffmpeg.get_ffmpeg_exe()
        asked = [found, "-hide_banner", "-h", f"encoder={CODEC}"]
        answer = subprocess.run(asked, capture_output=True, check=False, creationflags=WITHOUT_WINDOW, timeout=30)
        if f"Encoder {CODEC}".encode() in answer.stdout:
            return found
    except (ImportError, RuntimeError, OSError, subprocess.SubprocessError):
        pass
    LOG.info("videos are written as GIF, which is larger: MP4 needs 'pip install imageio-ffmpeg'")
    return None


class H264Video:
    """A video that ffmpeg writes frame by frame.

    Parameters
    ----------
    path
        Where to write.
    height, width
        Of the frames, even.
    rate
        Frames per second.
    executable
        Path of ffmpeg.
    """

    def __init__(self, path: Path, height: int, width: int, rate: float, executable: str) -> None:
        self.path = path
        self._process = subprocess.Popen(
            [
                *(executable, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
                *("-s", f"{width}x{height}", "-r", f"{rate:g}", "-i", "-", "-an"),
                *("-vcodec", CODEC, "-preset", "veryfast", "-crf", str(QUALITY), "-pix_fmt", "yuv420p"),
                # The index comes first, so that browsers begin to play before they have it all.
                *("-movflags", "+faststart", "-f", "mp4", str(path)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=WITHOUT_WINDOW,
        )

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Append a frame (Y, X, 3); raises OSError when ffmpeg has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(np.ascontiguousarray(picture).data)

    def close(self) -> None:
        """Finish the file; raises OSError when ffmpeg could not."""
        self._process.communicate()
        if self._process.returncode != 0:
            raise OSError(f"ffmpeg ended with status {self._process.returncode}")

    def abort(self) -> None:
        """Stop at once; what was written is of no use."""
        self._process.kill()
        self._process.communicate()
