"""What a worker process runs: it takes items from its standard input, and answers on its standard output.

Started as a script, so that it needs nothing but the standard library until it is told where modules lie. A frame is
its length in eight bytes, then a pickle: first the folders to import from, then functions and items, as they come.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import struct
import sys
import threading
import traceback
from functools import partial
from logging.handlers import QueueHandler
from typing import IO, Any

LENGTH = struct.Struct("<Q")
PATH, FUNCTION, ITEM = "path", "function", "item"
RESULT, ERROR, LOG = "result", "error", "log"


def write_frame(stream: IO[bytes], pickled: bytes) -> None:
    """Send one pickle."""
    stream.write(LENGTH.pack(len(pickled)) + pickled)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """The next pickle; None where the other side is gone, be it in the middle of one."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    pickled = stream.read(length)
    return pickled if len(pickled) == length else None


class Worker:
    """The worker's side of the two pipes."""

    def __init__(self, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self._stdin, self._stdout = stdin, stdout
        self._sending = threading.Lock()
        self._frames: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def work(self) -> None:
        """Answer frames, one after the other, until the parent is gone."""
        threading.Thread(target=self._listen, daemon=True).start()
        pickled, function = b"", None
        while True:
            kind, content = pickle.loads(self._frames.get())
            try:
                if kind == PATH:
                    sys.path[:], level = content
                    self._log_to_parent(level)
                elif kind == FUNCTION:
                    pickled, function = content, None
                else:
                    function = function or pickle.loads(pickled)  # an error belongs to the item
                    self.send(RESULT, function(pickle.loads(content)))
            except Exception as error:  # noqa: BLE001 - the parent is told
                self.send(ERROR, _portable(error))

    def send(self, kind: str, content: Any) -> None:
        """Send what came of an item, or a log record."""
        pickled = pickle.dumps((kind, content))
        with self._sending:
            write_frame(self._stdout, pickled)

    def _listen(self) -> None:
        """Take frames from the pipe while the function runs. A parent that is gone needs no more work done."""
        while (frame := read_frame(self._stdin)) is not None:
            self._frames.put(frame)
        os._exit(0)

    def _log_to_parent(self, level: int) -> None:
        """Leave what is logged, and Python's warnings, to the parent's handlers."""
        handler = QueueHandler(queue.SimpleQueue())
        handler.enqueue = partial(self.send, LOG)  # type: ignore[method-assign]
        logging.captureWarnings(True)
        logging.basicConfig(level=level, format="%(message)s", handlers=[handler], force=True)


def _portable(error: Exception) -> Exception:
    """The error as it can be sent, with a note of where it arose."""
    error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - whatever its class does on pickling
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


if __name__ == "__main__":
    stdout = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints shall not end up between the frames
    Worker(sys.stdin.buffer, stdout).work()
