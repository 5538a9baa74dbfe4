"""Animated GIF, frame by frame: Pillow would hold all of them until the end."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

HEADER = 13
"""Bytes before the table of colours: signature, size, and what the table is like."""
COLOURS = 256
LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
END = b"\x3b"


class GifVideo:
    """A GIF that is written frame by frame, and plays again and again.

    Parameters
    ----------
    path
        Where to write.
    height, width
        Of the frames.
    rate
        Frames per second; GIF knows hundredths of a second.
    """

    def __init__(self, path: Path, height: int, width: int, rate: float) -> None:
        self.path = path
        self._delay = max(2, round(100 / rate))
        self._file = path.open("wb")
        self._file.write(b"GIF89a" + struct.pack("<HHBBB", width, height, 0x70, 0, 0) + LOOP)

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Append a frame (Y, X, 3)."""
        reduced = Pillow.fromarray(picture).quantize(COLOURS, Pillow.Quantize.FASTOCTREE, dither=Pillow.Dither.NONE)
        buffer = io.BytesIO()
        reduced.save(buffer, format="gif", interlace=False)
        table, image = _parts(buffer.getvalue())
        self._file.write(struct.pack("<BBBBHBB", 0x21, 0xF9, 4, 0, self._delay, 0, 0))
        # Size and place of the frame, then that its own table of colours follows, of 2^(bits + 1) entries.
        bits = (len(table) // 3).bit_length() - 2
        self._file.write(image[:9] + struct.pack("<B", 0x80 | bits) + table + image[10:])

    def close(self) -> None:
        """Finish the file."""
        self._file.write(END)
        self._file.close()

    def abort(self) -> None:
        """Stop at once; what was written is of no use."""
        self._file.close()


def _parts(gif: bytes) -> tuple[bytes, bytes]:
    """The table of colours of a GIF of one frame, and its image from the descriptor up to the last of its data."""
    size = 3 * 2 ** ((gif[10] & 7) + 1)
    table, at = gif[HEADER : HEADER + size], HEADER + size
    while gif[at] == 0x21:  # an extension: a label, then blocks that each tell their length, up to an empty one
        at += 2
        while gif[at]:
            at += 1 + gif[at]
        at += 1
    return table, gif[at : len(gif) - len(END)]
