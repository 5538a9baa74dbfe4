"""The files of a watched folder that could not be counted, and failures.csv."""

from __future__ import annotations

from pathlib import Path

from cytally.tasks.failures import write_failures


class WatchedFailures:
    """What failed in this sitting and has not been counted since.

    Parameters
    ----------
    out
        The output folder.
    """

    def __init__(self, out: Path) -> None:
        self.lines: dict[str, str] = {}
        """The line of each failure, by the name of the file."""
        self._out = out
        self._states: dict[str, list[float]] = {}

    def write(self) -> None:
        """Write failures.csv, or remove it where nothing failed."""
        if self.lines:
            write_failures(self._out, list(self.lines.items()))
        else:
            (self._out / "failures.csv").unlink(missing_ok=True)

    def add(self, name: str, state: list[float], line: str) -> None:
        """Note a file, its size and time of change when it failed, and the line that says why."""
        self.lines[name], self._states[name] = line, state
        self.write()

    def drop(self, name: str) -> None:
        """Forget a file that is counted now, if it failed before."""
        if self.lines.pop(name, None) is not None:
            del self._states[name]
            self.write()

    def holds(self, name: str, state: list[float]) -> bool:
        """Whether a file failed and has not changed since."""
        return self._states.get(name) == state
