"""The command line as a whole: help, versions, wrong calls, and how soon it says something."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import Result

import cytally


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["count"], "Missing argument"),
        (["count", "x"], "Missing option '-o'"),
        (["count", "x", "-o", "y", "--nope"], "--nope"),
        (["count", "x", "-o", "y", "--device", "tpu"], "'auto', 'cpu', 'cuda', 'mps'"),
        (["count", "x", "-o", "y", "--pixel-size", "wide"], "--pixel-size"),
        (["train", "x.yaml", "-o", "y"], "--data"),
        (["train", "x.yaml", "-o", "y", "--minutes", "soon"], "--minutes"),
        (["evaluate", "-o", "y"], "--model"),
        (["models", "show"], "Missing argument"),
        (["models", "nonsense"], "nonsense"),
        (["nonsense"], "nonsense"),
    ],
)
def test_a_wrong_call_is_one_line(words: list[str], says: str, call: object) -> None:
    result: Result = call(*words)  # type: ignore[operator]
    assert result.exit_code == 2 and result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert says in line and len(result.stderr.splitlines()) <= 2


def test_help_and_version(call: object) -> None:
    assert call("--version").stdout == f"cytally {cytally.__version__}\n"  # type: ignore[operator]
    text = call("--help").stdout  # type: ignore[operator]
    commands = {line.split()[0] for line in text.partition("Commands:")[2].splitlines() if line.strip()}
    assert {"count", "train", "evaluate", "models", "doctor", "demo"} <= commands
    alone = call()  # type: ignore[operator]
    assert alone.exit_code == 2 and "Usage" in alone.output
    assert call("count", "--help").exit_code == 0  # type: ignore[operator]


def test_nothing_slow_is_loaded_before_the_first_line() -> None:
    """The first line is due within 4 s on a slow machine; torch alone can take longer."""
    slow = ["torch", "pandas", "matplotlib", "skimage", "scipy", "tifffile", "zarr", "numpy"]
    code = f"import cytally.cli.main, sys; print([name for name in {slow} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
