"""Functions that workers can import, and that do all that a worker may do."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

FUNCTIONS = '''
import logging, os, signal, sys, threading, time
from pathlib import Path

def square(number):
    return number * number

def about(number):
    """Which process it is, and what it was told of threads."""
    time.sleep(0.05)
    return os.getpid(), os.environ["OMP_NUM_THREADS"]

def mishap(item):
    kind, place = item
    (Path(place) / "tries").open("a").write(kind + chr(10))
    if kind == "raises":
        raise ValueError("odd")
    if kind == "exits":
        os._exit(3)
    if kind == "is killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "is killed once" and not (Path(place) / "killed").exists():
        (Path(place) / "killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "returns a function":
        return lambda: None
    if kind == "raises what cannot be sent":
        error = ValueError("odd")
        error.held = lambda: None
        raise error
    if kind == "prints":
        print("hello", flush=True)
        os.write(1, b"hello")
    if kind == "logs":
        logging.getLogger("mishaps").warning("%s was here", kind)
    return kind

class Heavy:
    """A function that tells how often it was packed, and how often unpacked, in this process."""
    packed, unpacked = [], []

    def __getstate__(self):
        Heavy.packed.append(1)
        return {"mask": bytes(2_000_000)}

    def __setstate__(self, state):
        Heavy.unpacked.append(1)

    def __call__(self, number):
        time.sleep(0.01)
        return threading.get_ident()

def sleep(item):
    """Note the process, and sleep: an item is a folder and seconds."""
    place, seconds = item
    (Path(place) / str(os.getpid())).touch()
    time.sleep(seconds)
    return seconds
'''


@pytest.fixture
def functions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that this process and its workers import."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "mishaps_of_workers.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(tmp_path / "modules")
    paths = [str(tmp_path / "modules"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.delitem(sys.modules, "mishaps_of_workers", raising=False)
    return importlib.import_module("mishaps_of_workers")
