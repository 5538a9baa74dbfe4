"""Kill and Ctrl-C in a process of its own, while it works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from typer.testing import Result

from cytally.models.store import load

Call = Callable[..., Result]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
PATIENCE = 120.0
"""Seconds that a process may take to begin, on a machine that does other things too."""


def start(*words: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    command = [sys.executable, "-m", "cytally", *map(str, words)]
    # A background job has Ctrl-C ignored, and its children would inherit that.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, env=environment, preexec_fn=heed, **pipes)


def stop(process: subprocess.Popen[str], number: signal.Signals, ready: Callable[[], bool]) -> tuple[int, str]:
    """Send the signal once `ready`; return the exit status and what was said."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never got ready"
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=PATIENCE)
    return process.returncode, said


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_count_that_is_stopped_goes_on(
    number: signal.Signals, status: int, model_folder: Path, call: Call, tmp_path: Path
) -> None:
    images, out = tmp_path / "images", tmp_path / "out"
    images.mkdir()
    for seed in range(40):
        pixels = np.random.default_rng(seed).integers(0, 200, (32, 32), dtype=np.uint8)
        (images / f"{seed}.png").write_bytes(imagecodecs.png_encode(pixels))
    words = ("count", images, "--model", model_folder, "--backend", "torch", "-o")
    process = start(*words, out)
    code, said = stop(process, number, lambda: lines(out / "counts.csv") > 3)
    assert code == status and "Traceback" not in said
    counted = lines(out / "counts.csv") - 1
    assert 3 <= counted < 40
    resumed = call(*words, out, "--resume")
    assert resumed.exit_code == 0 and "of them done already" in resumed.stderr
    assert call(*words, tmp_path / "whole").exit_code == 0
    assert (out / "counts.csv").read_bytes() == (tmp_path / "whole" / "counts.csv").read_bytes()
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in (tmp_path / "whole").iterdir())


def test_a_training_that_is_stopped_leaves_a_model_and_goes_on(
    data: Path, config: Path, call: Call, tmp_path: Path
) -> None:
    out = tmp_path / "model"
    words = ("train", config, "--data", data, "-o", out, "--set")
    process = start(*words, "training.epochs=1000000")
    code, said = stop(process, signal.SIGINT, lambda: (out / "model.json").exists())
    assert code == 130 and said.splitlines()[-1].startswith("stopped; ") and "Traceback" not in said
    assert load(out).card.validation["n"] == 1
    resumed = call(*words, "training.epochs=1", "--resume")
    assert resumed.exit_code == 0, resumed.output
