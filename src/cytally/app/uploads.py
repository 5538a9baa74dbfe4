"""Files that are sent: streamed to the disk, looked into, and taken in whole or not at all."""

from __future__ import annotations

import logging
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from cytally.app.records import new_id
from cytally.app.refusal import Refusal

logger = logging.getLogger(__name__)
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # who sends a broken upload is told by the answer

FIELD = b"files"
MOST_FILES = 10_000
LONGEST_HEADER = 16_384
MOST_LIMITS = 25
"""How many files of the largest size one request may hold."""
RESERVE = 500_000_000
"""Bytes of the disk that stay free for the database and results."""
LOOK_EVERY = 64 * 2**20
"""Bytes between two looks at how much of the disk is free."""


@dataclass
class Sent:
    """A file that was sent: its name as the browser tells it, where it lies now, and whether it was too large."""

    name: str
    path: Path
    size: int = 0
    too_large: bool = False


@dataclass
class Receiver:
    """Takes a multipart body apart as it comes; no file is ever held in memory.

    Parameters
    ----------
    folder
        Where files are put.
    limit
        Bytes of the largest file that is kept.
    """

    folder: Path
    limit: int
    sent: list[Sent] = field(default_factory=list)
    _received: int = 0
    _look_at: int = 0
    _file: BinaryIO | None = None
    _name: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _ended: bool = False

    async def receive(self, content_type: str, chunks: AsyncIterator[bytes], length: int = 0) -> list[Sent]:
        """All files of a request, of which `length` bytes are announced.

        Raises
        ------
        Refusal
            400 when it is no such body, or ends before its end, 413 when it holds too much in all or the disk is too
            full for it; nothing is left on the disk then.
        """
        self._check_room(length)
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise Refusal(400, "this is no upload", "send files as multipart/form-data in the field 'files'")
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._add(self._name, data[start:end]),
                "on_header_value": lambda data, start, end: self._add(self._value, data[start:end]),
                "on_header_end": self._header,
                "on_headers_finished": self._open,
                "on_part_data": self._write,
                "on_part_end": self._close,
                "on_end": self._end,
            },
        )
        try:
            async for chunk in chunks:
                self._received += len(chunk)
                if self._received >= self._look_at:
                    self._look_at = self._received + LOOK_EVERY
                    self._check_room()
                parser.write(chunk)
            parser.finalize()
            if not self._ended:
                raise Refusal(400, "the upload was cut off", "send the files again")
        except MultipartParseError as error:
            self.forget()
            raise Refusal(400, "the upload is broken", "send the files again") from error
        except OSError as error:
            self.forget()
            raise Refusal(413, f"the upload cannot be kept ({error.strerror})", "make room on the disk") from error
        except BaseException:  # among them a client that went away
            self.forget()
            raise
        return self.sent

    def _check_room(self, coming: int = 0) -> None:
        most = MOST_LIMITS * self.limit
        if max(coming, self._received) > most:
            raise Refusal(413, f"more than {most / 1e6:,.0f} MB were sent at once", "send fewer, or link their folder")
        if shutil.disk_usage(self.folder).free < min(coming, most) + RESERVE:
            raise Refusal(
                413, "the disk of the workspace is too full", "make room, or link the files from their folder"
            )

    def forget(self) -> None:
        """Remove what was put on the disk."""
        self._close()
        for each in self.sent:
            each.path.unlink(missing_ok=True)

    def _begin(self) -> None:
        self._headers = {}

    def _add(self, text: bytearray, data: bytes) -> None:
        text += data
        if len(text) > LONGEST_HEADER:
            raise Refusal(400, "the upload is broken", "send the files again")

    def _header(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def _open(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if options.get(b"name") != FIELD or b"filename" not in options:
            raise Refusal(400, "an upload holds something else than files", "send files in the field 'files'")
        if len(self.sent) >= MOST_FILES:
            raise Refusal(413, f"more than {MOST_FILES:,} files were sent at once", "send fewer, or link their folder")
        name = options[b"filename"].decode("utf-8", "replace")
        self.sent.append(Sent(name, self.folder / new_id()))
        self._file = self.sent[-1].path.open("xb")

    def _write(self, data: bytes, start: int, end: int) -> None:
        sent = self.sent[-1]
        sent.size += end - start
        if sent.size > self.limit and not sent.too_large:
            sent.too_large = True
            self._close()
            sent.path.unlink()
        if self._file is not None:
            self._file.write(data[start:end])

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _end(self) -> None:
        self._ended = True
